// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { Reach } from '../lib/net.ts'
import { ArpTable } from './arp-table.ts'

/** What the native part would read from the arrays. */
function contents(table: ArpTable): [number, Reach][] {
  const { ips, firsts, counts, indexes } = table.arrays()
  return Array.from(ips, (ip, i) => {
    const first = firsts[i] ?? 0
    return [ip, first === 0xffff_ffff ? 'all' : Array.from(indexes.subarray(first, first + (counts[i] ?? 0)))]
  })
}

const reach = fc.oneof(
  fc.constant<Reach>('all'),
  fc.constant(null),
  fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 3 }),
)

test('property: the arrays hold, ascending, what a plain map would', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 99 }), reach), { maxLength: 400 }), (changes) => {
      const table = new ArpTable()
      const map = new Map<number, Reach>()
      for (const [ip, to] of changes) {
        assert.equal(table.set(ip, to), to === null ? map.delete(ip) : !map.has(ip))
        if (to !== null) map.set(ip, to)
      }
      assert.deepEqual(
        contents(table),
        [...map].toSorted(([a], [b]) => a - b),
      )
    }),
    { seed: 826 },
  )
})

test('lists of links that nobody uses any more do not pile up', () => {
  const table = new ArpTable()
  table.set(7, [1, 2])
  for (let i = 0; i < 3000; i++) {
    table.set(9, [i, i + 1])
    table.arrays()
  }
  assert.ok(table.arrays().indexes.length <= 4100)
  assert.deepEqual(contents(table), [
    [7, [1, 2]],
    [9, [2999, 3000]],
  ])
})

test('one changed address among 10,000 takes far less than a millisecond', () => {
  const table = new ArpTable()
  for (let i = 0; i < 10_000; i++) table.set(i * 3, 'all')
  const started = performance.now()
  for (let i = 0; i < 200; i++) {
    table.set(i * 150 + 1, 'all')
    table.arrays()
  }
  const eachMs = (performance.now() - started) / 200
  assert.ok(eachMs < 0.5, `${eachMs} ms`)
})
