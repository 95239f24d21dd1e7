// SPDX-License-Identifier: Apache-2.0
/** Two of our own sessions talk to each other, and lose each other. In simulated time. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encode } from '../../src/bgp/codec/codec.ts'
import type { Message } from '../../src/bgp/codec/message.ts'
import { FAR, FAR_CONFIG, NEAR, NEAR_CONFIG, pair, passive, Speaker, World } from './bgp-speakers.ts'

const MINUTE_MS = 60_000
const gracefulRestart = { restartSeconds: 120 }
const endOfRib: Message = {
  type: 'update',
  reach: [],
  unreach: [],
  attributes: {},
  endOfRib: 'ipv4',
  flaw: null,
}

async function up(world: World, ...speakers: Parameters<typeof pair> extends [World, ...infer Rest] ? Rest : never) {
  const both = await pair(world, ...speakers)
  await world.until(() => both.near.isUp && both.far.isUp, 10_000, 'both are up')
  return both
}

test('a session comes up, stays up, and both sides agree on what it is', async () => {
  const world = new World()
  const { near, far } = await up(world)
  await world.clock.advance(60 * MINUTE_MS)
  const [ours, theirs] = [near.session.view(), far.session.view()]
  assert.deepEqual([near.log, far.log], [['up'], ['up']])
  assert.deepEqual([ours.remote?.address, theirs.remote?.address], [FAR, NEAR])
  assert.deepEqual([near.local?.address, ours.local, far.local], [NEAR, near.local, null])
  assert.deepEqual([ours.isAccepted, theirs.isAccepted], [false, true])
  assert.deepEqual([ours.sent, ours.received], [theirs.received, theirs.sent])
  assert.deepEqual([ours.peerAsn, theirs.peerAsn], [64_501, 64_500])
  assert.deepEqual(near.negotiated?.dialect, far.negotiated?.dialect)
  assert.deepEqual([ours.families, ours.holdMs, ours.keepaliveMs], [['ipv4', 'ipv6'], 90_000, 30_000])
  assert.equal(ours.counters.sent.open, 1)
  assert.deepEqual([ours.counters.ups, ours.counters.downs, ours.lastError], [1, 0, null])
  // Every 22.5 to 30 s, and one that answers the OPEN.
  const { keepalive } = ours.counters.sent
  assert.ok(keepalive > 121 && keepalive < 161, `${keepalive}`)
  assert.deepEqual(Object.keys(ours.timersMs).toSorted(), ['hold', 'keepalive', 'sendHold'])
  assert.ok((ours.timersMs.hold ?? 0) > 59_000)
})

test('UPDATEs and refreshes arrive', async () => {
  const world = new World()
  const { near, far } = await up(world)
  const dialect = near.negotiated?.dialect
  assert.ok(dialect)
  assert.equal(near.send(encode(endOfRib, dialect)), true)
  const refresh: Message = { type: 'routeRefresh', afi: 2, safi: 1, family: 'ipv6', subtype: 0 }
  near.send(encode(refresh, dialect))
  await world.clock.advance(100)
  assert.deepEqual(
    far.updates.map((update) => update.endOfRib),
    ['ipv4'],
  )
  assert.deepEqual(far.log, ['up', 'refresh ipv6'])
  const [{ sent }, { received }] = [near.session.view().counters, far.session.view().counters]
  assert.deepEqual([sent.update, sent.routeRefresh], [1, 1])
  assert.deepEqual([received.update, received.routeRefresh], [1, 1])
})

test('both dial and both listen: one connection is left, whatever the network does', async () => {
  let collisions = 0
  for (let seed = 1; seed <= 60; seed++) {
    const world = new World(seed)
    const both = { listens: true }
    // Who has the higher router ID differs from seed to seed.
    const [one, other] = seed % 2 === 0 ? [1, 2] : [2, 1]
    const near = { ...both, config: { ...NEAR_CONFIG, routerId: one } }
    const far = { ...both, config: { ...FAR_CONFIG, routerId: other } }
    const speakers = await pair(world, near, far)
    world.network.setDelayMs('*', '*', [1, 1 + world.random() * 100])
    await world.until(() => speakers.near.isUp && speakers.far.isUp, 60_000, `seed ${seed}: both are up`)
    await world.clock.advance(10 * MINUTE_MS)
    assert.ok(speakers.near.isUp && speakers.far.isUp, `seed ${seed}`)
    const [ours, theirs] = [speakers.near.session.view(), speakers.far.session.view()]
    assert.notEqual(ours.isAccepted, theirs.isAccepted, `seed ${seed}: both speak on the same one`)
    collisions += ours.counters.sent.notification + theirs.counters.sent.notification > 0 ? 1 : 0
  }
  assert.ok(collisions > 30, `${collisions} collisions`)
})

test('collision: of two that dial at the same moment the one with the higher router ID has dialled', async () => {
  for (const [ours, theirs] of [
    [1, 2],
    [2, 1],
    [0xff_00_00_00, 1],
  ] as const) {
    const world = new World()
    const near = { listens: true, config: { ...NEAR_CONFIG, routerId: ours } }
    const far = { listens: true, config: { ...FAR_CONFIG, routerId: theirs } }
    const speakers = await pair(world, near, far)
    await world.until(() => speakers.near.isUp && speakers.far.isUp, 10_000, 'both are up')
    assert.equal(speakers.near.session.view().isAccepted, theirs > ours)
    assert.deepEqual([speakers.near.log, speakers.far.log], [['up'], ['up']])
  }
})

test('both dial and both wait after flaps: who is rejected lets itself be dialled, and they meet', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const world = new World(seed)
    const { near, far } = await up(world, { listens: true }, { config: FAR_CONFIG })
    for (let flap = 0; flap < 9; flap++) {
      near.session.peerDown('BFD', false)
      far.session.peerDown('BFD', false)
      await world.until(() => near.isUp && far.isUp, 150_000, `seed ${seed}: both are up after ${flap + 1} flaps`)
    }
  }
})

test('a peer that falls silent is noticed when the hold time is over, and is found again when it is back', async () => {
  const world = new World()
  const { near, far } = await up(world)
  await world.clock.advance(5 * MINUTE_MS)
  world.network.kill(FAR)
  far.process.kill()
  const lostAt = world.seconds()
  await world.until(() => !near.isUp, 2 * MINUTE_MS, 'it is noticed')
  const noticedAfter = world.seconds() - lostAt
  assert.ok(noticedAfter > 60 && noticedAfter <= 90, `${noticedAfter} s`)
  assert.equal(near.log[1], 'down: hold time expired: nothing was heard from the peer for 90 s')
  assert.equal(near.session.view().lastError?.why, 'hold time expired: nothing was heard from the peer for 90 s')
  await world.clock.advance(30 * MINUTE_MS)
  const anew = await Speaker.on(world, { address: FAR, peer: NEAR, config: passive(FAR_CONFIG), listens: true })
  anew.session.start()
  // A dial that hangs, and a wait of 30 s at most.
  await world.until(() => near.isUp && anew.isUp, 45_000, 'it is found again')
})

test('hold time 0: silence is no fault', async () => {
  const world = new World()
  const { near } = await up(world, {}, { config: passive({ ...FAR_CONFIG, holdMs: 0 }) })
  world.network.kill(FAR)
  await world.clock.advance(60 * MINUTE_MS)
  assert.deepEqual([near.isUp, near.session.view().counters.sent.keepalive], [true, 1])
})

test('a cut of a minute and a half ends a session, one of a minute does not', async () => {
  for (const [cutMs, log] of [
    [55_000, ['up']],
    [95_000, ['up', 'down: hold time expired: nothing was heard from the peer for 90 s', 'up']],
  ] as const) {
    const world = new World()
    const { near, far } = await up(world)
    world.network.partition([NEAR], [FAR])
    await world.clock.advance(cutMs)
    world.network.heal()
    await world.clock.advance(10 * MINUTE_MS)
    assert.deepEqual(
      near.log.filter((line) => !line.startsWith('failed')),
      log,
    )
    assert.ok(near.isUp && far.isUp)
  }
})

test('drained: the peer reads why, and nothing is left', async () => {
  const world = new World()
  const { near, far } = await up(world)
  near.session.stop({ kind: 'drain', text: 'node1 is being replaced' })
  const gone = near.session.gone()
  await world.clock.advance(100)
  await gone
  const why = 'the peer says: Cease: administrative shutdown ("node1 is being replaced")'
  assert.deepEqual(far.log, ['up', `down: ${why}`])
  assert.deepEqual(near.log, ['up', 'down: drained by us: node1 is being replaced'])
  await world.clock.advance(60 * MINUTE_MS)
  assert.deepEqual([near.state, near.dials.length, near.send(new Uint8Array(19))], ['Idle', 1, false])
  near.session.start()
  await world.until(() => near.isUp && far.isUp, 10_000, 'started again, it comes back')
})

test('stopped sessions leave no timer behind', async () => {
  const world = new World()
  const { near, far } = await up(world)
  near.session.stop({ kind: 'removed', text: '' })
  far.session.stop({ kind: 'removed', text: '' })
  await world.clock.advance(100)
  assert.equal(world.clock.waiting, 0)
})

test('removed, changed, and broken by BFD: each says so', async () => {
  for (const [end, subcode] of [
    [(speaker: Speaker) => speaker.session.stop({ kind: 'removed', text: '' }), 'peer de-configured'],
    [(speaker: Speaker) => speaker.session.stop({ kind: 'reconfigured', text: '' }), 'other configuration change'],
    [(speaker: Speaker) => speaker.session.peerDown('BFD: detection time expired', false), 'BFD down'],
  ] as const) {
    const world = new World()
    const { near, far } = await up(world)
    end(near)
    await world.clock.advance(100)
    assert.equal(far.log[1], `down: the peer says: Cease: ${subcode}`)
  }
})

test('after BFD has ended it, it is tried again at once', async () => {
  const world = new World()
  const { near, far } = await up(world)
  near.session.peerDown('BFD: detection time expired', false)
  await world.until(() => near.isUp && far.isUp, 1000, 'it is back')
  assert.deepEqual(near.log, ['up', 'down: BFD: detection time expired', 'up'])
})

test('graceful restart: no NOTIFICATION, stale until End-of-RIB, and the R bit until it is back', async () => {
  const world = new World()
  const config = { ...NEAR_CONFIG, gracefulRestart }
  const { near, far } = await up(world, { config })
  near.session.stop({ kind: 'handover', text: '' })
  await world.clock.advance(100)
  near.process.kill()
  world.network.kill(NEAR)
  assert.deepEqual(far.log, ['up', 'down: the peer has closed the connection'])
  assert.equal(far.session.view().counters.received.notification, 0)
  assert.deepEqual(far.session.view().stale, ['ipv4', 'ipv6'])
  const anew = await Speaker.on(world, { address: NEAR, peer: FAR, config, restarting: true })
  anew.session.start()
  await world.until(() => anew.isUp && far.isUp, 10_000, 'it is back')
  assert.equal(far.negotiated?.peerRestart?.restarting, true)
  const dialect = anew.negotiated?.dialect
  assert.ok(dialect)
  for (const family of ['ipv4', 'ipv6'] as const) {
    anew.send(encode({ ...endOfRib, endOfRib: family }, dialect))
    await world.clock.advance(100)
    assert.deepEqual(far.session.view().stale, family === 'ipv4' ? ['ipv6'] : [])
  }
})

test('graceful restart: routes of a peer that does not come back are stale no longer than it said', async () => {
  const world = new World()
  const { near, far } = await up(world, { config: { ...NEAR_CONFIG, gracefulRestart } })
  near.session.stop({ kind: 'handover', text: '' })
  await world.clock.advance(119_000)
  assert.deepEqual(far.session.view().stale, ['ipv4', 'ipv6'])
  await world.clock.advance(2000)
  assert.deepEqual(far.session.view().stale, [])
})

test('graceful restart: killed and back before anybody noticed, it takes the place of its old connection', async () => {
  const world = new World()
  const config = { ...NEAR_CONFIG, gracefulRestart }
  const { near, far } = await up(world, { config })
  await world.clock.advance(MINUTE_MS)
  near.process.kill()
  world.network.kill(NEAR)
  const anew = await Speaker.on(world, { address: NEAR, peer: FAR, config, restarting: true })
  anew.session.start()
  await world.until(() => anew.isUp && far.isUp, 5000, 'it is back')
  assert.deepEqual(anew.log, ['up'])
  assert.equal(far.log.filter((line) => line === 'up').length, 2)
})

test('iBGP between two that have the same router ID does not come up, and both say why', async () => {
  const world = new World()
  const same = { localAsn: 64_500, remoteAs: 'internal', routerId: 7 } as const
  const { near, far } = await pair(
    world,
    { config: { ...NEAR_CONFIG, ...same } },
    { config: { ...passive(FAR_CONFIG), ...same } },
  )
  await world.clock.advance(5 * MINUTE_MS)
  assert.ok(![...near.log, ...far.log].includes('up'))
  assert.ok(
    near.log.some((line) => line === 'failed: the peer has our own router ID'),
    near.log.join('\n'),
  )
  assert.ok(near.dials.length < 20, `${near.dials.length} dials`)
})

test('nobody listens: dialled after 1, 2, 4 … 30 s, and found when somebody does', async () => {
  const world = new World()
  world.network.host(FAR)
  const near = await Speaker.on(world, { address: NEAR, peer: FAR, config: NEAR_CONFIG })
  near.session.start()
  await world.clock.advance(10 * MINUTE_MS)
  const waits = near.dials.slice(1).map((at, before) => at - (near.dials[before] ?? 0))
  for (const [at, wait] of waits.entries()) {
    const most = Math.min(2 ** at, 30)
    assert.ok(wait >= 0.75 * most && wait <= most + 0.1, `wait ${at}: ${wait} s`)
  }
  assert.match(near.session.view().lastError?.why ?? '', /nobody listens/)
  assert.deepEqual([near.session.view().attempts, near.session.view().flaps], [near.dials.length, 0])
})
