// SPDX-License-Identifier: Apache-2.0
/** What the ring says of nodes that fail, and of those that do not: at memberlist's LAN settings, in simulated time. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Node, Ring } from './gossip-ring.ts'

const PORT = 7946

function without(ring: Ring, ...gone: readonly Node[]): Node[] {
  return ring.nodes.filter((node) => !gone.includes(node))
}

function isDeadAtAll(ring: Ring, node: Node): boolean {
  return without(ring, node).every((other) => ring.stateAt(other, node) === 'dead')
}

// A probe of it begins within two rounds, fails after an interval; then it is a suspect for 4 × max(1, log10 n) intervals.
for (const [nodes, withinMs] of [
  [2, 7_000],
  [3, 9_000],
  [5, 15_000],
  [20, 20_000],
] as const) {
  test(`a crash of one of ${nodes} nodes is known to all others within ${withinMs / 1000} s, and nobody else is blamed`, async () => {
    const ring = await Ring.of(nodes, { seed: nodes })
    await ring.clock.advance(3_000)
    const victim = ring.node(1)
    ring.crash(victim)
    const crashedMs = ring.clock.monotonicMs()
    assert.ok(await ring.clock.runUntil(() => isDeadAtAll(ring, victim), withinMs))
    assert.ok(ring.clock.monotonicMs() - crashedMs >= 4_000, 'it had its time to protest')
    await ring.clock.advance(90_000)
    const blamed = new Set(ring.nodes.flatMap(({ changes }) => changes.map(({ seen, state }) => `${seen} ${state}`)))
    const bad = [...blamed].filter((change) => !change.endsWith('alive')).toSorted()
    assert.deepEqual(bad, ['node1 dead', 'node1 suspect'])
    for (const node of without(ring, victim)) assert.equal(ring.stateAt(node, victim), undefined, 'it is forgotten')
    ring.close()
  })
}

test('a node that restarts at once under its name is back within a second, although the others still expect its old life', async () => {
  const ring = await Ring.of(5)
  ring.node(3).gossip.setMeta(Buffer.from('of its first life'))
  await ring.clock.advance(3_000)
  ring.crash(ring.node(3))
  await ring.clock.advance(500)
  const again = await ring.add({ meta: Buffer.from('of its second life') }, 3)
  await ring.awaited(again.gossip.join([{ address: ring.node(0).address, port: PORT }]))
  const isKnown = (): boolean =>
    without(ring, again).every(({ changes }) => changes.some(({ meta }) => meta === 'of its second life'))
  assert.ok(await ring.clock.runUntil(isKnown, 1_000))
  await ring.clock.advance(30_000)
  assert.ok(ring.isWhole())
  assert.deepEqual(ring.told('dead'), [])
  ring.close()
})

for (const stoppedMs of [300, 1_500, 3_000]) {
  test(`a process stopped for ${stoppedMs} ms is not called dead, and accuses nobody`, async () => {
    const ring = await Ring.of(5, { seed: stoppedMs })
    await ring.clock.advance(5_000)
    const stopped = ring.node(2)
    ring.stop(stopped)
    await ring.clock.advance(stoppedMs)
    ring.goOn(stopped)
    await ring.clock.advance(30_000)
    assert.ok(ring.isWhole())
    assert.deepEqual(ring.told('dead'), [])
    assert.deepEqual(
      stopped.changes.filter(({ state }) => state !== 'alive'),
      [],
    )
    ring.close()
  })
}

test('a process stopped for 20 s is dead for the others, accuses nobody when it goes on, and is back at once', async () => {
  const ring = await Ring.of(5)
  await ring.clock.advance(5_000)
  const stopped = ring.node(2)
  ring.stop(stopped)
  assert.ok(await ring.clock.runUntil(() => isDeadAtAll(ring, stopped), 15_000))
  await ring.clock.advance(10_000)
  ring.goOn(stopped)
  const wokenMs = ring.clock.monotonicMs()
  // It finds the accusation among what waits for it, and refutes it to everybody.
  assert.ok(await ring.clock.runUntil(() => ring.isWhole(), 100))
  await ring.clock.advance(60_000)
  assert.deepEqual([ring.told('suspect', wokenMs), ring.told('dead', wokenMs)], [[], []])
  ring.close()
})

test('stopped again and again while answers are on their way, it accuses nobody', async () => {
  const ring = await Ring.of(4)
  ring.network.setDelayMs('*', '*', 100)
  const stopped = ring.node(2)
  for (let time = 0; time < 30; time++) {
    await ring.clock.advance(2_037)
    ring.stop(stopped)
    await ring.clock.advance(2_500)
    ring.goOn(stopped)
  }
  assert.deepEqual(
    stopped.changes.filter(({ state }) => state !== 'alive'),
    [],
  )
  ring.close()
})

test('a process that was stopped while it suspected another gives that one its time again', async () => {
  const ring = await Ring.of(3)
  await ring.clock.advance(5_000)
  const [judge, suspect] = [ring.node(0), ring.node(1)]
  ring.network.partition([judge.address], [suspect.address])
  ring.network.partition([ring.node(2).address], [suspect.address])
  assert.ok(await ring.clock.runUntil(() => ring.stateAt(judge, suspect) === 'suspect', 10_000))
  ring.stop(judge)
  ring.network.heal()
  await ring.clock.advance(60_000)
  ring.goOn(judge)
  await ring.clock.advance(30_000)
  assert.deepEqual(
    judge.changes.filter(({ state }) => state === 'dead'),
    [],
  )
  ring.close()
})

for (const cutMs of [8_000, 20_000, 120_000]) {
  test(`halves that were apart for ${cutMs / 1000} s are one ring at once after all join those they miss`, async () => {
    const ring = await halvesApart(cutMs)
    const [left, right] = [ring.nodes.slice(0, 3), ring.nodes.slice(3)]
    // As the speaker does every minute.
    const joins = left.map(({ gossip }) => gossip.join(right.map(({ address }) => ({ address, port: PORT }))))
    assert.deepEqual(await ring.awaited(Promise.all(joins)), [3, 3, 3])
    assert.ok(await ring.clock.runUntil(() => ring.isWhole(), 100))
    await staysWhole(ring)
  })
}

test('one member that joins across makes two halves one ring again: what gossip misses the next exchanges bring', async () => {
  const ring = await halvesApart(120_000)
  await ring.awaited(ring.node(0).gossip.join([{ address: ring.node(5).address, port: PORT }]))
  assert.ok(await ring.clock.runUntil(() => ring.isWhole(), 90_000))
  await staysWhole(ring)
})

/** Six nodes that were two rings for that long, and can talk again. */
async function halvesApart(cutMs: number): Promise<Ring> {
  const ring = await Ring.of(6)
  await ring.clock.advance(5_000)
  const halves = [ring.nodes.slice(0, 3), ring.nodes.slice(3)]
  const [left = [], right = []] = halves.map((half) => half.map(({ address }) => address))
  ring.network.partition(left, right)
  await ring.clock.advance(cutMs)
  for (const half of halves) assert.ok(ring.isWhole(half), 'a half keeps together')
  ring.network.heal()
  return ring
}

