// SPDX-License-Identifier: Apache-2.0
/** One takes the other for dead, and that one does not know: after a cut, when the last words of one side came through. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Ring } from './gossip-ring.ts'

for (const seed of [1, 2, 3, 4]) {
  test(`who pings us although we take it for dead hears of it with the answer, and protests (seed ${seed})`, async () => {
    const ring = await Ring.of(2, { seed })
    await ring.clock.advance(5_000)
    const [ours, theirs] = [ring.node(0), ring.node(1)]
    ring.network.partition([ours.address], [theirs.address])
    ours.gossip.declareDead(theirs.name)
    // Less than the 4 s that a suspect has: they still take us for alive.
    await ring.clock.advance(3_000)
    ring.network.heal()
    assert.equal(ring.stateAt(ours, theirs), 'dead')
    assert.notEqual(ring.stateAt(theirs, ours), 'dead')
    // A probe a second, or every two for who has missed answers; exchanges come every 30 s only.
    assert.ok(await ring.clock.runUntil(() => ring.isWhole(), 4_000), 'they are a ring again')
    await ring.clock.advance(10_000)
    assert.ok(ring.isWhole())
    ring.close()
  })
}
