// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from './clock.ts'
import { Fault } from './fault.ts'
import { WorkQueue } from './workqueue.ts'

function queueOf(work: (key: string) => Promise<void>, workers = 2) {
  const pauses: number[] = []
  const queue = new WorkQueue({
    name: 'test',
    workers,
    work,
    onFault: (_key, _fault, retryMs) => pauses.push(retryMs),
    clock: { ...systemClock, after: (_delayMs, fire) => systemClock.after(0, fire) },
    random: () => 0.5,
  })
  return { queue, pauses }
}

test('no key is worked on twice at the same time, and a key added meanwhile is worked on again', async () => {
  let running = 0
  let runs = 0
  const { queue } = queueOf(async () => {
    assert.equal(++running, 1)
    if (++runs === 1) queue.add('a')
    await new Promise(setImmediate)
    running--
  }, 8)
  queue.add('a')
  await queue.idle()
  assert.equal(runs, 2)
})

test('at most `workers` keys at once', async () => {
  let running = 0
  let most = 0
  const { queue } = queueOf(async () => {
    most = Math.max(most, ++running)
    await new Promise(setImmediate)
    running--
  }, 3)
  for (let i = 0; i < 10; i++) queue.add(String(i))
  await queue.idle()
  assert.equal(most, 3)
})

test('a fault brings the key back after a doubling pause; success resets it', async () => {
  let left = 4
  const { queue, pauses } = queueOf(async () => {
    if (--left > 0) throw new Fault({ code: 'busy' }, 'busy')
  })
  queue.add('a')
  await queue.idle()
  assert.deepEqual(pauses, [7.5, 15, 30])
  left = 2
  queue.add('a')
  await queue.idle()
  assert.equal(pauses[3], 7.5)
})

test('a pause never exceeds 30 s', async () => {
  let left = 20
  const { queue, pauses } = queueOf(async () => {
    if (--left > 0) throw new Fault({ code: 'busy' }, 'busy')
  })
  queue.add('a')
  await queue.idle()
  assert.equal(Math.max(...pauses), 22_500)
})
