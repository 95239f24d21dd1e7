// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Slices } from './slices.ts'

/** Works for as long as it takes, a millisecond at a time, and says in which turn of the loop each of them was. */
async function work(slices: Slices, steps: number, turn: () => number): Promise<number[]> {
  const turns: number[] = []
  for (let step = 0; step < steps; step++) {
    for (const end = performance.now() + 1; performance.now() < end; );
    turns.push(turn())
    if (slices.isOver) await slices.rest()
  }
  return turns
}

test('several workers together take one slice of each turn, and all come to their end', async () => {
  const slices = new Slices()
  let turn = 0
  let next = setImmediate(function count() {
    turn++
    next = setImmediate(count)
  })
  const all = await Promise.all([30, 30, 5].map((steps) => work(slices, steps, () => turn)))
  clearImmediate(next)
  assert.deepEqual(
    all.map(({ length }) => length),
    [30, 30, 5],
  )
  const perTurn = Object.values(Object.groupBy(all.flat(), (at) => at)).map((steps) => steps?.length ?? 0)
  // The first turn has one step of each before the slice is found to be over.
  assert(Math.max(...perTurn) <= 8 + all.length, `${Math.max(...perTurn)} ms in one turn`)
})

test('a little work never rests', async () => {
  const slices = new Slices()
  assert.equal(slices.isOver, false)
  await new Promise(setImmediate)
  assert.equal(slices.isOver, false)
})
