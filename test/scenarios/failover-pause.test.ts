// SPDX-License-Identifier: Apache-2.0
/** Processes that are stopped and machines that sleep, in simulated time. Who was away is silent until it has asked. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SpeakerCluster } from '../sim/speaker-node-cluster.ts'

const PAUSES: ['stop' | 'sleep', number][] = [
  ['stop', 290],
  ['stop', 310],
  ['stop', 390],
  ['stop', 450],
  ['stop', 1_000],
  ['stop', 60_000],
  ['sleep', 290],
  ['sleep', 450],
  ['sleep', 600_000],
]
for (const [how, pausedMs] of PAUSES) {
  const what = how === 'stop' ? `a process is stopped for ${pausedMs} ms` : `a machine sleeps for ${pausedMs / 1000} s`
  test(`${what}: others answer within 410 ms, and it again at once when it goes on, never two for more than 5 ms`, async () => {
    const cluster = await SpeakerCluster.of({ nodes: 3, seed: pausedMs })
    const owner = cluster.ownerOf(cluster.ips[0] ?? '')
    const owned = cluster.ownedBy(owner)
    const before = cluster.record(cluster.ips, 2)
    cluster[how](owner)
    await cluster.advance(Math.min(pausedMs, 1_000))
    before.end()
    await cluster.advance(Math.max(0, pausedMs - 1_000))
    assert.ok(before.nobodyMs <= 410, `nobody answered for ${before.nobodyMs} ms`)
    const after = cluster.record(cluster.ips, 1)
    cluster.goOn(owner)
    await cluster.advance(10)
    assert.deepEqual(cluster.ownedBy(owner), owned)
    await cluster.advance(2_000)
    assert.ok(cluster.isOwnedOnce())
    assert.ok(after.end().severalMs <= 5, `two answered for ${after.severalMs} ms`)
    assert.ok(after.nobodyMs <= 5, `nobody answered for ${after.nobodyMs} ms`)
  })
}

test('a process that was stopped while others were stopped too takes nobody for dead', async () => {
  const cluster = await SpeakerCluster.of({ nodes: 3 })
  const said = cluster.said('serviceAnnounced')
  for (const node of cluster.nodes) cluster.stop(node)
  await cluster.advance(10_000)
  for (const node of cluster.nodes) cluster.goOn(node)
  await cluster.advance(10_000)
  assert.ok(cluster.isOwnedOnce())
  assert.deepEqual([cluster.said('speakerLost'), cluster.said('serviceAnnounced') - said], [0, 0])
})

// Its watches ended in peace with the pause, and so it takes memberlist's time until the others are dead for it.
test('a node that goes on while it is cut off is silent for 2 s, then answers for its own, and 12 s later for all', async () => {
  const cluster = await SpeakerCluster.of({ nodes: 3 })
  const owner = cluster.ownerOf(cluster.ips[0] ?? '')
  const owned = cluster.ownedBy(owner)
  cluster.stop(owner)
  await cluster.advance(1_000)
  cluster.cutOff(owner)
  cluster.goOn(owner)
  await cluster.advance(1_900)
  assert.deepEqual(cluster.ownedBy(owner), [])
  assert.ok(cluster.isOwnedOnce())
  await cluster.advance(200)
  assert.deepEqual(cluster.ownedBy(owner), owned)
  await cluster.advance(12_000)
  assert.deepEqual(cluster.ownedBy(owner), cluster.ips)
  cluster.network.heal()
  assert.ok(await cluster.ownedOnceWithin(2_000))
})

test('a node that goes on under 30 % loss: never two for more than 300 ms', async () => {
  let longestMs = 0
  for (let seed = 1; seed <= 10; seed++) {
    const cluster = await SpeakerCluster.of({ nodes: 3, seed })
    const owner = cluster.ownerOf(cluster.ips[0] ?? '')
    cluster.stop(owner)
    await cluster.advance(2_000)
    cluster.network.setLoss('*', '*', 0.3)
    const record = cluster.record(cluster.ips, 5)
    cluster.goOn(owner)
    await cluster.advance(1_000)
    longestMs = Math.max(longestMs, record.end().severalMs)
  }
  assert.ok(longestMs <= 300, `${longestMs} ms`)
})

test('wall clocks jump an hour to and fro: nobody notices', async () => {
  const cluster = await SpeakerCluster.of({ nodes: 3 })
  const record = cluster.record(cluster.ips, 10)
  for (const byMs of [3_600_000, -7_200_000, 3_600_000]) {
    cluster.clock.stepWall(byMs)
    await cluster.advance(5_000)
  }
  assert.equal(record.end().changes, 0)
  assert.deepEqual([cluster.said('speakerLost'), cluster.notOwnedOnce()], [0, []])
})
