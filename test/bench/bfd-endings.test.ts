// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { endings, type Side } from './bfd-endings.ts'

const side = (id: number, downs: number): Side => ({ id, downs })

const CASES: [string, Side, Side, number][] = [
  ['nothing has happened', side(7, 0), side(7, 0), 0],
  ['it had ended before', side(7, 2), side(7, 2), 0],
  ['it has ended', side(7, 1), side(7, 3), 2],
  ['another session has taken its place', side(7, 0), side(8, 0), 1],
  ['another one, which counts from 0', side(7, 5), side(8, 2), 3],
]
for (const [name, before, after, count] of CASES) {
  test(`endings of a BFD session: ${name}`, () => assert.equal(endings(before, after), count))
}

for (const [name, downs] of [
  ['counts fewer than before', 0],
  ['does not count', Number.NaN],
] as const) {
  test(`a side that ${name} is an error`, () =>
    assert.throws(() => endings(side(7, 1), side(7, downs)), /the same session 7/))
}
