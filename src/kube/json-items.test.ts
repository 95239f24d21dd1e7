// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { Fault } from '../lib/fault.ts'
import { LineScanner, ListScanner, MAX_OBJECT_BYTES, parseItem } from './json-items.ts'

type Reading = Readonly<{ items: unknown[]; resourceVersion: string; continueToken: string }>

/** Reads a text in pieces that end at these places. */
function readList(text: string | Buffer, cuts: readonly number[]): Reading {
  const scanner = new ListScanner()
  const items = pieces(Buffer.from(text), cuts).flatMap((piece) => scanner.feed(piece).map(parseItem))
  return { items, ...scanner.end() }
}

function pieces(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [0, ...cuts.toSorted((a, b) => a - b), bytes.length]
  return places.slice(1).map((end, index) => Buffer.from(bytes.subarray(places[index], end)))
}

const ITEMS = [{ metadata: { name: 'a' } }, { metadata: { name: 'ä€👍"\\\n' } }]
const META = { resourceVersion: '7', continue: 'next' }
const READ: Reading = { items: ITEMS, resourceVersion: '7', continueToken: 'next' }
const bare = (items: unknown[]): Reading => ({ items, resourceVersion: '', continueToken: '' })

const GOOD: [string, string, Reading][] = [
  ['metadata first', JSON.stringify({ kind: 'ServiceList', metadata: META, items: ITEMS }), READ],
  ['metadata last', JSON.stringify({ items: ITEMS, kind: 'ServiceList', metadata: META }), READ],
  ['written over lines', JSON.stringify({ kind: 'List', items: ITEMS, metadata: META }, null, 2), READ],
  ['no items', '{"metadata":{},"items":[]}', bare([])],
  ['blank between the brackets', '{"items":[ \n ]}', bare([])],
  ['items that are null, as Go writes an empty slice', '{"items":null,"metadata":{}}', bare([])],
  ['"items" in another place is nothing', '{"metadata":{"items":[1]},"a":[{"items":[2]}],"items":[3]}', bare([3])],
  ['"items" as a text is nothing', '{"kind":"items","a":["items",[1]],"items":[3]}', bare([3])],
  ['"items" in escapes', '{"\\u0069\\u0074\\u0065\\u006d\\u0073":[1]}', bare([1])],
  ['brackets in strings', '{"a":"[{","items":["]}",{"b":"\\\\"},"\\"]"]}', bare([']}', { b: '\\' }, '"]'])],
  ['items that are no objects', '{"items":[1,null,[[]],"x"]}', bare([1, null, [[]], 'x'])],
  ['a key that JavaScript knows', '{"items":[{"__proto__":{"x":1}}]}', bare([JSON.parse('{"__proto__":{"x":1}}')])],
]
for (const [name, text, expected] of GOOD) {
  test(`list: ${name}, cut at every byte`, () => {
    const length = Buffer.byteLength(text)
    for (let cut = 0; cut <= length; cut++) assert.deepEqual(readList(text, [cut]), expected)
    const all = Array.from({ length }, (_, index) => index)
    assert.deepEqual(readList(text, all), expected)
  })
}

const BAD: [string, string, string][] = [
  ['nothing', '', 'malformed'],
  ['an object without items', '{"kind":"Status","metadata":{}}', 'malformed'],
  ['an end in the middle', '{"items":[{"a":1},{"b"', 'cut'],
  ['an end in a string', '{"a":"', 'cut'],
  ['no object', '[{"items":[1]}]', 'malformed'],
  ['items that are an object', '{"items":{"a":1}}', 'malformed'],
  ['items twice', '{"items":[1],"items":[2]}', 'malformed'],
  ['items far from their colon', `{"items"${' '.repeat(100)}:[1]}`, 'malformed'],
  ['no comma', '{"items":[{} {}]}', 'malformed'],
  ['two commas', '{"items":[1,,2]}', 'malformed'],
  ['a comma too many', '{"items":[1,]}', 'malformed'],
  ['a bracket of the other kind', '{"items":[1}}', 'malformed'],
  ['a bracket of the other kind inside', '{"items":[{"a":1]]}', 'malformed'],
  ['a bracket too many', '{"items":[]}}', 'malformed'],
  ['something behind it', '{"items":[]} x', 'malformed'],
  ['no JSON', '<html>it works</html>', 'malformed'],
  ['nesting without end', `{"items":[${'['.repeat(100_000)}`, 'malformed'],
  ['an item without end', `{"items":["${'x'.repeat(MAX_OBJECT_BYTES)}`, 'tooLarge'],
  ['an item that is too large', `{"items":["${'x'.repeat(MAX_OBJECT_BYTES)}"]}`, 'tooLarge'],
  ['an envelope without end', `{"a":"${'x'.repeat(MAX_OBJECT_BYTES)}`, 'tooLarge'],
]
for (const [name, text, code] of BAD) {
  test(`list: ${name} is ${code}`, () => {
    for (const cuts of [[], [1], [text.length >> 1]]) {
      assert.throws(
        () => readList(text, cuts),
        (thrown) => thrown instanceof Fault && 'code' in thrown.kind && thrown.kind.code === code,
      )
    }
  })
}

