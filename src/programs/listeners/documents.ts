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

export function documentPath(name: DocumentName): string {
  return `${ROOT}${name}`
}

export function documentAnswer(documents: Documents, name: DocumentName): Answer {
  return { status: 200, type: 'application/json', pieces: jsonPieces(documents[name]()) }
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
