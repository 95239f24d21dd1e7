// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LAN, WAN } from './config.ts'
import { Suspicion, suspicionTimes } from './suspicion.ts'

const TIMES: readonly (readonly [string, typeof LAN, number, readonly [number, number, number]])[] = [
  ['alone with it', LAN, 2, [0, 4_000, 24_000]],
  ['one other who could confirm, two are wanted', LAN, 3, [0, 4_000, 24_000]],
  ['just enough others', LAN, 4, [2, 4_000, 24_000]],
  ['10', LAN, 10, [2, 4_000, 24_000]],
  ['100', LAN, 100, [2, 8_000, 48_000]],
  ['500: log10 with three digits', LAN, 500, [2, 10_792, 64_752]],
  ['1,000', LAN, 1000, [2, 11_996, 71_976]],
  ['far apart', WAN, 10, [4, 30_000, 180_000]],
  ['a multiplier of 1: nobody is waited for', { ...LAN, suspicionMult: 1 }, 50, [0, 1_698, 10_188]],
]

for (const [name, knobs, members, [wanted, minMs, maxMs]] of TIMES) {
  test(`how long in a ring of ${members}: ${name}`, () => {
    const times = suspicionTimes(knobs, members)
    assert.equal(times.wanted, wanted)
    // log10(1000) is 2.999… for the machine, here as there; one step of rounding is no matter.
    assert.ok(Math.abs(times.minMs - minMs) <= 4 && Math.abs(times.maxMs - maxMs) <= 24, JSON.stringify(times))
  })
}

test('with each independent confirmation less time, logarithmically', () => {
  const suspicion = new Suspicion('a', { wanted: 3, minMs: 2_000, maxMs: 30_000 }, 100)
  assert.equal(suspicion.deadlineMs, 30_100)
  const heard = ['a', 'b', 'b', 'c', 'd', 'e'].map((from) => [from, suspicion.confirm(from), suspicion.deadlineMs])
  assert.deepEqual(heard, [
    ['a', false, 30_100],
    ['b', true, 16_100],
    ['b', false, 16_100],
    ['c', true, 7_910],
    ['d', true, 2_100],
    ['e', false, 2_100],
  ])
  assert.equal(suspicion.confirmations, 3)
})

test('where nobody is to confirm it is the shortest time, and nothing shortens it', () => {
  const suspicion = new Suspicion('a', { wanted: 0, minMs: 2_000, maxMs: 30_000 }, 0)
  assert.equal(suspicion.confirm('b'), false)
  assert.equal(suspicion.deadlineMs, 2_000)
})

test('time in which we did not listen does not count', () => {
  const suspicion = new Suspicion('a', { wanted: 0, minMs: 2_000, maxMs: 30_000 }, 0)
  suspicion.shift(5_000)
  assert.equal(suspicion.deadlineMs, 7_000)
})
