// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Spread } from './spread.ts'

const TAKEN: [string, number, number[], number[]][] = [
  ['the first at once', 0, [], [0]],
  ['the next moment, not the one that has passed', 30, [], [40]],
  ['round the end of the interval', 1990, [], [0]],
  ['those of one moment one after another', 50, [60, 80], [100]],
  ['around, where all that follows is taken', 1950, [1960, 1980], [0]],
]
for (const [name, phaseMs, before, expected] of TAKEN) {
  test(`spread: ${name}`, () => {
    const spread = new Spread({ intervalMs: 2000, moments: 100 })
    for (const atMs of before) assert.equal(spread.take(atMs), atMs)
    assert.deepEqual([spread.take(phaseMs)], expected)
  })
}

test('spread: two hundred share the moments evenly, and what is given back is taken first', () => {
  const spread = new Spread({ intervalMs: 2000, moments: 100 })
  const counts = new Map<number, number>()
  for (let i = 0; i < 200; i++) {
    const atMs = spread.take(700)
    counts.set(atMs, (counts.get(atMs) ?? 0) + 1)
  }
  assert.deepEqual(new Set(counts.values()), new Set([2]))
  assert.equal(counts.size, 100)
  spread.release(1240)
  assert.equal(spread.take(0), 1240)
})
