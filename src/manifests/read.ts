// SPDX-License-Identifier: Apache-2.0
/**
 * The text of one file → its objects and problems. Works in steps, so that a large file does not hold up the loop, and
 * keeps what it found in each YAML document by the document's hash, so that a changed file costs its changed documents.
 */
import { hash } from 'node:crypto'
import type { ObjectRef, Problem } from '../lib/problem.ts'
import { Allowance } from './allowance.ts'
import type { Flaw } from './codes.ts'
import { type Complaint, type Find, type InspectOptions, inspect } from './inspect.ts'
import { readJson } from './json.ts'
import { Locator, parseField } from './locate.ts'
import type { Path } from './structural.ts'
import { Lines } from './text.ts'
import { readYaml, type YamlValue } from './yaml.ts'

/** Where an object stands: in the characters `start` to `end`, in the `document`th document there, at `path` of that. */
export type Place = Readonly<{ start: number; end: number; document: number; path: Path }>

export type Entry = Omit<Find, 'path'> & Readonly<{ place: Place }>

/** What one stretch of text holds, wherever it stands; offsets are relative to it. */
type Stretch = Readonly<{
  finds: readonly (Find & { document: number })[]
  problems: readonly Readonly<{ problem: Problem; offset: number }>[]
  broken: boolean
  foreign: readonly string[]
  /** What reading it took of the file's allowance. */
  tokens: number
}>

/**
 * `broken`: the file is not wholly readable. `known` is for the next reading of the same file.
 * `foreign`: `apps/v1 Deployment` for each object of a kind that `reads` does not want.
 */
export type Reading = Readonly<{
  entries: readonly Entry[]
  problems: readonly Problem[]
  broken: boolean
  known: ReadonlyMap<string, Stretch>
  foreign: readonly string[]
}>

/**
 * `file` is named in problems; `known` is what the last reading of this file found; `allowance` is what this file may
 * take together with others, where it is not alone.
 */
export type ReadOptions = InspectOptions &
  Readonly<{ file: string; known?: ReadonlyMap<string, Stretch>; allowance?: Allowance }>

type Draft = {
  entries: Entry[]
  problems: Problem[]
  broken: boolean
  known: Map<string, Stretch>
  foreign: string[]
  lines: Lines
}

