// SPDX-License-Identifier: Apache-2.0
/** Health gates and interfaces told in the ring, in simulated time: who is passed over, and when that ends. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nameOf, SpeakerCluster } from '../sim/speaker-node-cluster.ts'

const PORT = 8080
/** Three probes at one every 2 s, the first of which may be 2 s away; and a word to everybody. */
const FALL_MS = 6_100
/** Two of them. */
const RISE_MS = 4_100

function asksFor(port: number): Record<string, string> {
  return { 'metallb.io/healthCheckNodePort': String(port) }
}

function asksForItsOwn(service: number): Record<string, string> {
  return asksFor(20_000 + service)
}

function gated(seed: number): Promise<SpeakerCluster> {
  return SpeakerCluster.of({ nodes: 3, seed, annotationsOf: () => asksFor(PORT) })
}

test('what fails on its owner and passes on others moves, and returns with the first good answers', async () => {
  const cluster = await gated(1)
  for (const { healthy } of cluster.nodes) healthy.add(PORT)
  await cluster.advance(RISE_MS)
  const [ip = ''] = cluster.ips
  const ill = cluster.ownerOf(ip)
  const record = cluster.record([ip])
  ill.healthy.delete(PORT)
  assert.ok(await cluster.until(() => !ill.answers(ip), FALL_MS))
  await cluster.advance(100)
  assert.deepEqual(cluster.notOwnedOnce(), [])
  assert.deepEqual(cluster.ownedBy(ill), [])
  ill.healthy.add(PORT)
  assert.ok(await cluster.until(() => cluster.answering(ip).join() === ill.name, RISE_MS))
  assert.ok(record.end().nobodyMs <= 10 && record.severalMs <= 10, `${record.nobodyMs} ${record.severalMs}`)
})

test('it passes on two of three nodes: they share the addresses; it passes nowhere: as if nothing were probed', async () => {
  const cluster = await gated(2)
  const owners = (): string[] => cluster.ips.map((ip) => cluster.ownerOf(ip).name)
  const without = owners()
  for (const number of [0, 1]) cluster.node(number).healthy.add(PORT)
  await cluster.advance(RISE_MS)
  assert.deepEqual([...new Set(owners())].toSorted(), [nameOf(0), nameOf(1)])
  const record = cluster.record(cluster.ips, 10)
  for (const { healthy } of cluster.nodes) healthy.clear()
  await cluster.advance(FALL_MS)
  assert.deepEqual(owners(), without)
  assert.ok(record.end().nobodyMs <= 20, `${record.nobodyMs} ms`)
})

test('the last node that passes crashes: all others answer again within half a second', async () => {
  const cluster = await gated(3)
  cluster.node(2).healthy.add(PORT)
  await cluster.advance(RISE_MS)
  assert.deepEqual(cluster.ownedBy(cluster.node(2)), cluster.ips)
  const record = cluster.record()
  cluster.crash(cluster.node(2))
  await cluster.advance(1_000)
  assert.ok(cluster.isOwnedOnce())
  assert.ok(record.end().nobodyMs <= 420, `${record.nobodyMs} ms`)
})

/** As many as fit are told; what is left out counts as failed at that node, for itself as well. */
for (const [gates, told] of [
  [240, 120],
  [400, 150],
] as const) {
  test(`${gates} gates, of which half pass on one node only: it answers for at least ${told} of those, each has one owner`, async () => {
    const cluster = await SpeakerCluster.of({ nodes: 3, services: gates, annotationsOf: asksForItsOwn })
    const [well] = cluster.nodes
    for (let service = 0; service < gates / 2; service++) well?.healthy.add(20_000 + service)
    await cluster.advance(RISE_MS)
    assert.deepEqual(cluster.notOwnedOnce(), [])
    const healthy = cluster.ips.slice(0, gates / 2).filter((ip) => well?.answers(ip))
    assert.ok(healthy.length >= told, `${healthy.length}`)
    assert.ok(
      cluster.ips.slice(gates / 2).some((ip) => cluster.node(1).answers(ip)),
      'what passes nowhere is shared',
    )
  })
}

test('a node without the interface that the advertisement names answers for nothing; another one loses it and gets it back', async () => {
  const cluster = new SpeakerCluster({ nodes: 3, interfaces: ['eth1'] })
  const both = { links: ['eth0', 'eth1'] }
  await cluster.start([both, both, {}])
  await cluster.advance(3_000)
  assert.deepEqual(cluster.notOwnedOnce(), [])
  assert.deepEqual(cluster.ownedBy(cluster.node(2)), [])
  const before = cluster.ownedBy(cluster.node(0))
  assert.ok(before.length > 0 && before.length < cluster.ips.length)
  const record = cluster.record(cluster.ips, 1)
  cluster.plug(cluster.node(0), ['eth0'])
  await cluster.advance(20)
  assert.deepEqual(cluster.ownedBy(cluster.node(1)), cluster.ips)
  assert.ok(record.end().nobodyMs <= 5, `${record.nobodyMs} ms`)
  cluster.plug(cluster.node(0), ['eth0', 'eth1'])
  await cluster.advance(20)
  assert.deepEqual(cluster.ownedBy(cluster.node(0)), before)
  assert.ok(cluster.isOwnedOnce())
})

test('no node has the interface: nobody answers, until one gets it', async () => {
  const cluster = new SpeakerCluster({ nodes: 2, interfaces: ['eth1'] })
  await cluster.start([{}, {}])
  await cluster.advance(1_000)
  assert.deepEqual(
    cluster.ips.flatMap((ip) => cluster.answering(ip)),
    [],
  )
  cluster.plug(cluster.node(1), ['eth0', 'eth1'])
  await cluster.advance(20)
  assert.deepEqual(cluster.ownedBy(cluster.node(1)), cluster.ips)
})
