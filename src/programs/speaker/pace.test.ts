// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SimClock } from '../../../test/sim/clock.ts'
import { Pace, type PaceOptions } from './pace.ts'

/** So many that want a turn at once, and when each had it. */
function crowd(count: number, options: PaceOptions): { clock: SimClock; turns: number[] } {
  const clock = new SimClock()
  const pace = new Pace(clock, options)
  const [startMs, turns] = [clock.monotonicMs(), new Array<number>()]
  for (let index = 0; index < count; index++) void pace.turn().then(() => turns.push(clock.monotonicMs() - startMs))
  return { clock, turns }
}

test("a second's worth comes at once, and all others one by one", async () => {
  const { clock, turns } = crowd(8, { perSecond: 5 })
  await clock.advance(1000)
  assert.deepEqual(turns, [0, 0, 0, 0, 0, 200, 400, 600])
})

test('what is more urgent goes first', async () => {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  const { clock, turns } = crowd(3, { perSecond: 2, free: async () => await promise })
  await clock.advance(1000)
  assert.deepEqual(turns, [])
  resolve(undefined)
  await clock.advance(1000)
  assert.deepEqual(turns, [1000, 1000, 1500])
})

test('but not for ever', async () => {
  const { clock, turns } = crowd(1, { perSecond: 2, free: () => new Promise(() => {}) })
  await clock.advance(4999)
  assert.deepEqual(turns, [])
  await clock.advance(1)
  assert.deepEqual(turns, [5000])
})
