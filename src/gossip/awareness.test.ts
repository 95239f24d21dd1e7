// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Awareness } from './awareness.ts'

test('the score stays between 0 and below its bound, and stretches time', () => {
  const awareness = new Awareness(8)
  const rows: readonly (readonly [number, number, number])[] = [
    [0, 0, 1_000],
    [-1, 0, 1_000],
    [1, 1, 2_000],
    [3, 4, 5_000],
    [10, 7, 8_000],
    [1, 7, 8_000],
    [-1, 6, 7_000],
    [-10, 0, 1_000],
  ]
  for (const [delta, score, scaledMs] of rows) {
    awareness.apply(delta)
    assert.deepEqual([awareness.score, awareness.scale(1_000)], [score, scaledMs])
  }
})
