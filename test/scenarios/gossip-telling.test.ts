// SPDX-License-Identifier: Apache-2.0
/** How soon the ring knows what a member says: of itself, and of one that somebody found dead. In simulated time. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lanBut, type Node, Ring } from './gossip-ring.ts'

/** There and back, and no round of gossip between. */
const AT_ONCE_MS = 5

function others(ring: Ring, node: Node): Node[] {
  return ring.nodes.filter((other) => other !== node)
}

test('new metadata are known to all at once, and the last ones stay', async () => {
  const ring = await Ring.of(30)
  const speaker = ring.node(7)
  const isKnown = (meta: string) => () =>
    others(ring, speaker).every(({ changes }) => changes.findLast(({ seen }) => seen === speaker.name)?.meta === meta)
  for (const meta of ['one', 'two', 'three']) speaker.gossip.setMeta(Buffer.from(meta))
  assert.ok(await ring.clock.runUntil(isKnown('three'), AT_ONCE_MS))
  await ring.clock.advance(10_000)
  assert.ok(isKnown('three')())
  ring.close()
})

test('with 30 % loss nearly all know within half a second, without any gossip', async () => {
  const ring = await Ring.of(20, { config: lanBut({ pushPullIntervalMs: 0 }) })
  const [speaker, config] = [ring.node(7), lanBut({ gossipNodes: 0, pushPullIntervalMs: 0, probeIntervalMs: 60_000 })]
  const quiet = await ring.addAt({ name: 'quiet', address: '10.5.5.5' }, { config })
  await ring.awaited(quiet.gossip.join([{ address: speaker.address, port: 7946 }]))
  await ring.clock.advance(2_000)
  ring.network.setLoss(quiet.address, '*', 0.3)
  // What is heard twice is not passed on twice: without gossip of others each has it from the quiet one.
  for (const node of ring.nodes)
    for (const other of ring.nodes) if (node !== other) ring.network.setLoss(node.address, other.address, 1)
  let known = 0
  for (let time = 0; time < 10; time++) {
    quiet.gossip.setMeta(Buffer.from(`m${time}`))
    await ring.clock.advance(500)
    known += ring.nodes.filter(({ changes }) => changes.some(({ meta }) => meta === `m${time}`)).length
  }
  assert.ok(known > 187, `${known} of 200`)
  ring.close()
  quiet.gossip.close()
})

test('who leaves has left at all others at once; it stays away, and nobody calls it dead', async () => {
  const ring = await Ring.of(30)
  const leaver = ring.node(3)
  const startMs = ring.clock.monotonicMs()
  await ring.awaited(leaver.gossip.leave(1_000))
  assert.ok(ring.clock.monotonicMs() - startMs <= AT_ONCE_MS)
  assert.ok(others(ring, leaver).every((node) => ring.stateAt(node, leaver) === 'left'))
  leaver.gossip.setMeta(Buffer.from('too late'))
  await ring.clock.advance(20_000)
  assert.ok(others(ring, leaver).every((node) => ring.stateAt(node, leaver) === 'left'))
  assert.deepEqual(ring.told('dead'), [])
  ring.close()
})

test('in a ring of 100 most know at once that one left, and all a little later', async () => {
  const ring = await Ring.of(100)
  const leaver = ring.node(3)
  await ring.awaited(leaver.gossip.leave(5_000))
  assert.ok(
    await ring.clock.runUntil(() => others(ring, leaver).every((n) => ring.stateAt(n, leaver) === 'left'), 3_000),
  )
  ring.close()
})

test('with nobody left to tell, leaving is done at once', async () => {
  const ring = new Ring()
  const alone = await ring.add()
  await ring.awaited(alone.gossip.leave(60_000), 1)
  assert.equal(alone.gossip.members()[0]?.state, 'left')
  ring.close()
})

test('whom one declares dead is dead for all at once, and stays it', async () => {
  const ring = await Ring.of(20)
  const victim = ring.node(5)
  ring.crash(victim)
  ring.node(9).gossip.declareDead(victim.name)
  const isDead = (): boolean => others(ring, victim).every((node) => ring.stateAt(node, victim) === 'dead')
  assert.ok(await ring.clock.runUntil(isDead, AT_ONCE_MS))
  await ring.clock.advance(20_000)
  assert.ok(isDead())
  ring.close()
})

test('who is declared dead and lives refutes it at once, for everybody', async () => {
  const ring = await Ring.of(20)
  const [liar, victim] = [ring.node(9), ring.node(5)]
  liar.gossip.declareDead(victim.name)
  assert.equal(ring.stateAt(liar, victim), 'dead')
  await ring.clock.advance(AT_ONCE_MS)
  assert.ok(ring.isWhole())
  await ring.clock.advance(20_000)
  assert.ok(ring.isWhole())
  liar.gossip.declareDead('nobody')
  liar.gossip.declareDead(liar.name)
  assert.ok(ring.isWhole())
  ring.close()
})

test('whoever has proof of life only suspects whom another calls dead, passes it on, and hears the protest', async () => {
  const ring = await Ring.of(5)
  const [liar, victim] = [ring.node(0), ring.node(1)]
  const watchers = ring.nodes.slice(2)
  for (const { provenAlive } of watchers) provenAlive.add(victim.name)
  const liesMs = ring.clock.monotonicMs()
  liar.gossip.declareDead(victim.name)
  await ring.clock.advance(20)
  assert.ok(ring.isWhole())
  await ring.clock.advance(10_000)
  assert.deepEqual(
    watchers.flatMap(({ changes }) => changes.filter(({ state }) => state === 'dead')),
    [],
  )
  assert.deepEqual(ring.told('dead', liesMs).length, 1)
  ring.close()
})

test('proof of life keeps one that gossip does not reach a suspect; without it it is dead soon', async () => {
  const ring = await Ring.of(3)
  const [watcher, victim] = [ring.node(0), ring.node(1)]
  for (const node of others(ring, victim)) {
    node.provenAlive.add(victim.name)
    ring.network.partition([node.address], [victim.address])
  }
  await ring.clock.advance(120_000)
  assert.equal(ring.stateAt(watcher, victim), 'suspect')
  for (const node of others(ring, victim)) node.provenAlive.clear()
  assert.ok(await ring.clock.runUntil(() => ring.stateAt(watcher, victim) === 'dead', 10_000))
  ring.close()
})

test('resync asks several: true with one of three alive, false with none', async () => {
  const ring = await Ring.of(4)
  for (const number of [1, 2]) ring.crash(ring.node(number))
  assert.equal(await ring.awaited(ring.node(0).gossip.resync()), true)
  ring.crash(ring.node(3))
  assert.equal(await ring.awaited(ring.node(0).gossip.resync()), false)
  ring.close()
})
