// SPDX-License-Identifier: Apache-2.0
/** A speaker whose configuration changes, whose peers come and go, and which restarts itself. In simulated time. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Open } from '../../src/bgp/codec/message.ts'
import type { PeerSetup } from '../../src/bgp/peer-setup.ts'
import {
  hostPrefix,
  NodeUnderTest,
  PORT,
  Router,
  routesTo,
  SpeakerWorld,
  setupOf,
  withheldOf,
} from './bgp-speaker-world.ts'

const NODE = '10.0.0.1'
const A = '203.0.113.1/32'
const NAMES = ['tor0', 'tor1', 'tor2'] as const
const ADDRESSES = ['10.0.1.1', '10.0.1.2', '10.0.1.3'] as const
const MINUTE_MS = 60_000

type Fields = Parameters<typeof setupOf>[2]
const setups = (of: Partial<Record<(typeof NAMES)[number], Fields>> = {}): PeerSetup[] =>
  NAMES.map((name, at) => setupOf(name, ADDRESSES[at] ?? '', of[name]))

/** A node and three routers, all up, with one route to each. */
async function three(fields: Fields = {}) {
  const world = new SpeakerWorld()
  const node = new NodeUnderTest(world, NODE)
  const routers = []
  for (const address of ADDRESSES) routers.push(await Router.at(world, address, [NODE], fields))
  const told = routers.map((router) => router.of(NODE))
  node.speaker.set('a', routesTo(NAMES, A))
  node.speaker.planned()
  node.speaker.configure(setups())
  const isUp = () => NAMES.every((name) => node.isUp(name))
  await world.until(() => isUp() && told.every(({ endsOfRib }) => endsOfRib.length === 1), 5000, 'all are up')
  return { world, node, told, isUp }
}

test('the same setups again, in another order: nobody hears anything', async () => {
  const { world, node, told } = await three()
  const before = told.map(({ heard }) => heard)
  node.speaker.configure(structuredClone(setups()))
  node.speaker.configure(setups().toReversed())
  await world.clock.advance(10 * MINUTE_MS)
  assert.deepEqual(
    told.map(({ heard }) => heard),
    before,
  )
  assert.deepEqual(
    NAMES.map((name) => node.story(name)),
    [['up'], ['up'], ['up']],
  )
})

const OTHERS: readonly (readonly [string, PeerSetup])[] = [
  ['hold time', setupOf('tor1', ADDRESSES[1], { holdMs: 30_000 })],
  ['router ID', setupOf('tor1', ADDRESSES[1], { routerId: 7 })],
  ['remote AS', setupOf('tor1', ADDRESSES[1], { remoteAs: 64_600 })],
  ['families', setupOf('tor1', ADDRESSES[1], { families: ['ipv4', 'ipv6'] })],
  ['next hops', setupOf('tor1', ADDRESSES[1], { extendedNextHop: true })],
  ['restarts', setupOf('tor1', ADDRESSES[1], { gracefulRestart: { restartSeconds: 60 } })],
  ['host name', setupOf('tor1', ADDRESSES[1], { hostname: 'node1' })],
  ['source address', dialledOf({ from: NODE })],
  ['device', dialledOf({ device: 'vrf1' })],
  ['hop limit', dialledOf({ minTtl: 254 })],
]

function dialledOf(fields: object): PeerSetup {
  const dial = { to: { address: ADDRESSES[1], port: PORT }, ...fields }
  return { ...setupOf('tor1', ADDRESSES[1]), reach: { dial, withheld: null } }
}

for (const [what, setup] of OTHERS) {
  test(`another ${what} of one peer: a new session with this one, at once, and nothing for the others`, async () => {
    const { world, node, told } = await three()
    const before = told.map(({ heard }) => heard)
    node.speaker.configure([...setups().filter(({ name }) => name !== 'tor1'), setup])
    await world.until(
      () => node.isUp('tor1') && told[1]?.routes.size === 1 && told[1].log.length === 3,
      1000,
      'it is up',
    )
    assert.deepEqual(told[1]?.log, ['up', 'down: the peer says: Cease: other configuration change', 'up'])
    assert.deepEqual([told[0]?.heard, told[2]?.heard], [before[0], before[2]])
    assert.deepEqual(node.story('tor1'), ['up', 'down: our configuration of the peer has changed', 'up'])
    assert.equal(node.sockets.dials.length, 4)
  })
}

