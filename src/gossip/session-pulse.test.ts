// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Pulse } from './session-pulse.ts'

test('timers that are late together tell one pause, from the last beat on', () => {
  const pulse = new Pulse(250, 0)
  const beats: readonly (readonly [string, number, number, number])[] = [
    ['in time', 200, 200, 0],
    ['a little late', 400, 650, 0],
    ['late', 850, 1_101, 451],
    ['another one of the same pause', 900, 1_102, 0],
    ['in time again', 1_300, 1_300, 0],
    ['a long pause', 1_500, 61_500, 60_200],
    ['one that was due long before', 1_400, 61_501, 0],
  ]
  for (const [name, dueMs, nowMs, pausedMs] of beats) assert.equal(pulse.beat(dueMs, nowMs), pausedMs, name)
})
