// SPDX-License-Identifier: Apache-2.0
/** Objects to ask two validators about: those of our files, and every field of every kind, right and wrong. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { type Path, type Structural, schemaAt } from '../../src/manifests/structural.ts'
import { type CrdVersion, readCrds } from '../../tools/crd.ts'

export type Case = Readonly<{ name: string; object: Readonly<Record<string, unknown>> }>

const ROOT = join(import.meta.dirname, '../..')
const FOLDERS = ['examples', 'lab/manifests', 'test/worlds']
const GROUP = 'metallb.io/'

/** Every object of metallb.io in the files of the project, each once. */
export function fileCases(): Case[] {
  const found = new Map<string, Case>()
  for (const file of FOLDERS.flatMap(manifestFiles)) {
    const documents = parseAllDocuments(readFileSync(join(ROOT, file), 'utf8'), { schema: 'core', uniqueKeys: false })
    for (const object of documents.flatMap((document) =>
      objectsIn(document.errors.length > 0 ? null : document.toJS()),
    )) {
      found.set(JSON.stringify(object), { name: file, object })
    }
  }
  return [...found.values()]
}

function manifestFiles(folder: string): string[] {
  const names = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
  return names.filter((name) => /\.(?:ya?ml|json)$/.test(name)).map((name) => join(folder, name))
}