async function staysWhole(ring: Ring): Promise<void> {
  const wholeMs = ring.clock.monotonicMs()
  await ring.clock.advance(60_000)
  assert.ok(ring.isWhole())
  assert.deepEqual(ring.told('dead', wholeMs), [])
  ring.close()
}

test('two that cannot talk at all to each other: others ping for them, and nobody is even suspected', async () => {
  const ring = await Ring.of(5)
  ring.network.partition([ring.node(1).address], [ring.node(2).address])
  await ring.clock.advance(300_000)
  assert.deepEqual([ring.told('suspect'), ring.told('dead')], [[], []])
  assert.deepEqual(
    ring.nodes.map(({ gossip }) => gossip.counters().healthScore),
    [0, 0, 0, 0, 0],
  )
  ring.close()
})

test('where a firewall drops all datagrams of a node, TCP shows that it lives', async () => {
  const ring = new Ring()
  for (const isMute of [false, true]) await ring.add({ isMute })
  await ring.joinAll()
  await ring.clock.advance(120_000)
  assert.deepEqual(
    ring.node(0).changes.filter(({ state }) => state !== 'alive'),
    [],
  )
  ring.close()
})

test('one direction between two nodes lost: the others vouch for both, nobody is called dead', async () => {
  const ring = await Ring.of(5)
  ring.network.setLoss(ring.node(1).address, ring.node(2).address, 1)
  await ring.clock.advance(300_000)
  assert.deepEqual(ring.told('dead'), [])
  ring.close()
})

test('a node that hears nobody but is heard is dead for the others, and calls nobody dead that it hears of', async () => {
  const ring = await Ring.of(5)
  await ring.clock.advance(5_000)
  const deaf = ring.node(2)
  for (const other of without(ring, deaf)) ring.network.setLoss(other.address, deaf.address, 1)
  assert.ok(await ring.clock.runUntil(() => isDeadAtAll(ring, deaf), 30_000))
  await ring.clock.advance(20_000)
  const others = without(ring, deaf)
  assert.ok(ring.isWhole(others), 'what the deaf one says of the others they refute')
  ring.close()
})

test('30 % loss for 10 minutes: whoever is called dead without being it is back within 2 s', async (context) => {
  let deaths = 0
  for (const [nodes, seed] of [
    [5, 1],
    [5, 2],
    [5, 3],
    [3, 4],
  ] as const) {
    const ring = await Ring.of(nodes, { seed })
    ring.network.setLoss('*', '*', 0.3)
    await ring.clock.advance(600_000)
    for (const { changes } of ring.nodes) {
      for (const [index, { seen, state, atMs }] of changes.entries()) {
        if (state !== 'dead') continue
        deaths++
        const back = changes.slice(index).find((change) => change.seen === seen && change.state === 'alive')
        assert.ok(back && back.atMs - atMs < 2_000, `${seen} is not back`)
      }
    }
    ring.close()
  }
  context.diagnostic(`${deaths} false deaths, each as one node saw it, in 40 minutes of four rings`)
  assert.ok(deaths <= 8)
})

test('30 % loss for 10 minutes: who is watched more closely is never called dead', async () => {
  const ring = await Ring.of(5, { seed: 4 })
  for (const { provenAlive } of ring.nodes) for (const { name } of ring.nodes) provenAlive.add(name)
  ring.network.setLoss('*', '*', 0.3)
  await ring.clock.advance(600_000)
  assert.deepEqual(ring.told('dead'), [])
  assert.ok(ring.told('suspect').length > 0, 'it was suspected')
  ring.close()
})

test('10 % loss for 10 minutes: nobody is called dead', async () => {
  const ring = await Ring.of(5, { seed: 5 })
  ring.network.setLoss('*', '*', 0.1)
  await ring.clock.advance(600_000)
  assert.deepEqual(ring.told('dead'), [])
  ring.close()
})

test('the clock on the wall jumps a year to and fro: nobody notices', async () => {
  const ring = await Ring.of(3)
  for (const byMs of [31_536_000_000, -63_072_000_000, 31_536_000_000]) {
    ring.clock.stepWall(byMs)
    await ring.clock.advance(10_000)
  }
  assert.ok(ring.isWhole())
  assert.deepEqual([ring.told('suspect'), ring.told('dead')], [[], []])
  ring.close()
})