/** As JSON.parse would have it; null where it refuses. */
function byJsonParse(text: string): Reading | null {
  try {
    const { items, metadata } = JSON.parse(text)
    return {
      items: items === null ? [] : items,
      resourceVersion: metadata?.resourceVersion,
      continueToken: metadata?.continue,
    }
  } catch (thrown) {
    assert(thrown instanceof SyntaxError || thrown instanceof TypeError)
    return null
  }
}

function byScanner(bytes: Buffer, cuts: readonly number[]): Reading | null {
  try {
    return readList(bytes, cuts)
  } catch (thrown) {
    assert(thrown instanceof Fault)
    return null
  }
}

const cuts = fc.array(fc.nat(400), { maxLength: 12 })
const spaces = fc.constantFrom(0, 1, '\t', '\n')
const list = fc
  .record({ items: fc.array(fc.jsonValue({ maxDepth: 4 })), kind: fc.string(), extra: fc.jsonValue() })
  .chain((fields) => fc.shuffledSubarray(Object.entries({ ...fields, metadata: META }), { minLength: 4 }))
  .map((entries) => Object.fromEntries(entries))

test('any list in any order, cut anywhere, reads as JSON.parse reads it', () => {
  fc.assert(
    fc.property(list, spaces, cuts, (value, space, places) => {
      const text = JSON.stringify(value, null, space)
      const bytes = Buffer.from(text)
      const within = places.map((place) => place % (bytes.length + 1))
      // JSON.parse(JSON.stringify()) and the UTF-8 in between lose what JSON cannot say: -0 and lone surrogates.
      assert.deepEqual(byScanner(bytes, within), byJsonParse(bytes.toString()))
    }),
    { numRuns: 2000 },
  )
})

test('a list with one byte changed is refused exactly when JSON.parse refuses it', () => {
  const text = JSON.stringify({
    kind: 'ServiceList',
    metadata: META,
    items: [{ a: [1, 'x\\"'] }, {}],
    z: { items: [] },
  })
  const pieceOf = fc.constantFrom('{', '}', '[', ']', ',', ':', '"', ' ', '1', '\\')
  fc.assert(
    fc.property(fc.nat(text.length - 1), pieceOf, fc.boolean(), cuts, (at, piece, replaces, places) => {
      const changed = text.slice(0, at) + piece + text.slice(at + Number(replaces))
      const expected = byJsonParse(changed)
      // What is valid JSON and no list of the API server's is refused for other reasons, above.
      if (expected && (typeof expected.resourceVersion !== 'string' || !Array.isArray(expected.items))) return
      const within = places.map((place) => place % (changed.length + 1))
      const found = byScanner(Buffer.from(changed), within)
      if (expected === null) assert.equal(found, null, changed)
      else assert.deepEqual(found?.items, expected.items, changed)
    }),
    { numRuns: 5000 },
  )
})

test('lines come whole wherever the stream is cut', () => {
  const events = [{ type: 'ADDED', object: ITEMS[1] }, { type: 'BOOKMARK' }, { type: 'MODIFIED', object: ITEMS[0] }]
  const bytes = Buffer.from(`\n${events.map((event) => `${JSON.stringify(event)}\n`).join('\r\n')}{"type":"half`)
  fc.assert(
    fc.property(fc.array(fc.nat(bytes.length)), (places) => {
      const scanner = new LineScanner()
      const read = pieces(bytes, places).flatMap((piece) => scanner.feed(piece).map(parseItem))
      assert.deepEqual(read, events)
    }),
  )
})

test('a line without end is a Fault', () => {
  const scanner = new LineScanner()
  const chunk = Buffer.alloc(2 ** 20, 'x')
  assert.throws(() => {
    for (let fed = 0; fed <= MAX_OBJECT_BYTES; fed += chunk.length) scanner.feed(chunk)
  }, Fault)
})
