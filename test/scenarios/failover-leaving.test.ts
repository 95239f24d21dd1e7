// SPDX-License-Identifier: Apache-2.0
/** Speakers that begin and end in peace, in simulated time: somebody always answers. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SpeakerCluster } from '../sim/speaker-node-cluster.ts'

// The leaver tells all, and answers for another 500 ms while they plan and announce.
for (const [nodes, loss] of [
  [2, 0],
  [3, 0],
  [10, 0],
  [3, 0.2],
  [5, 0.3],
] as const) {
  test(`SIGTERM on one of ${nodes} nodes with ${loss * 100} % loss: somebody always answers, two for 510 ms at most`, async () => {
    const cluster = await SpeakerCluster.of({ nodes, seed: nodes })
    cluster.network.setLoss('*', '*', loss)
    const leaver = cluster.ownerOf(cluster.ips[0] ?? '')
    const record = cluster.record(cluster.ownedBy(leaver), 1)
    await cluster.terminate(leaver)
    await cluster.advance(1_000)
    assert.equal(record.end().nobodyMs, 0)
    assert.ok(record.severalMs <= 510, `${record.severalMs} ms`)
    assert.ok(cluster.isOwnedOnce())
  })
}

test('SIGTERM on the only node: it ends at once', async () => {
  const cluster = await SpeakerCluster.of({ nodes: 1 })
  const startMs = cluster.clock.monotonicMs()
  await cluster.terminate(cluster.node(0))
  assert.ok(cluster.clock.monotonicMs() - startMs < 10)
  assert.deepEqual(cluster.answering(cluster.ips[0] ?? ''), [])
})

test('a new node answers only when it says so, and nobody is missed meanwhile', async () => {
  const cluster = new SpeakerCluster({ nodes: 3 })
  await cluster.start([{}, {}])
  await cluster.advance(3_000)
  assert.ok(cluster.isOwnedOnce())
  const record = cluster.record(cluster.ips, 1)
  const fresh = await cluster.restart(2)
  await cluster.advance(3_000)
  assert.ok(cluster.ownedBy(fresh).length > 0)
  assert.ok(cluster.isOwnedOnce())
  assert.equal(record.end().nobodyMs, 0)
  assert.ok(record.severalMs <= 20, `${record.severalMs} ms`)
})

for (const [name, betweenMs] of [
  ['one after the other', 2_000],
  ['one right after the other', 0],
] as const) {
  test(`all of five speakers restart ${name}: somebody always answers, two for 510 ms at most`, async () => {
    const cluster = await SpeakerCluster.of({ nodes: 5 })
    const record = cluster.record(cluster.ips, 2)
    for (let number = 0; number < 5; number++) {
      await cluster.terminate(cluster.node(number))
      await cluster.advance(betweenMs)
      await cluster.restart(number)
      await cluster.advance(betweenMs)
    }
    await cluster.advance(1_000)
    assert.equal(record.end().nobodyMs, 0)
    assert.ok(record.severalMs <= 510, `${record.severalMs} ms`)
    assert.deepEqual([cluster.notOwnedOnce(), cluster.said('speakerLost')], [[], 0])
  })
}

test('50 speakers begin at the same moment: each address has one owner within 3 s; one crashes, and 410 ms later again', async (context) => {
  const cluster = new SpeakerCluster({ nodes: 50 })
  await cluster.start(Array.from({ length: 50 }, () => ({})))
  assert.ok(await cluster.ownedOnceWithin(3_000 - cluster.clock.monotonicMs()))
  context.diagnostic(`one owner each after ${cluster.clock.monotonicMs()} ms`)
  await cluster.advance(3_000)
  assert.ok(cluster.isOwnedOnce())
  const victim = cluster.ownerOf(cluster.ips[0] ?? '')
  const record = cluster.record(cluster.ownedBy(victim))
  cluster.crash(victim)
  await cluster.advance(1_000)
  context.diagnostic(`nobody answered for ${record.end().nobodyMs} ms`)
  assert.ok(record.nobodyMs <= 410 && record.severalMs === 0)
  assert.ok(cluster.isOwnedOnce())
})
