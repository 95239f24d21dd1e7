// SPDX-License-Identifier: Apache-2.0
/** A member like MetalLB's speaker in the ring, which says nothing of itself and has no watch. In simulated time. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SpeakerCluster } from '../sim/speaker-node-cluster.ts'
import { PlainMember } from '../sim/speaker-node-plain.ts'

/** Nodes 0 and 1 have speakers of ours, node 2 the other one. */
async function mixed(seed: number): Promise<[SpeakerCluster, PlainMember]> {
  const cluster = new SpeakerCluster({ nodes: 3, services: 12, seed })
  await cluster.start([{}, {}])
  const plain = await PlainMember.join(cluster, 2)
  await cluster.advance(3_000)
  return [cluster, plain]
}

test('all agree on who answers for each address, the other one for some', async () => {
  const [cluster, plain] = await mixed(1)
  assert.deepEqual(cluster.notOwnedOnce(), [])
  for (const ip of cluster.ips) assert.deepEqual(cluster.answering(ip), [plain.winnerOf(ip)])
  assert.ok(cluster.ips.some((ip) => plain.answers(ip)))
  assert.ok(cluster.ips.some((ip) => !plain.answers(ip)))
})

test('it crashes: ours answer within 9 s, as fast as memberlist finds it', async (context) => {
  const [cluster, plain] = await mixed(2)
  const record = cluster.record(
    cluster.ips.filter((ip) => plain.answers(ip)),
    20,
  )
  plain.halt()
  cluster.network.kill(plain.address)
  assert.ok(await cluster.ownedOnceWithin(9_000))
  await cluster.advance(1_000)
  context.diagnostic(`nobody answered for ${record.end().nobodyMs} ms`)
  assert.ok(record.nobodyMs >= 4_000, 'it had its time to protest')
  assert.equal(record.severalMs, 0)
})

test('one of ours crashes: the other one hears of it from the watch, and takes over within half a second', async () => {
  const [cluster, plain] = await mixed(3)
  const victim = cluster.node(0)
  const record = cluster.record(cluster.ownedBy(victim))
  cluster.crash(victim)
  await cluster.advance(3_000)
  assert.ok(cluster.isOwnedOnce())
  assert.ok(cluster.ips.every((ip) => plain.winnerOf(ip) !== victim.name))
  assert.ok(record.end().nobodyMs <= 420, `${record.nobodyMs} ms`)
})

test('it leaves in peace: ours answer within 10 ms', async () => {
  const [cluster, plain] = await mixed(4)
  const record = cluster.record(cluster.ips, 1)
  await cluster.awaited(plain.gossip.leave(1_000))
  plain.halt()
  await cluster.advance(2_000)
  assert.ok(record.end().nobodyMs <= 10, `${record.nobodyMs} ms`)
  assert.ok(cluster.isOwnedOnce())
})