test('other intervals of one peer take effect without a new session', async () => {
  const { world, node, told } = await three()
  node.speaker.configure(setups({ tor1: { keepaliveMs: 5000, connectMs: 3000 } }))
  const before = told.map(({ session }) => session.view().counters.received.keepalive)
  await world.clock.advance(10 * MINUTE_MS)
  const after = told.map(({ session }, at) => session.view().counters.received.keepalive - (before[at] ?? 0))
  assert.ok((after[1] ?? 0) >= 119, `${after[1]} KEEPALIVEs in 10 minutes`)
  assert.ok((after[0] ?? 0) < 30, `${after[0]} KEEPALIVEs in 10 minutes`)
  assert.equal(node.view('tor1').session.keepaliveMs, 5000)
  assert.deepEqual(node.story('tor1'), ['up'])
})

test('a peer that is removed hears so, others do not; added again it comes up after the old session is gone', async () => {
  const { world, node, told, isUp } = await three()
  const before = told.map(({ heard }) => heard)
  const [tor0, tor1, tor2] = setups()
  assert.ok(tor0 && tor1 && tor2)
  node.speaker.configure([tor0, tor2])
  node.speaker.configure([tor0, tor1, tor2])
  await world.until(isUp, 1000, 'all are up')
  assert.deepEqual(told[1]?.log, ['up', 'down: the peer says: Cease: peer de-configured', 'up'])
  node.speaker.configure([tor0, tor2])
  await world.clock.advance(MINUTE_MS)
  assert.deepEqual(
    [...node.speaker.peers()].map(({ name }) => name),
    ['tor0', 'tor2'],
  )
  assert.deepEqual([told[0]?.heard, told[2]?.heard], [before[0], before[2]])
  assert.deepEqual(
    [...node.speaker.held('tor1')].map(({ why }) => why),
    ['notEstablished'],
  )
})

test('changed twice in a row, a peer is dialled when the first session is gone, and once', async () => {
  const { world, node, told } = await three()
  world.network.suspend(ADDRESSES[1])
  told[1]?.process.stop()
  node.speaker.configure(setups({ tor1: { holdMs: 30_000 } }))
  await world.clock.advance(100)
  node.speaker.configure(setups({ tor1: { holdMs: 60_000 } }))
  await world.clock.advance(1800)
  assert.equal(node.sockets.dials.length, 3, 'who does not hang up is waited for')
  await world.clock.advance(200)
  assert.equal(node.sockets.dials.length, 4)
})

test('a peer at another address is left, and found there', async () => {
  const { world, node, told } = await three()
  const moved = await Router.at(world, '10.0.1.9', [NODE])
  node.speaker.configure([...setups().slice(0, 2), setupOf('tor2', '10.0.1.9')])
  await world.until(() => moved.of(NODE).routes.size === 1, 1000, 'it is found')
  assert.deepEqual(told[2]?.log, ['up', 'down: the peer says: Cease: other configuration change'])
})

test('a peer that is withheld keeps its session as long as that lives, and is not dialled any more', async () => {
  const { world, node, told } = await three()
  const without = setups().map((setup) => (setup.name === 'tor1' ? withheldOf(setup) : setup))
  node.speaker.configure(without)
  await world.clock.advance(10 * MINUTE_MS)
  assert.deepEqual([node.isUp('tor1'), node.view('tor1').withheld?.reason], [true, 'waitsForBfd'])
  assert.equal(node.view('tor1').to?.address, ADDRESSES[1])
  told[1]?.session.stop({ kind: 'drain', text: '' })
  told[1]?.session.start()
  await world.clock.advance(10 * MINUTE_MS)
  assert.deepEqual([node.view('tor1').session.state, node.sockets.dials.length], ['Idle', 3])
  assert.deepEqual(node.story('tor1'), ['up', 'down: the peer says: Cease: administrative shutdown'])
  node.speaker.configure(setups())
  await world.until(() => node.isUp('tor1'), 100, 'it is dialled at once')
})

