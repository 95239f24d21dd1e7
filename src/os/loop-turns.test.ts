// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { watchLoopTurns } from './loop-turns.ts'

function block(forMs: number): void {
  const endMs = performance.now() + forMs
  while (performance.now() < endMs);
}

test('a turn that blocks is counted by its length; sleep is not', async () => {
  const read = watchLoopTurns([20, 10_000])
  await nextTurn()
  await nextTurn()
  const [, before = 0] = read().counts
  block(60)
  await nextTurn()
  await nextTurn()
  const blocked = read()
  assert.ok((blocked.counts[1] ?? 0) > before, 'a turn of 60 ms is above 20 ms')
  assert.ok(blocked.longestMs >= 60 && blocked.totalMs >= blocked.longestMs)
  await sleep(300)
  const asleep = read()
  assert.ok(asleep.totalMs - blocked.totalMs < 250, 'lying asleep for 300 ms is not work')
  assert.equal(asleep.counts[2], 0)
})

test('two watches do not disturb each other, and none keeps the process alive', async () => {
  const first = watchLoopTurns([])
  const second = watchLoopTurns([1, 2, 3])
  await nextTurn()
  await nextTurn()
  assert.equal(first().counts.length, 1)
  assert.ok((first().counts[0] ?? 0) > 0)
  assert.equal(second().counts.length, 4)
})
