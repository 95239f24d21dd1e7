// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SimClock } from './clock.ts'

test('timers fire in the order of their deadlines, those of one moment in the order they were asked for', async () => {
  const clock = new SimClock()
  const fired: string[] = []
  const note = (name: string) => () => fired.push(`${name} ${clock.monotonicMs()}`)
  for (const [name, delayMs] of [
    ['c', 30],
    ['a', 10],
    ['b1', 20],
    ['b2', 20],
    ['late', 51],
  ] as const) {
    clock.after(delayMs, note(name))
  }
  await clock.advance(50)
  assert.deepEqual(fired, ['a 10', 'b1 20', 'b2 20', 'c 30'])
  assert.equal(clock.monotonicMs(), 50)
  assert.equal(clock.waiting, 1)
})

test('a thousand timers in any order, half of them cancelled, a few by another', async () => {
  const clock = new SimClock()
  const fired: number[] = []
  const delays = Array.from({ length: 1000 }, (_, i) => (i * 7919) % 1000)
  const timers = delays.map((delayMs) => clock.after(delayMs, () => fired.push(delayMs)))
  timers.forEach((timer, i) => (delays[i] ?? 0) % 2 === 1 && timer.cancel())
  clock.after(499, () => timers.forEach((timer, i) => (delays[i] ?? 0) > 800 && timer.cancel()))
  assert.equal(clock.waiting, 501)
  await clock.advance(2000)
  assert.deepEqual(
    fired,
    Array.from({ length: 401 }, (_, i) => 2 * i),
  )
  assert.equal(clock.waiting, 0)
})

test('promises settle before the next timer, however long their chain', async () => {
  const clock = new SimClock()
  const seen: string[] = []
  const chain = async () => {
    for (let i = 0; i < 50; i++) await Promise.resolve()
    seen.push(`chain ${clock.monotonicMs()}`)
    clock.after(1, () => seen.push(`its timer ${clock.monotonicMs()}`))
  }
  clock.after(10, () => void chain())
  clock.after(20, () => seen.push('second'))
  await clock.advance(20)
  assert.deepEqual(seen, ['chain 10', 'its timer 11', 'second'])
})

test('runUntil stops at the moment that makes it true, or at the limit', async () => {
  const clock = new SimClock()
  let count = 0
  const tick = () => {
    count++
    clock.after(10, tick)
  }
  clock.after(10, tick)
  assert.equal(await clock.runUntil(() => count === 3, 1000), true)
  assert.equal(clock.monotonicMs(), 30)
  assert.equal(await clock.runUntil(() => count === 1000, 100), false)
  assert.equal(clock.monotonicMs(), 130)
  assert.equal(await clock.runUntil(() => true, 100), true)
  assert.equal(clock.monotonicMs(), 130)
})

test('a cancelled timer stays cancelled, also twice, and after it has fired', async () => {
  const clock = new SimClock()
  let fired = 0
  const gone = clock.after(5, () => fired++)
  const done = clock.after(1, () => fired++)
  await clock.advance(2)
  gone.cancel()
  gone.cancel()
  done.cancel()
  assert.equal(clock.waiting, 0)
  await clock.advance(10)
  assert.equal(fired, 1)
})

test('the wall can be set without a timer noticing', async () => {
  const clock = new SimClock()
  const startMs = clock.wallMs()
  let atMs = 0
  clock.after(100, () => {
    atMs = clock.wallMs()
  })
  clock.stepWall(-3_600_000)
  await clock.advance(100)
  assert.equal(atMs, startMs - 3_600_000 + 100)
  assert.equal(clock.monotonicMs(), 100)
})
