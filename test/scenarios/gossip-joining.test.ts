// SPDX-License-Identifier: Apache-2.0
/** Who becomes a member of the ring and who does not, in simulated time. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lanBut, type Node, Ring } from './gossip-ring.ts'

const PORT = 7946
const KEY = new Uint8Array(32).fill(7)

function peerOf(node: Node): { address: string; port: number } {
  return { address: node.address, port: PORT }
}

test('50 nodes that join one at the same moment all know each other within 5 s', async () => {
  const ring = new Ring(3)
  for (let i = 0; i < 50; i++) await ring.add({ meta: Buffer.from(`of ${i}`) })
  const startMs = ring.clock.monotonicMs()
  await ring.joinAll()
  assert.ok(await ring.clock.runUntil(() => ring.isWhole(), 5_000 - ring.clock.monotonicMs() + startMs))
  const members = ring.node(49).gossip.members()
  assert.equal(Buffer.from(members.find(({ name }) => name === 'node17')?.meta ?? []).toString(), 'of 17')
  assert.deepEqual([ring.told('suspect'), ring.told('dead')], [[], []])
  ring.close()
})

test('join tells how many answered, tries all at the same time, and leaves itself out', async () => {
  const ring = new Ring()
  for (let i = 0; i < 3; i++) await ring.add()
  const silent = { address: '10.9.9.9', port: PORT }
  const startMs = ring.clock.monotonicMs()
  const peers = [silent, ...ring.nodes.map(peerOf), silent, { address: '10.0.0.2', port: 1 }]
  const joined = await ring.awaited(ring.node(0).gossip.join(peers))
  assert.equal(joined, 2)
  assert.ok(ring.clock.monotonicMs() - startMs <= 10_001, 'no longer than one that does not answer')
  assert.equal(await ring.awaited(ring.node(0).gossip.join([])), 0)
  ring.close()
})

for (const [what, theirs] of [
  ['another key', { key: new Uint8Array(32).fill(8) }],
  ['no key', { key: null }],
  ['another label', { key: KEY, label: 'other' }],
] as const) {
  test(`${what}: neither joins the other, whoever begins`, async () => {
    const ring = await Ring.of(2, { key: KEY })
    const stranger = await ring.add(theirs)
    assert.equal(await ring.awaited(stranger.gossip.join([peerOf(ring.node(0))])), 0)
    assert.equal(await ring.awaited(ring.node(1).gossip.join([peerOf(stranger)])), 0)
    await ring.clock.advance(60_000)
    assert.equal(stranger.gossip.members().length, 1)
    assert.ok(ring.nodes.slice(0, 2).every(({ gossip }) => gossip.members().length === 2))
    const dropped = ring.nodes.flatMap(({ gossip }) => Object.values(gossip.counters().drops))
    assert.ok(
      dropped.some((drops) => drops > 0),
      'it is counted',
    )
    ring.close()
  })
}

test('with the same key and label they do', async () => {
  const ring = await Ring.of(3, { key: KEY, label: 'metallb' })
  assert.ok(ring.isWhole())
  ring.close()
})

test('members without compression and with it are one ring', async () => {
  const ring = await Ring.of(2, { key: KEY })
  const plain = await ring.add({ key: KEY, config: lanBut({ enableCompression: false }) })
  await ring.awaited(plain.gossip.join([peerOf(ring.node(0))]))
  assert.ok(await ring.clock.runUntil(() => ring.isWhole(), 2_000))
  ring.close()
})

test('a member without metadata stands beside those that have some', async () => {
  const ring = await Ring.of(2, { meta: Buffer.from('{"some":true}') })
  const bare = await ring.add({ meta: new Uint8Array(0) })
  await ring.awaited(bare.gossip.join([peerOf(ring.node(0))]))
  assert.ok(await ring.clock.runUntil(() => ring.isWhole(), 2_000))
  const lengths = ring
    .node(1)
    .gossip.members()
    .map(({ name, meta }) => [name, meta.length])
  assert.deepEqual(Object.fromEntries(lengths), { node0: 13, node1: 13, node2: 0 })
  ring.close()
})

test('a second node with a name that is taken is not let in, and harms nobody', async () => {
  const ring = await Ring.of(3)
  const address = '10.7.7.7'
  const twin = await ring.add({}, 3)
  const double = await ring.addAt({ name: 'node1', address })
  await ring.awaited(double.gossip.join([peerOf(ring.node(0))]))
  await ring.awaited(twin.gossip.join([peerOf(ring.node(0))]))
  await ring.clock.advance(60_000)
  for (const node of [ring.node(0), ring.node(2)]) {
    const known = node.gossip.members().find(({ name }) => name === 'node1')
    assert.deepEqual([known?.address, known?.state], [ring.node(1).address, 'alive'])
  }
  double.gossip.close()
  ring.close()
})

test('ten nodes restart one after the other: nobody is ever called dead, each is missed only while it is away', async () => {
  const ring = await Ring.of(10)
  await ring.clock.advance(2_000)
  for (let number = 0; number < 10; number++) {
    const old = ring.node(number)
    await ring.awaited(old.gossip.leave(500))
    ring.crash(old)
    const others = ring.nodes.filter((node) => node !== old)
    assert.ok(await ring.clock.runUntil(() => others.every((node) => ring.stateAt(node, old) === 'left'), 1_000))
    await ring.clock.advance(2_000)
    const fresh = await ring.add({ meta: Buffer.from('new') }, number)
    assert.ok((await ring.awaited(fresh.gossip.join(others.map(peerOf)))) >= 8)
    assert.ok(await ring.clock.runUntil(() => ring.isWhole(), 1_000), `${fresh.name} is back`)
  }
  await ring.clock.advance(30_000)
  assert.ok(ring.isWhole())
  assert.deepEqual([ring.told('suspect'), ring.told('dead')], [[], []])
  ring.close()
})
