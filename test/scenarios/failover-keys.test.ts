// SPDX-License-Identifier: Apache-2.0
/** Speakers whose member lists have different keys, in simulated time: two rings, which both announce, and say why. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type NodeSettings, SpeakerCluster } from '../sim/speaker-node-cluster.ts'

const OURS = { key: new Uint8Array(32).fill(7) }

const OTHERS: [string, NodeSettings][] = [
  ['another key', { key: new Uint8Array(32).fill(8) }],
  ['no key', { key: null }],
]
for (const [what, settings] of OTHERS) {
  test(`a node with ${what} is a ring of its own: it answers for all, and every node says so within a minute`, async () => {
    const cluster = new SpeakerCluster({ nodes: 3 })
    await cluster.start([OURS, OURS, settings])
    await cluster.advance(65_000)
    assert.deepEqual(cluster.ownedBy(cluster.node(2)), cluster.ips)
    const ours = cluster.nodes.slice(0, 2)
    assert.ok(cluster.ips.every((ip) => ours.filter((node) => node.answers(ip)).length === 1))
    const told = cluster.nodes.map(({ log }) => log.filter(({ event }) => event === 'otherRing').length)
    assert.deepEqual(told, [1, 1, 1])
  })
}

test('with the same key they are one ring, and a crash is found as without one', async () => {
  const cluster = await SpeakerCluster.of({ nodes: 3 }, OURS)
  const record = cluster.record()
  cluster.crash(cluster.ownerOf(cluster.ips[0] ?? ''))
  await cluster.advance(1_000)
  assert.ok(record.end().nobodyMs <= 410)
  assert.deepEqual([cluster.notOwnedOnce(), cluster.said('otherRing')], [[], 0])
})
