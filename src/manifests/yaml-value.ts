// SPDX-License-Identifier: Apache-2.0
/**
 * YAML nodes → plain values, as kubectl turns YAML into JSON: keys become strings, the last of equal keys wins,
 * aliases and `<<` are copied. Copies are counted, so that a few lines of aliases cannot grow without bound.
 */
import { type Alias, isAlias, isMap, isScalar, isSeq, type Scalar, type YAMLMap } from 'yaml'
import type { Flaw } from './codes.ts'
import { MAX_DEPTH, TOO_DEEP } from './depth.ts'
import { duplicateKeys, LISTED, type Repeated } from './duplicate-keys.ts'
import { quoted } from './text.ts'
import { plainValue } from './yaml-scalar.ts'

/** Nodes that the aliases of one document may copy; real manifests with anchors copy some dozens. */
const MAX_COPIED_NODES = 10_000

type Reading = {
  flaws: Flaw[]
  anchors: Map<string, unknown>
  /** Collections whose values are being read: an alias to one of them would never end. */
  open: Set<unknown>
  /** How many aliases deep we are, and how many nodes aliases brought so far. */
  copying: number
  copied: number
  /** Where the outermost of these aliases stands. */
  aliasOffset: number
}

/** The value of a document's contents; what is wrong is added to `flaws`. */
export function toValue(contents: unknown, flaws: Flaw[]): unknown {
  return read(contents, { flaws, anchors: new Map(), open: new Set(), copying: 0, copied: 0, aliasOffset: 0 })
}

function read(node: unknown, reading: Reading): unknown {
  if (reading.copying > 0 && ++reading.copied > MAX_COPIED_NODES) return null
  if (isAlias(node)) return readAlias(node, reading)
  if (isScalar(node)) return readScalar(node, reading)
  if (!isMap(node) && !isSeq(node)) return null
  if (reading.open.size >= MAX_DEPTH) return tooDeep(reading)
  const anchor = anchorOf(node)
  if (anchor !== undefined) reading.anchors.set(anchor, node)
  reading.open.add(node)
  const value = isMap(node) ? readMap(node, reading) : node.items.map((item) => read(item, reading))
  reading.open.delete(node)
  return value
}

/** Only aliases of aliases get here; nesting as written was counted by the parser. */
function tooDeep({ flaws, aliasOffset }: Reading): null {
  flaws.push({ severity: 'error', code: 'tooDeep', message: TOO_DEEP, offset: aliasOffset })
  return null
}

function anchorOf(node: object): string | undefined {
  return 'anchor' in node && typeof node.anchor === 'string' ? node.anchor : undefined
}

function readScalar(node: Scalar, reading: Reading): unknown {
  if (node.anchor !== undefined) reading.anchors.set(node.anchor, node)
  const text = typeof node.value === 'string' ? node.value : ''
  const plain = node.type === 'PLAIN' && (node.tag === undefined || RESOLVED.has(node.tag))
  return plain ? plainValue(text) : text
}

/** Explicit tags that ask for what an untagged plain scalar gets anyway. Under any other tag the text is the value. */
const RESOLVED = new Set(['int', 'float', 'bool', 'null'].map((type) => `tag:yaml.org,2002:${type}`))

function readAlias(alias: Alias, reading: Reading): unknown {
  const offset = alias.range?.[0] ?? 0
  const target = reading.anchors.get(alias.source)
  if (!target || reading.open.has(target)) {
    const name = quoted(alias.source)
    const why = target ? `contains itself through the alias ${name}` : `has no anchor ${name} above this alias`
    reading.flaws.push({ severity: 'error', code: 'notYaml', message: `not valid YAML: the document ${why}`, offset })
    return null
  }
  if (reading.copying === 0) reading.aliasOffset = offset
  const before = reading.copied
  reading.copying++
  const value = read(target, reading)
  reading.copying--
  if (reading.copying === 0 && before <= MAX_COPIED_NODES && reading.copied > MAX_COPIED_NODES) {
    const message = `the aliases of this document copy more than ${MAX_COPIED_NODES} values; write the values out`
    reading.flaws.push({ severity: 'error', code: 'tooManyAliases', message, offset })
  }
  return value
}

function readMap(map: YAMLMap, reading: Reading): Record<string, unknown> {
  const entries = new Map<string, unknown>()
  const merged: unknown[] = []
  const repeated: Repeated[] = []
  for (const { key, value } of map.items) {
    if (isScalar(key) && key.type === 'PLAIN' && key.value === '<<') {
      merged.push(read(value, reading))
      continue
    }
    const name = keyOf(key, reading)
    if (entries.has(name) && reading.copying === 0) repeated.push({ name, offset: offsetOf(key) })
    entries.set(name, read(value, reading))
  }
  if (repeated.length > 0) reading.flaws.push(...duplicateKeys(repeated.slice(0, LISTED), reading.open.size === 1))
  for (const source of merged.flat()) {
    if (typeof source !== 'object' || source === null) continue
    for (const [name, value] of Object.entries(source)) if (!entries.has(name)) entries.set(name, value)
  }
  // fromEntries defines own properties, so a key named __proto__ is a key like any other.
  return Object.fromEntries(entries)
}

function keyOf(key: unknown, reading: Reading): string {
  const value = read(key, reading)
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return String(value)
  const offset = offsetOf(key)
  reading.flaws.push({ severity: 'error', code: 'notYaml', message: 'not valid as JSON: this key is no text', offset })
  return ''
}

function offsetOf(node: unknown): number {
  return typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range)
    ? Number(node.range[0])
    : 0
}