/** Yields wherever it may be interrupted. */
export function* readManifest(text: string, options: ReadOptions): Generator<void, Reading> {
  const draft = emptyDraft(text)
  // kubectl too takes a file that starts with a brace for JSON first. What is not JSON may still be YAML's flow style.
  const json = /^\s*\{/.test(text) ? readJson(text) : null
  if (json?.ok) yield* takeJson(text, json, { draft, options })
  else if (json && options.file.endsWith('.json')) takeFlaw(json.flaw, draft, options.file)
  else yield* takeYaml(text, { draft, options })
  return draft
}

/** A Reading of a file that could not be decoded. */
export function unreadableText(text: string, flaw: Flaw, file: string): Reading {
  const draft = emptyDraft(text)
  takeFlaw(flaw, draft, file)
  return draft
}

function emptyDraft(text: string): Draft {
  return { entries: [], problems: [], broken: false, known: new Map(), foreign: [], lines: new Lines(text) }
}

type Work = Readonly<{ draft: Draft; options: ReadOptions }>

function* takeYaml(text: string, { draft, options }: Work): Generator<void> {
  const allowance = options.allowance ?? new Allowance(0)
  allowance.grow(text.length)
  for (const { start, end } of splitDocuments(text)) {
    const chunk = text.slice(start, end)
    const key = hash('sha256', chunk, 'base64')
    const known = options.known?.get(key)
    const isAllowed = !known || allowance.spend(known.tokens)
    const stretch = (isAllowed && known) || readStretch(chunk, options, allowance)
    take(stretch, { start, end }, { draft, options })
    // What more there is would be refused as well.
    if (allowance.isSpent) return
    draft.known.set(key, stretch)
    yield
  }
}

/** Each item of a list is taken as a stretch of its own: that keeps locating it cheap. */
function* takeJson(
  text: string,
  json: Extract<ReturnType<typeof readJson>, { ok: true }>,
  work: Work,
): Generator<void> {
  const { value, items, flaws } = json
  const list = typeof value === 'object' && value !== null && 'items' in value ? value.items : null
  const alone = !Array.isArray(list) || list.length !== items.length || !isPlainList(value)
  const pieces = alone
    ? [{ value, start: 0, end: text.length }]
    : items.map((span, i) => ({ ...span, value: list[i] as unknown }))
  for (const { value: piece, start, end } of pieces) {
    const locator = new Locator(text.slice(start, end))
    const inspected = inspectAll([{ value: piece, document: 0 }], work.options)
    const own = flaws.filter(({ offset }) => offset >= start && offset < end)
    const here = own.map((flaw) => ({ ...flaw, offset: flaw.offset - start }))
    take(stretchOf(inspected, here, locator), { start, end }, work)
    yield
  }
  const between = flaws.filter(({ offset }) => !pieces.some(({ start, end }) => offset >= start && offset < end))
  const nothing = { finds: [], complaints: [], broken: false, foreign: [] }
  take(stretchOf(nothing, between, new Locator('')), { start: 0, end: text.length }, work)
}

/** ServiceList and the like give their items a kind, so they are inspected as a whole. */
function isPlainList(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'List'
}

function readStretch(chunk: string, options: InspectOptions, allowance: Allowance): Stretch {
  const { values, flaws, documents, tokens } = readYaml(chunk, allowance)
  return { ...stretchOf(inspectAll(values, options), flaws, new Locator(chunk, documents)), tokens }
}

type Inspected = {
  finds: Stretch['finds'][number][]
  complaints: (Complaint & { document: number })[]
  broken: boolean
  foreign: string[]
}

function inspectAll(values: readonly YamlValue[], options: InspectOptions): Inspected {
  const all: Inspected = { finds: [], complaints: [], broken: false, foreign: [] }
  for (const { value, document } of values) {
    const { finds, complaints, broken, foreign } = inspect(value, options)
    for (const find of finds) all.finds.push({ ...find, document })
    for (const complaint of complaints) all.complaints.push({ ...complaint, document })
    all.broken ||= broken
    all.foreign.push(...foreign)
  }
  return all
}

function stretchOf(inspected: Inspected, flaws: readonly Flaw[], locator: Locator): Omit<Stretch, 'tokens'> {
  const { finds, complaints, broken, foreign } = inspected
  return {
    finds,
    foreign,
    problems: [
      ...flaws.map((flaw) => ({ problem: problemOf(flaw, finds[0]?.ref), offset: flaw.offset })),
      ...complaints.map(({ problem, path, document }) => {
        return { problem, offset: locator.find(document, [...path, ...parseField(problem.field)]) }
      }),
    ],
    broken: broken || flaws.some(({ severity }) => severity === 'error'),
  }
}

const NOBODY: ObjectRef = { kind: '', namespace: '', name: '' }

function problemOf({ severity, code, message }: Flaw, object: ObjectRef = NOBODY): Problem {
  return { severity, object, field: '', code, message, transient: false }
}

function take(
  stretch: Omit<Stretch, 'tokens'>,
  { start, end }: { start: number; end: number },
  { draft, options }: Work,
): void {
  for (const { key, ref, object, path, document } of stretch.finds)
    draft.entries.push({ key, ref, object, place: { start, end, document, path } })
  for (const { problem, offset } of stretch.problems)
    draft.problems.push({ ...problem, file: options.file, ...draft.lines.at(start + offset) })
  draft.foreign.push(...stretch.foreign)
  draft.broken ||= stretch.broken
}

function takeFlaw(flaw: Flaw, draft: Draft, file: string): void {
  draft.problems.push({ ...problemOf(flaw), file, ...draft.lines.at(flaw.offset) })
  draft.broken = true
}

/** Documents end at lines of `---` (with nothing but a comment after it); directives belong to what follows them. */
function* splitDocuments(text: string): Generator<{ start: number; end: number }> {
  let start = 0
  for (const { index, 0: line } of text.matchAll(/^---[ \t]*(?:#.*)?(?:\r?\n|$)/gm)) {
    if (hasDirective(text, start)) continue
    if (index > start) yield { start, end: index }
    start = index + line.length
  }
  yield { start, end: text.length }
}

/** Whether the first line from `start` that says anything is a directive (`%YAML 1.2`). */
function hasDirective(text: string, start: number): boolean {
  for (let at = start; at < text.length; ) {
    const newline = text.indexOf('\n', at)
    const end = newline < 0 ? text.length : newline
    const line = text.slice(at, end).trim()
    if (line !== '' && !line.startsWith('#')) return line.startsWith('%')
    at = end + 1
  }
  return false
}
