// SPDX-License-Identifier: Apache-2.0
/** What a running program tells about itself, as JSON under /api/v1/. Reading changes nothing. */
import type { Answer } from './answer.ts'

export const DOCUMENTS = ['state', 'plan', 'peers', 'members', 'history'] as const
export type DocumentName = (typeof DOCUMENTS)[number]

/**
 * One function per document, called when somebody asks. A field of the object may be a generator: it becomes a list
 * that is sent item by item, so that 10,000 Services are never in memory as text.
 */
export type Documents = Readonly<Record<DocumentName, () => Readonly<Record<string, unknown>>>>

const ROOT = '/api/v1/'

/** The document that a path names; null where there is none. */
export function documentAt(path: string): DocumentName | null {
  return DOCUMENTS.find((name) => path === documentPath(name)) ?? null
}

export function documentPath(name: DocumentName, only: readonly string[] = []): string {
  return `${ROOT}${name}${only.length === 0 ? '' : `?only=${only.join(',')}`}`
}

/** `only` has the names of the fields that are asked for, null for all; what is not asked for is not made. */
export function documentAnswer(documents: Documents, name: DocumentName, only: ReadonlySet<string> | null): Answer {
  const fields = Object.entries(documents[name]()).filter(([field]) => only === null || only.has(field))
  return { status: 200, type: 'application/json', pieces: jsonPieces(Object.fromEntries(fields)) }
}

/** What stands behind `?only=` in the address of a request, by commas; null where it does not. */
export function fieldsAsked(url: string): ReadonlySet<string> | null {
  const only = new URLSearchParams(url.replace(/^[^?]*/s, '')).get('only')
  return only === null ? null : new Set(only.split(','))
}

/** Pieces of one JSON object and a newline; each item of a generator on a line of its own. */
export function* jsonPieces(fields: Readonly<Record<string, unknown>>): Generator<string> {
  let separator = '{'
  for (const [name, value] of Object.entries(fields)) {
    yield `${separator}\n${JSON.stringify(name)}: `
    separator = ','
    if (isGenerator(value)) yield* listPieces(value)
    else yield JSON.stringify(value) ?? 'null'
  }
  yield separator === '{' ? '{}\n' : '\n}\n'
}

function* listPieces(items: Iterable<unknown>): Generator<string> {
  let separator = '['
  for (const item of items) {
    yield `${separator}\n${JSON.stringify(item) ?? 'null'}`
    separator = ','
  }
  yield separator === '[' ? '[]' : '\n]'
}

function isGenerator(value: unknown): value is Generator {
  return typeof value === 'object' && value !== null && 'next' in value && Symbol.iterator in value
}
