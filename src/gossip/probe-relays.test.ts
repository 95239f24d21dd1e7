// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Relays } from './probe-relays.ts'

const TO = { address: '10.0.0.1', port: 7946 }

function relay(sequence: number, wantsNack = true): { to: typeof TO; sequence: number; wantsNack: boolean } {
  return { to: TO, sequence, wantsNack }
}

test('an answer goes back under the number of who asked, once', () => {
  const relays = new Relays(500)
  relays.add(7, relay(1), 0)
  assert.equal(relays.ack(8), undefined)
  assert.equal(relays.ack(7)?.sequence, 1)
  assert.equal(relays.ack(7), undefined)
  assert.equal(relays.nextMs(), undefined)
})

test('without one who asked for it has a nack in time, and an answer after that still counts', () => {
  const relays = new Relays(500)
  relays.add(7, relay(1), 0)
  relays.add(8, relay(2, false), 100)
  relays.add(9, relay(3), 200)
  assert.equal(relays.nextMs(), 400)
  assert.deepEqual(
    relays.expire(399).map(({ sequence }) => sequence),
    [],
  )
  assert.deepEqual(
    relays.expire(400).map(({ sequence }) => sequence),
    [1],
  )
  assert.equal(relays.ack(7)?.sequence, 1)
  assert.equal(relays.nextMs(), 600, 'the end of the second one, and the nack of the third')
  assert.deepEqual(
    relays.expire(600).map(({ sequence }) => sequence),
    [3],
  )
  assert.deepEqual([relays.ack(8), relays.nextMs()], [undefined, 700])
  assert.deepEqual([relays.expire(700), relays.nextMs()], [[], undefined])
})

test('many who ask at the same time are not all served, until the time of the first is over', () => {
  const relays = new Relays(500)
  let served = 0
  for (let ours = 0; ours < 1_000; ours++) if (relays.add(ours, relay(ours), 0)) served++
  assert.equal(served, 512)
  relays.expire(500)
  assert.ok(relays.add(2_000, relay(1), 500))
})

test('after a pause nobody hears anything of what was asked before', () => {
  const relays = new Relays(500)
  relays.add(7, relay(1), 0)
  relays.clear()
  assert.deepEqual([relays.expire(9_000), relays.ack(7)], [[], undefined])
})
