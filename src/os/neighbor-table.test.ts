// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { toHex } from '../lib/bytes.ts'
import type { Reach } from '../lib/neighbors.ts'
import { NeighborTable } from './neighbor-table.ts'

const WIDTHS: [string, number][] = [
  ['IPv4', 4],
  ['IPv6', 16],
]

/** Few addresses whose bytes differ in the first, the last, or both. */
function keyOf(width: number, number: number): Uint8Array {
  const key = new Uint8Array(width)
  key[0] = number >> 4
  key[width - 1] = number & 15
  return key
}
/** Not one to one: many addresses fold to one number. */
const numberOf = (key: Uint8Array) => (key[0] ?? 0) ^ (key.at(-1) ?? 0)

/** What the native part would read from the arrays. */
function contents(table: NeighborTable, width: number): [string, Reach][] {
  const { keys, firsts, counts, indexes } = table.arrays()
  return Array.from(firsts, (first, i) => [
    toHex(keys.subarray(i * width, (i + 1) * width)),
    first === 0xffff_ffff ? 'all' : Array.from(indexes.subarray(first, first + (counts[i] ?? 0))),
  ])
}

const reach = fc.oneof(
  fc.constant<Reach>('all'),
  fc.constant(null),
  fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 3 }),
)

for (const [name, width] of WIDTHS) {
  test(`property, ${name}: the arrays hold, ascending, what a plain map would`, () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 255 }), reach), { maxLength: 400 }), (changes) => {
        const table = new NeighborTable(width, numberOf)
        const map = new Map<string, Reach>()
        for (const [number, to] of changes) {
          const key = keyOf(width, number)
          const text = toHex(key)
          assert.deepEqual(table.get(key), map.get(text) ?? null)
          assert.equal(table.set(key, to), to === null ? map.delete(text) : !map.has(text))
          if (to !== null) map.set(text, to)
        }
        const expected = [...map].toSorted(([a], [b]) => (a < b ? -1 : 1))
        assert.deepEqual(contents(table, width), expected)
        assert.deepEqual(
          Array.from(table, ([key, where]) => [toHex(key), where]),
          expected,
        )
        const numbers = [...map.keys()].map((text) => numberOf(Buffer.from(text, 'hex')))
        assert.deepEqual(table.arrays().numbers, Uint32Array.from(numbers).toSorted())
      }),
      { seed: 826 },
    )
  })
}

test('lists of links that nobody uses any more do not pile up', () => {
  const table = new NeighborTable(4, numberOf)
  table.set(keyOf(4, 7), [1, 2])
  for (let i = 0; i < 3000; i++) {
    table.set(keyOf(4, 9), [i, i + 1])
    table.arrays()
  }
  assert.ok(table.arrays().indexes.length <= 4100)
  assert.deepEqual(contents(table, 4), [
    ['00000007', [1, 2]],
    ['00000009', [2999, 3000]],
  ])
})

for (const [name, width] of WIDTHS) {
  test(`one changed ${name} address among 10,000 takes far less than a millisecond`, () => {
    const wide = (number: number) => {
      const key = new Uint8Array(width)
      new DataView(key.buffer).setUint32(width - 4, number)
      return key
    }
    const table = new NeighborTable(width, (key) => new DataView(key.buffer, key.byteOffset).getUint32(width - 4))
    for (let i = 0; i < 10_000; i++) table.set(wide(i * 3), 'all')
    const started = performance.now()
    for (let i = 0; i < 200; i++) {
      table.set(wide(i * 150 + 1), 'all')
      table.arrays()
    }
    const eachMs = (performance.now() - started) / 200
    assert.ok(eachMs < 0.5, `${eachMs} ms`)
  })
}
