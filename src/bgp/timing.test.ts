// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { jitteredMs, keepaliveMs, negotiatedHoldMs, sendHoldMs, TIMERS } from './timing.ts'

const HOLDS: [number, number, number][] = [
  [90, 180, 90],
  [180, 90, 90],
  [90, 90, 90],
  [90, 0, 0],
  [0, 90, 0],
  [3, 65_535, 3],
]
for (const [own, peer, seconds] of HOLDS) {
  test(`hold time: ours ${own} s, the peer’s ${peer} s: ${seconds} s`, () => {
    assert.equal(negotiatedHoldMs(own, peer), seconds * 1000)
  })
}

const KEEPALIVES: [number, number | null, number][] = [
  [90, null, 30],
  [90, 30, 30],
  [90, 10, 10],
  [90, 60, 30],
  [90, 0, 30],
  [3, null, 1],
  [9, 0.1, 1],
  [0, null, 0],
  [0, 10, 0],
]
for (const [hold, wanted, seconds] of KEEPALIVES) {
  test(`KEEPALIVEs with hold time ${hold} s, ${wanted ?? 'nothing'} asked for: every ${seconds} s`, () => {
    assert.equal(keepaliveMs(hold * 1000, wanted === null ? null : wanted * 1000), seconds * 1000)
  })
}

test('RFC 9687: eight minutes, or twice the hold time', () => {
  assert.deepEqual([0, 90_000, 240_000, 300_000].map(sendHoldMs), [480_000, 480_000, 480_000, 600_000])
})

test('RFC 4271 §10: jitter takes up to a quarter, of what repeats and of nothing else', () => {
  const shortened = TIMERS.filter((timer) => jitteredMs(timer, 1000, 0.999) < 1000)
  assert.deepEqual(shortened, ['connectRetry', 'keepalive', 'idleHold'])
  assert.deepEqual(
    [0, 0.5, 1].map((chance) => jitteredMs('keepalive', 1000, chance)),
    [1000, 875, 750],
  )
})