test('a peer that is withheld while it does not answer is not dialled any more, and tells nothing', async () => {
  const world = new SpeakerWorld()
  const node = new NodeUnderTest(world, NODE)
  const setup = setupOf('tor0', ADDRESSES[0])
  node.speaker.configure([setup])
  await world.clock.advance(MINUTE_MS)
  const { length } = node.sockets.dials
  assert.ok(length > 1)
  const told = node.events.length
  node.speaker.configure([withheldOf(setup)])
  await world.clock.advance(10 * MINUTE_MS)
  assert.deepEqual([node.sockets.dials.length, node.events.length], [length, told])
  assert.equal(node.view('tor0').session.state, 'Idle')
})

test('a peer that was never to be dialled is known, and shows why', async () => {
  const { world, node } = await three()
  const setup: PeerSetup = {
    ...setupOf('spine', '10.0.9.9'),
    reach: { dial: null, withheld: { reason: 'noNeighbour', message: 'nobody on eth1 says that it is a router' } },
  }
  node.speaker.configure([...setups(), setup])
  await world.clock.advance(MINUTE_MS)
  const { to, withheld, session } = node.view('spine')
  assert.deepEqual([to, withheld?.reason, session.state], [null, 'noNeighbour', 'Idle'])
  assert.equal(node.sockets.dials.length, 3)
})

test('BFD down: the peer hears Cease 6/10 at once (RFC 9384), its routes are gone, and it is dialled anew', async () => {
  const { world, node, told } = await three()
  const before = told.map(({ heard }) => heard)
  node.speaker.peerDown('tor1', 'BFD says that the peer is down')
  node.speaker.peerDown('nobody', 'BFD')
  await world.until(() => told[1]?.log.length === 3, 1000, 'it is back')
  assert.deepEqual(told[1]?.log, ['up', 'down: the peer says: Cease: BFD down', 'up'])
  assert.deepEqual(node.story('tor1').slice(0, 2), ['up', 'down: BFD says that the peer is down'])
  assert.deepEqual([told[0]?.heard, told[2]?.heard], [before[0], before[2]])
})

test('BFD up: an attempt that waits begins now', async () => {
  const world = new SpeakerWorld()
  const node = new NodeUnderTest(world, NODE)
  node.speaker.configure([setupOf('tor0', ADDRESSES[0], { connectMs: 3_600_000 })])
  // Refused, and refused again after an hour.
  const host = world.peers.host([ADDRESSES[0]])
  await world.until(() => node.story('tor0').length === 1, MINUTE_MS, 'it is refused')
  world.network.kill(ADDRESSES[0])
  assert.equal(host.dials.length, 0)
  await Router.at(world, ADDRESSES[0], [NODE])
  await world.clock.advance(MINUTE_MS)
  assert.equal(node.sockets.dials.length, 1)
  node.speaker.peerUp('tor0')
  node.speaker.peerUp('nobody')
  await world.until(() => node.isUp('tor0'), 100, 'it is up')
})

