// SPDX-License-Identifier: Apache-2.0
/** Nodes that lose their power, in simulated time: who answers for their addresses, and when. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SpeakerCluster } from '../sim/speaker-node-cluster.ts'

// Four intervals without a packet, of which the last had come up to
// one before the crash; then one packet to everybody, and a plan.
for (const nodes of [2, 3, 10]) {
  test(`a crash of one of ${nodes} nodes: others answer for its addresses within 300 to 410 ms, never two`, async (context) => {
    const cluster = await SpeakerCluster.of({ nodes, seed: nodes })
    const victim = cluster.ownerOf(cluster.ips[0] ?? '')
    const others = cluster.ips.filter((ip) => !victim.answers(ip))
    const [lost, kept] = [cluster.record(cluster.ownedBy(victim)), cluster.record(others, 20)]
    cluster.crash(victim)
    await cluster.advance(5_000)
    context.diagnostic(`nobody answered for ${lost.end().nobodyMs} ms`)
    assert.ok(lost.nobodyMs >= 300 && lost.nobodyMs <= 410)
    assert.deepEqual([lost.severalMs, kept.end().changes], [0, 0])
    assert.ok(cluster.isOwnedOnce())
  })
}

test('two of five nodes crash at the same moment: the rest answers within 410 ms', async () => {
  const cluster = await SpeakerCluster.of({ nodes: 5, services: 20 })
  const [first, second] = [cluster.node(1), cluster.node(3)]
  const record = cluster.record()
  cluster.crash(first)
  cluster.crash(second)
  await cluster.advance(5_000)
  assert.ok(record.end().nobodyMs <= 410, `${record.nobodyMs} ms`)
  assert.equal(record.severalMs, 0)
  assert.ok(cluster.isOwnedOnce())
})

test('a node that restarts within its time of grace: nobody answers for less than 500 ms, and it has its addresses back', async () => {
  const cluster = await SpeakerCluster.of({ nodes: 3 })
  const victim = cluster.ownerOf(cluster.ips[0] ?? '')
  const ips = cluster.ownedBy(victim)
  const record = cluster.record()
  cluster.crash(victim)
  await cluster.advance(100)
  const again = await cluster.add(cluster.nodes.indexOf(victim))
  await cluster.awaited(again.speaker.start())
  await cluster.advance(2_000)
  assert.deepEqual(cluster.ownedBy(again), ips)
  assert.ok(record.end().nobodyMs <= 500, `${record.nobodyMs} ms`)
  assert.ok(record.severalMs <= 100, `${record.severalMs} ms`)
})

// Where both names are watched when it begins, it takes the others for begun anew as well, once.
for (const [awayMs, mostLost, mostAccused] of [
  [200, 4, 2],
  [1_000, 2, 0],
  [40_000, 2, 0],
] as const) {
  test(`a machine of another name at the address of one that crashed ${awayMs} ms ago is one member among others`, async () => {
    const cluster = await SpeakerCluster.of({ nodes: 3 })
    cluster.crash(cluster.node(2))
    await cluster.advance(awayMs)
    await cluster.restart(2, { name: 'another' })
    await cluster.advance(20_000)
    const said = [cluster.said('speakerLost'), cluster.said('accused')] as const
    assert.ok(said[0] <= mostLost && said[1] <= mostAccused, said.join())
    assert.deepEqual(cluster.notOwnedOnce(), [])
    const members = cluster.node(0).membership.ring.members()
    assert.ok(members.some(({ name, state }) => name === 'another' && state === 'alive'))
  })
}
