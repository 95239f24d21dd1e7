// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connectRetryMs, idleHoldMs } from './backoff.ts'

const rows = <Row>(from: number, to: number, of: (n: number) => Row): Row[] =>
  Array.from({ length: to - from + 1 }, (_, at) => of(from + at))

test('after sessions: at once, then 1 s, doubled up to two minutes', () => {
  assert.deepEqual(
    rows(0, 11, (n) => idleHoldMs(n) / 1000),
    [0, 0, 1, 2, 4, 8, 16, 32, 64, 120, 120, 120],
  )
  assert.equal(idleHoldMs(1e6), 120_000)
})

test('between dials: 1 s, doubled up to half a minute, unless the user says how long', () => {
  assert.deepEqual(
    rows(1, 7, (n) => connectRetryMs(n, null) / 1000),
    [1, 2, 4, 8, 16, 30, 30],
  )
  assert.deepEqual(
    rows(1, 3, (n) => connectRetryMs(n, 65_535_000)),
    [65_535_000, 65_535_000, 65_535_000],
  )
})
