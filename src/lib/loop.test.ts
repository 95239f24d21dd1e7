// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Loop } from './loop.ts'

test('pokes within one turn are one run; a poke during a run makes another', async () => {
  let runs = 0
  const loop = new Loop(function* () {
    if (++runs === 1) loop.poke()
    yield
  })
  loop.poke()
  loop.poke()
  await loop.idle()
  assert.equal(runs, 2)
})

test('long work lets the event loop turn in between', async () => {
  let turns = 0
  let steps = 0
  const loop = new Loop(function* () {
    const end = performance.now() + 60
    while (performance.now() < end) {
      steps++
      yield
    }
  })
  const count = () => {
    turns++
    if (!done) setImmediate(count)
  }
  let done = false
  setImmediate(count)
  loop.poke()
  await loop.idle()
  done = true
  assert.ok(steps > turns, `${steps} steps in ${turns} turns`)
  assert.ok(turns >= 3, `${turns} turns`)
})

test('a closed loop runs nothing', async () => {
  let runs = 0
  const loop = new Loop(function* () {
    runs++
    yield
  })
  loop.poke()
  loop.close()
  await new Promise(setImmediate)
  await new Promise(setImmediate)
  assert.equal(runs, 0)
})
