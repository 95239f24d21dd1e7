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
    assert.ok(await cluster.until(() => cluster.isOwnedOnce(), 2_000), 'two owners')
    context.diagnostic(`one owner ${cluster.clock.monotonicMs() - healedMs} ms after it`)
    await cluster.advance(5_000)
    assert.ok(cluster.isOwnedOnce())
    assert.ok(record.end().nobodyMs < 50, 'somebody always answered')
  })
}