function objectsIn(value: unknown): Case['object'][] {
  if (Array.isArray(value)) return value.flatMap(objectsIn)
  if (!isRecord(value)) return []
  const own = String(value['apiVersion']).startsWith(GROUP) && isRecord(value['metadata'])
  return own ? [value] : Object.values(value).flatMap(objectsIn)
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** For each version of each kind: an object with every field, and that object with one field in another way. */
export function fieldCases(): Case[] {
  return readCrds(ROOT).flatMap((crd) => {
    const whole = wholeObject(crd)
    const places = [...placesIn(crd.schema, [])].filter(([first]) => first === 'spec' || first === 'status')
    const variants = places.flatMap((path) => variantsAt(crd, whole, path))
    return [{ name: `${crd.kind} ${crd.version}: every field`, object: whole }, ...variants]
  })
}

const DURATIONS =
  '|0|1|1s|0s|-1s|+1s|999ms|1000ms|1001ms|1.5s|.5s|5.s|1e3s|65535s|65536s|18h12m15s|18h12m16s|1h|1m1s|1s1m|1d|1 s|s|4095s|' +
  '4095001ms|4096s|1000000us|1000000µs|1000000μs|1000000000ns|1000000001ns|0.001h|1h0m0.001s|9999999h|soon'

function caseOf(version: string, kind: string, spec: object): Case {
  const metadata = { name: 'subject', namespace: 'metallb-system' }
  return { name: kind, object: { apiVersion: `${GROUP}${version}`, kind, metadata, spec } }
}

function peer(spec: object): Case {
  return caseOf('v1beta2', 'BGPPeer', { myASN: 1, peerASN: 2, peerAddress: '192.0.2.1', ...spec })
}

/** What CEL rules are about: durations as Go reads them, and selectors beside aggregation. */
export function celCases(): Case[] {
  const durations = DURATIONS.split('|').flatMap((time) => [
    peer({ connectTime: time }),
    peer({ gracefulRestart: { enabled: true, restartTime: time } }),
    peer({ gracefulRestart: { enabled: false, restartTime: time } }),
  ])
  const selectors = [undefined, [], [{ matchLabels: { app: 'web' } }]]
  const lengths = [undefined, 1, 31, 32]
  const advertisements = selectors.flatMap((serviceSelectors) =>
    lengths.flatMap((aggregationLength) =>
      [undefined, 64, 127, 128].map((aggregationLengthV6) =>
        caseOf('v1beta1', 'BGPAdvertisement', { serviceSelectors, aggregationLength, aggregationLengthV6 }),
      ),
    ),
  )
  // As a file gives it: what is undefined is not there.
  return [...durations, ...advertisements].map((one) => JSON.parse(JSON.stringify(one)))
}

function wholeObject({ kind, version, schema }: CrdVersion): Case['object'] {
  const { spec, status } = schema.properties ?? {}
  const sections = { ...(spec && { spec: sample(spec) }), ...(status && { status: sample(status) }) }
  const metadata = { name: 'subject', namespace: 'metallb-system' }
  return { apiVersion: `${GROUP}${version}`, kind, metadata, ...sections }
}

/** A value that its schema takes, with all there may be in it. */
function sample(schema: Structural): unknown {
  switch (schema.type) {
    case 'object': {
      const fields = Object.entries(schema.properties ?? {}).map(([name, field]) => [name, sample(field)])
      const entries = schema.additionalProperties ? [['some-key', sample(schema.additionalProperties)]] : []
      return Object.fromEntries([...fields, ...entries])
    }
    case 'array':
      return schema.items ? [sample(schema.items)] : []
    case 'string':
      return schema.enum?.[0] ?? SAMPLES.find((text) => accepts(schema, text)) ?? ''
    case 'integer':
      return schema.minimum ?? 1
    case 'boolean':
      return true
  }
}

const SAMPLES = ['some', '2026-01-02T03:04:05Z', '10s', '192.0.2.1', '64500:1', 'a/b', '']

function accepts({ pattern, format, minLength = 0 }: Structural, text: string): boolean {
  if (format === 'date-time') return text.includes('T')
  return text.length >= minLength && (pattern === undefined || new RegExp(pattern, 'u').test(text))
}

/** Paths of all values in a whole object. */
function* placesIn(schema: Structural, path: Path): Generator<Path> {
  if (path.length > 0) yield path
  for (const [name, field] of Object.entries(schema.properties ?? {})) yield* placesIn(field, [...path, name])
  if (schema.additionalProperties) yield* placesIn(schema.additionalProperties, [...path, 'some-key'])
  if (schema.items) yield* placesIn(schema.items, [...path, 0])
}

function variantsAt({ kind, version, schema }: CrdVersion, whole: Case['object'], path: Path): Case[] {
  const at = schemaAt(schema, path)
  if (!at) return []
  const name = (what: string) => `${kind} ${version} ${path.join('.')}: ${what}`
  const variants = [...VALUES, ...ownValues(at)].map((value) => ({
    name: name(JSON.stringify(value).slice(0, 80)),
    object: changed(whole, path, value),
  }))
  return [...variants, { name: name('absent'), object: changed(whole, path, undefined) }]
}

const SCALARS = [
  null,
  true,
  false,
  'text',
  '',
  '7',
  'ümlaut\u{1F600}',
  7,
  0,
  -1,
  1.5,
  1e21,
  2 ** 31,
  2 ** 53,
  -(2 ** 31) - 1,
]
const SHAPES = [[], ['text'], [7], [null], [[]], [{}], {}, { unknown: 1 }, { unknown: null }, { unknown: {} }]
const VALUES: readonly unknown[] = [...SCALARS, ...SHAPES]

/** Around its bounds, and what is particular to its type. */
function ownValues(schema: Structural): unknown[] {
  const { minimum, maximum, maxLength, minLength } = schema
  const numbers = [minimum, maximum].flatMap((bound) => (bound === undefined ? [] : [bound - 1, bound, bound + 1]))
  const lengths = [minLength, maxLength].flatMap((bound) => (bound === undefined ? [] : [bound, bound + 1]))
  const texts = lengths.flatMap((length) => ['x'.repeat(length), 'ü'.repeat(length)])
  const times = ['2026-01-02T03:04:05Z', '2026-01-02t03:04:05.123456789+01:00', '2026-01-02', '2026-13-02T03:04:05Z']
  const lists = schema.items
    ? [
        [sample(schema.items), sample(schema.items)],
        [sample(schema.items), null],
      ]
    : []
  const strings = schema.type === 'string' ? [...texts, ...times, ...(schema.enum ?? []), ...SAMPLES] : []
  const maps = schema.type === 'object' ? [{ ...Object(sample(schema)), constructor: 'x', 'with space': 1 }] : []
  return [...numbers, ...lists, ...strings, ...maps]
}

function changed(whole: Case['object'], path: Path, value: unknown): Case['object'] {
  const copy: Record<string, unknown> = structuredClone(whole)
  let at: Record<string | number, unknown> = copy
  for (const part of path.slice(0, -1)) at = Object(at[part])
  const last = path.at(-1) ?? ''
  if (value !== undefined) at[last] = value
  else if (Array.isArray(at)) at.pop()
  else delete at[last]
  return copy
}
