// SPDX-License-Identifier: Apache-2.0
/** Nodes that cannot hear each other for a while, in simulated time: two owners during it, one soon after it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SpeakerCluster } from '../sim/speaker-node-cluster.ts'

for (const cutMs of [2_000, 10_000, 40_000, 100_000]) {
  test(`halves that were apart for ${cutMs / 1000} s: one owner for each address within 2 s after it`, async (context) => {
    const cluster = await SpeakerCluster.of({ nodes: 6, services: 6, seed: cutMs })
    const record = cluster.record(cluster.ips, 50)
    cluster.cutOff(cluster.node(0), cluster.node(1), cluster.node(2))
    await cluster.advance(cutMs)
    assert.ok(
      cluster.ips.every((ip) => cluster.answering(ip).length === 2),
      'clients on both sides are served',
    )
    cluster.network.heal()
    const healedMs = cluster.clock.monotonicMs()
    assert.ok(await cluster.ownedOnceWithin(2_000), 'two owners')
    context.diagnostic(`one owner ${cluster.clock.monotonicMs() - healedMs} ms after it`)
    await cluster.advance(5_000)
    assert.ok(cluster.isOwnedOnce())
    assert.ok(record.end().nobodyMs < 50, 'somebody always answered')
  })
}

for (const cutMs of [300, 1_000, 20_000]) {
  test(`the link of one of four nodes is down for ${cutMs} ms: others answer after 410 ms, and one owner within 2 s after it`, async () => {
    const cluster = await SpeakerCluster.of({ nodes: 4, seed: cutMs })
    const node = cluster.ownerOf(cluster.ips[0] ?? '')
    const others = cluster.nodes.filter((each) => each !== node)
    const owned = cluster.ownedBy(node)
    cluster.cutOff(node)
    await cluster.advance(Math.min(cutMs, 410))
    const isServed = (ip: string): boolean => others.some((each) => each.answers(ip))
    assert.equal(owned.every(isServed), cutMs >= 410, 'clients beside the others are served')
    await cluster.advance(cutMs - Math.min(cutMs, 410))
    cluster.network.heal()
    assert.ok(await cluster.ownedOnceWithin(2_000))
    await cluster.advance(3_000)
    assert.deepEqual([cluster.notOwnedOnce(), cluster.ownedBy(node)], [[], owned])
  })
}

test('halves of a ring of 33, in which not everybody watches everybody, are one within 2 s; then a crash is found in 410 ms', async () => {
  const cluster = await SpeakerCluster.of({ nodes: 33 })
  cluster.cutOff(...cluster.nodes.slice(0, 16))
  await cluster.advance(1_000)
  cluster.network.heal()
  await cluster.advance(2_000)
  assert.deepEqual(cluster.notOwnedOnce(), [])
  const victim = cluster.ownerOf(cluster.ips[0] ?? '')
  cluster.crash(victim)
  await cluster.advance(410)
  assert.deepEqual(cluster.notOwnedOnce(), [])
})

for (const apart of [1, 2]) {
  test(`${apart} of four nodes apart: when they are back each owner tells clients, who may have heard of another one`, async () => {
    const cluster = await SpeakerCluster.of({ nodes: 4 })
    await cluster.advance(10_000)
    cluster.cutOff(...cluster.nodes.slice(0, apart))
    await cluster.advance(20_000)
    cluster.network.heal()
    assert.ok(await cluster.ownedOnceWithin(2_000))
    const owners = cluster.ips.map((ip) => cluster.ownerOf(ip))
    const sent = () => cluster.ips.map((ip, at) => owners[at]?.announced(ip) ?? 0)
    const healed = sent()
    await cluster.advance(5_000)
    const rounds = sent().map((count, at) => (count - (healed[at] ?? 0)) / 2)
    assert.ok(
      rounds.every((count) => count >= 3),
      rounds.join(),
    )
  })
}