test('a node that restarts gracefully (RFC 4724) says so until the peer is back, and hands everything over anew', async () => {
  const graceful = { gracefulRestart: { restartSeconds: 120 } }
  const world = new SpeakerWorld()
  const first = new NodeUnderTest(world, NODE)
  const told = (await Router.at(world, ADDRESSES[0], [NODE], graceful)).of(NODE)
  const setup = setupOf('tor0', ADDRESSES[0], graceful)
  first.speaker.set('a', routesTo(['tor0'], A))
  first.speaker.planned()
  first.speaker.configure([setup])
  await world.until(() => told.endsOfRib.length === 1, 5000, 'it is told')
  assert.deepEqual(restartOf(told.session.view().received), { restarting: false, notification: true })
  const closing = first.speaker.close(() => ({ kind: 'handover', text: '' }))
  await world.clock.advance(2000)
  await closing
  assert.deepEqual([told.log.at(-1), told.session.view().stale], ['down: the peer has closed the connection', ['ipv4']])
  first.process.kill()
  world.network.kill(NODE)

  const second = new NodeUnderTest(world, NODE, { restarting: true })
  second.speaker.configure([setup])
  second.speaker.set('a', routesTo(['tor0'], A))
  await world.until(() => told.log.length === 3 && told.routes.size === 1, 5000, 'it is told again')
  assert.deepEqual(restartOf(told.session.view().received), { restarting: true, notification: true })
  await world.clock.advance(100)
  assert.deepEqual([told.endsOfRib, told.session.view().stale], [[], ['ipv4']])
  second.speaker.planned()
  await world.clock.advance(100)
  assert.deepEqual([told.endsOfRib, told.session.view().stale], [['ipv4'], []])

  // A new session of the same process is no restart.
  second.speaker.configure([setupOf('tor0', ADDRESSES[0], { ...graceful, hostname: 'node1' })])
  await world.until(() => told.log.length === 5, 1000, 'it is up again')
  assert.deepEqual(restartOf(told.session.view().received), { restarting: false, notification: true })
})

test('a session that is opened when the restart time is over is no restart', async () => {
  const graceful = { gracefulRestart: { restartSeconds: 120 } }
  const world = new SpeakerWorld()
  const node = new NodeUnderTest(world, NODE, { restarting: true })
  const routers = [await Router.at(world, ADDRESSES[0], [NODE], graceful)]
  routers.push(await Router.at(world, ADDRESSES[1], [NODE], graceful))
  await world.clock.advance(119_000)
  node.speaker.configure([setupOf('tor0', ADDRESSES[0], graceful)])
  await world.clock.advance(1000)
  node.speaker.configure(['tor0', 'tor1'].map((name, at) => setupOf(name, ADDRESSES[at] ?? '', graceful)))
  await world.until(() => node.isUp('tor0') && node.isUp('tor1'), 1000, 'both are up')
  const said = routers.map((router) => restartOf(router.of(NODE).session.view().received)?.restarting)
  assert.deepEqual(said, [true, false])
})

function restartOf(open: Open | null): { restarting: boolean; notification: boolean } | null {
  const found = open?.capabilities.find((one) => one.type === 'gracefulRestart')
  return found === undefined ? null : { restarting: found.restarting, notification: found.notification }
}

test('a peer that reads nothing does not hold up the others, and costs bounded memory', async () => {
  const { world, node, told } = await three()
  const [slow] = told
  assert.ok(slow)
  world.network.suspend(ADDRESSES[0])
  slow.process.stop()
  let most = 0
  const started = world.clock.monotonicMs()
  for (let round = 1; round <= 9; round++) {
    // Attributes of their own, so that each takes a message of its own.
    for (let n = 0; n < 1000; n++) {
      node.speaker.set(`many/${n}`, routesTo(NAMES, hostPrefix(n), { largeCommunities: [`64500:${round}:${n}`] }))
    }
    const isThere = () =>
      told
        .slice(1)
        .every(({ routes }) => routes.get(hostPrefix(999))?.attributes.largeCommunities?.[0] === `64500:${round}:999`)
    await world.until(isThere, 1000, `round ${round} reaches those who read`)
    const { session, routes } = node.view('tor0')
    most = Math.max(most, session.waitingBytes)
    assert.ok(routes.pending <= 1001, `${routes.pending} prefixes to look at`)
  }
  assert.ok(most > 32_768 && most < 140_000, `${most} bytes`)
  assert.ok(world.clock.monotonicMs() - started < 60_000, 'it is not yet given up')
  world.network.resume(ADDRESSES[0])
  slow.process.continue()
  const isLatest = () => slow.routes.get(hostPrefix(999))?.attributes.largeCommunities?.[0] === '64500:9:999'
  await world.until(isLatest, 30_000, 'it catches up')
  await node.speaker.settled()
  assert.deepEqual([slow.log, slow.routes.size], [['up'], 1001])
})
