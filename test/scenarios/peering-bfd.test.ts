// SPDX-License-Identifier: Apache-2.0
/** BFD ends BGP sessions and lets them come back, and does nothing else to them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encode } from '../../src/bfd/codec.ts'
import type { Link } from '../../src/lib/net.ts'
import type { KubeObject } from '../../src/lib/object.ts'
import { profile } from '../model/objects.ts'
import * as bfd from './bfd-routers.ts'
import type { Router as BgpRouter, RouterSession } from './bgp-speaker-world.ts'
import { ETH0, lastOf, NODE, OUR_ASN, PeeringNode, PeeringWorld, PREFIX, TOR, torPeer } from './peering-world.ts'

/** 100 ms, three of which may be lost. */
const FAST = { transmitInterval: 100, receiveInterval: 100, detectMultiplier: 3 }
const DETECT_MS = 300
const fast = (spec: object = {}): KubeObject => profile('fast', { ...FAST, ...spec })
const WITH_BFD = { bfdProfile: 'fast' }
/** The router's end. */
const theirs = (fields: object = {}) => bfd.need(NODE, {}, { local: TOR, ...fields })

type Scene = Readonly<{
  world: PeeringWorld
  node: PeeringNode
  tor: RouterSession
  router: BgpRouter
  far: bfd.Router
}>

/** A node and a router, whose end of BFD waits for `configure`. */
async function scene(spec: object = {}, config: object = {}, ...more: readonly KubeObject[]): Promise<Scene> {
  const world = new PeeringWorld(fast(), torPeer({ ...WITH_BFD, ...spec }), ...more)
  const router = await world.router(TOR, config)
  const far = world.bfdRouter(TOR)
  const node = await new PeeringNode(world).start()
  return { world, node, tor: router.of(NODE), router, far }
}

/** BGP is up, and BFD as well. */
async function watched(spec: object = {}, config: object = {}, ...more: readonly KubeObject[]): Promise<Scene> {
  const all = await scene(spec, config, ...more)
  all.far.configure(theirs())
  const isUp = () => all.node.bfdStates().includes('Up') && all.tor.prefixes.includes(PREFIX)
  await all.world.until(isUp, 60_000, 'both are up')
  return all
}

/** Its second session has the route. */
const isBack = ({ log, prefixes }: RouterSession) =>
  log.filter((line) => line === 'up').length === 2 && prefixes.includes(PREFIX)

/** Nothing of BFD passes any more; TCP does. */
const cut = ({ world }: Scene) => world.datagrams.partition([NODE], [TOR])

test('BFD down: Cease/BFD Down in the detection time, and up again lets it reconnect at once', async () => {
  const all = await watched()
  const { world, node, tor } = all
  cut(all)
  await world.until(() => !node.isUp(), DETECT_MS + 50, 'the session is closed')
  await world.pass(20)
  assert.match(tor.log.join('\n'), /down: the peer says: Cease: BFD down/i)
  assert.match(node.story.join('\n'), /down tor: BFD: /)
  world.datagrams.heal()
  await world.until(() => node.bfdStates().includes('Up') && isBack(tor), 5000, 'both are back')
  await node.stop()
})

test('BFD comes up: who waits for its next dial need not', async () => {
  const all = await watched({ connectTime: '600s' })
  const { world, node, tor } = all
  world.bgp.network.partition([NODE], [TOR])
  cut(all)
  await world.pass(300_000)
  assert.equal(node.isUp(), false)
  world.bgp.network.heal()
  world.datagrams.heal()
  await world.until(() => node.bfdStates().includes('Up'), 3000, 'BFD is up')
  await world.until(() => isBack(tor), 3000, 'BGP follows it')
  await node.stop()
})

test('without strictStart BGP comes up without BFD', async () => {
  const { world, node, tor } = await scene()
  await world.until(() => tor.prefixes.includes(PREFIX), 10_000, 'the route is there')
  assert.deepEqual(node.bfdStates(), ['Down'])
  await node.stop()
})

test('strictStart: no dial before BFD is up, one at once then, and none after it went down', async () => {
  const all = await scene({}, {}, fast({ strictStart: true }))
  const { world, node, tor, far } = all
  await world.pass(10_000)
  assert.deepEqual([node.sockets.dials.length, node.state()], [0, 'waitsForBfd'])
  far.configure(theirs())
  await world.until(() => tor.prefixes.includes(PREFIX), 4000, 'the route is there')
  cut(all)
  await world.until(() => node.state() === 'waitsForBfd' && !node.isUp(), DETECT_MS + 50, 'the session is closed')
  const dials = node.sockets.dials.length
  await world.pass(30_000)
  assert.equal(node.sockets.dials.length, dials)
  world.datagrams.heal()
  await world.until(() => isBack(tor), 4000, 'the route is there again')
  await node.stop()
})

test('the router switches BFD off: BGP stays up', async () => {
  const { world, node, tor, far } = await watched()
  far.configure()
  await world.until(() => !node.bfdStates().includes('Up'), 1000, 'BFD is down here')
  await world.pass(10_000)
  assert.deepEqual([node.story, tor.log], [['up tor'], ['up']])
  await node.stop()
})

const without = (...addresses: readonly string[]) => ({
  ...ETH0,
  addresses: ETH0.addresses.filter(({ address }) => !addresses.includes(address)),
})
const GONE: readonly (readonly [string, object, readonly Link[]])[] = [
  ['the carrier is lost', {}, [{ ...ETH0, carrier: false }]],
  ['our address is gone: eBGP', {}, [without(NODE)]],
  ['our address is gone: iBGP', { peerASN: OUR_ASN }, [without(NODE)]],
  ['the sourceAddress is gone', { sourceAddress: NODE }, [without(NODE)]],
  ['the link is gone', {}, []],
]
for (const [name, spec, links] of GONE) {
  test(`${name}: BFD closes the session in the detection time`, async () => {
    const all = await watched(spec, 'peerASN' in spec ? { localAsn: OUR_ASN } : {})
    const { world, node } = all
    cut(all)
    node.links.replace(links)
    await world.until(() => !node.isUp(), DETECT_MS + 50, 'the session is closed')
    assert.match(node.story.join('\n'), /down tor: BFD: /)
    world.datagrams.heal()
    node.links.replace([ETH0])
    await world.until(() => node.isUp() && node.bfdStates().join() === 'Up', 60_000, 'both are back')
    await node.stop()
  })
}

for (const [name, spec, links] of [...GONE, ['the link is made anew', {}, [{ ...ETH0, index: 9 }]]] as const) {
  test(`${name} while the router's BFD begins anew: the session is closed in three seconds all the same`, async () => {
    const all = await watched(spec, 'peerASN' in spec ? { localAsn: OUR_ASN } : {})
    const { world, node, far } = all
    const up = far.said.at(-1)?.packet
    assert.ok(up)
    far.forge(NODE, encode({ ...up, state: 'Down', diag: 'neighborDown' }))
    await world.until(() => !node.bfdStates().includes('Up'), 50, 'the router has begun anew')
    cut(all)
    node.links.replace(links)
    await world.pass(2900)
    assert.equal(node.isUp(), true, 'the router still may come back')
    await world.until(() => !node.isUp(), 200, 'the session is closed')
    assert.match(node.story.join('\n'), /down tor: BFD: the peer says it is down/)
    await node.stop()
  })
}

test('an interface that is made anew under its name has a session of its own', async () => {
  const all = await watched()
  const { world, node } = all
  const before = [...node.peering.readings.bfd()][0]?.localDiscriminator
  cut(all)
  node.links.replace([{ ...ETH0, index: 9 }])
  await world.until(() => !node.isUp(), DETECT_MS + 50, 'the session is closed')
  world.datagrams.heal()
  await world.until(() => node.bfdStates().join() === 'Up', 5000, 'BFD is up')
  assert.notEqual([...node.peering.readings.bfd()][0]?.localDiscriminator, before)
  await node.stop()
})

test('the profile is deleted, and it was the last one: BFD ends, and BGP does not', async () => {
  const { world, node, tor, far } = await watched()
  world.api.apply(torPeer())
  world.api.delete('BFDProfile', 'metallb-system', 'fast')
  await world.pass(10_000)
  assert.deepEqual([node.bfdStates(), node.story, tor.log], [[], ['up tor'], ['up']])
  assert.deepEqual([far.isUp, far.reports.slice(1)], [false, []], 'the router was told that it is no failure')
  await node.stop()
})

test('the profile is changed: other intervals are agreed on, and nothing is reset', async () => {
  const { world, node, tor, far } = await watched()
  world.api.apply(fast({ transmitInterval: 200, receiveInterval: 200, detectMultiplier: 5 }))
  await world.pass(10_000)
  const [view] = [...node.peering.readings.bfd()]
  assert.deepEqual([node.story, tor.log, far.reports], [['up tor'], ['up'], ['up peer']])
  assert.equal(far.view.localDiscriminator, view?.remoteDiscriminator)
  await node.stop()
})

test('two peers at one address share a session, and both are closed', async () => {
  const second = torPeer({ ...WITH_BFD, peerPort: 1179 }, 'second')
  const all = await watched({}, {}, second)
  const { world, node } = all
  assert.equal([...node.peering.readings.bfd()].length, 1)
  assert.deepEqual([...node.peering.readings.bfd()][0]?.names, ['second', 'tor'])
  cut(all)
  await world.until(() => !node.isUp(), DETECT_MS + 50, 'the session is closed')
  await node.stop()
})

test('no peer has a profile: the thread is not started', async () => {
  const world = new PeeringWorld(fast(), torPeer())
  const node = await new PeeringNode(world).start()
  await world.pass(5000)
  assert.equal(node.hasReflex, false)
  await node.stop()
})

for (const [name, spec, link] of [
  ['over one hop by default', {}, 'eth0'],
  ['ebgpMultiHop: over several', { ebgpMultiHop: true }, null],
  ['iBGP that is not on the link: over several', { peerASN: OUR_ASN, peerAddress: '198.51.100.1' }, null],
] as const) {
  test(name, async () => {
    const { world, node } = await scene(spec)
    await world.pass(100)
    assert.deepEqual(
      [...node.peering.readings.bfd()].map((view) => view.link),
      [link],
    )
    await node.stop()
  })
}

const isDown = (session: RouterSession) => lastOf(session) !== 'up'

test('stopping is no failure of BFD: the log has no warning, and the router none either', async () => {
  const { node, tor, far, world } = await watched()
  const lines = node.lines.length
  far.reports.splice(0)
  const stopped = node.stop()
  await world.until(() => isDown(tor), 5000, 'the router hears of it')
  far.configure()
  await stopped
  await world.pass(1000)
  assert.deepEqual(
    node.lines.slice(lines).filter((line) => /"level":"warn".*bfd/.test(line)),
    [],
  )
  assert.deepEqual(far.reports, [])
})

const RESTART = { gracefulRestart: { enabled: true } }
const RESTARTABLE = { gracefulRestart: { restartSeconds: 120 } }

test('graceful restart is agreed on: BFD down is a Hard Reset, so that the router keeps no routes', async () => {
  const all = await watched(RESTART, RESTARTABLE)
  const { world, node, tor } = all
  cut(all)
  await world.until(() => lastOf(tor) !== 'up', DETECT_MS + 50, 'the session is closed')
  assert.match(lastOf(tor), /BFD down/i)
  assert.deepEqual(tor.session.view().stale, [])
  await node.stop()
})

/** The router is back from a restart, and has not said End-of-RIB. */
async function restarted(all: Scene): Promise<void> {
  const { world, node, tor } = all
  tor.session.stop({ kind: 'handover', text: '' })
  tor.session.start()
  await world.until(() => node.ups() === 2, 60_000, 'the session is back')
  assert.deepEqual(staleOf(node), ['ipv4'], 'until its End-of-RIB')
}
const staleOf = (node: PeeringNode) => [...node.peering.readings.peers()][0]?.session.stale
/** BFD and BGP: nothing passes any more. */
const unplug = (all: Scene) => {
  cut(all)
  all.world.bgp.network.partition([NODE], [TOR])
}
const isBfdUp = (node: PeeringNode) => node.bfdStates().includes('Up')

test('the router restarts gracefully, and BFD with it (C=0): the session that came back stays, and BFD counts again', async () => {
  const all = await watched(RESTART, RESTARTABLE)
  const { world, node } = all
  await restarted(all)
  cut(all)
  await world.until(() => !isBfdUp(node), DETECT_MS + 50, 'BFD is down')
  await world.pass(1000)
  assert.deepEqual([node.isUp(), node.ups()], [true, 2])
  world.datagrams.heal()
  await world.until(() => isBfdUp(node), 5000, 'BFD is back')
  await world.pass(20_000)
  assert.deepEqual([node.isUp(), node.ups(), staleOf(node)], [true, 2, ['ipv4']])
  unplug(all)
  await world.until(() => !node.isUp(), DETECT_MS + 50, 'BFD counts again, also before End-of-RIB')
  assert.match(node.story.at(-1) ?? '', /down tor: BFD: /)
  await node.stop()
})

for (const [name, isSaid, limitMs] of [
  ['the router says End-of-RIB', true, 1000],
  ['it takes too long', false, 11_000],
] as const) {
  test(`BFD with C=0 goes down after a graceful restart and does not come back: ${name}, and that ends the session`, async () => {
    const all = await watched(RESTART, RESTARTABLE)
    const { world, node, tor } = all
    await restarted(all)
    if (isSaid) cut(all)
    else unplug(all)
    await world.until(() => !isBfdUp(node), DETECT_MS + 50, 'BFD is down')
    await world.pass(1000)
    assert.equal(node.isUp(), true)
    if (isSaid) tor.say({ type: 'update', reach: [], unreach: [], attributes: {}, endOfRib: 'ipv4', flaw: null })
    await world.until(() => !node.isUp(), limitMs, 'the session is closed')
    assert.match(node.story.at(-1) ?? '', /down tor: BFD: /)
    await node.stop()
  })
}

/** The router's last packet says that its forwarding goes on without what speaks BGP; then nothing comes any more. */
async function cutIndependent(all: Scene): Promise<void> {
  const { world, node, far } = all
  const last = far.said.at(-1)?.packet
  assert.ok(last)
  far.forge(NODE, encode({ ...last, controlPlaneIndependent: true }))
  const isHeard = () => [...node.peering.readings.bfd()][0]?.remoteControlPlaneIndependent === true
  await world.until(isHeard, 50, 'the C bit is seen')
  cut(all)
}

// RFC 5882 §4.3.1 and §4.3.2.
for (const [bit, cutOff, stale] of [
  ['C=1: the restart is over', cutIndependent, []],
  ['C=0: the restart goes on', cut, ['ipv4']],
] as const) {
  test(`BFD goes down while the router restarts gracefully, and is not back yet, with ${bit}`, async () => {
    const all = await watched(RESTART, RESTARTABLE)
    const { world, node, tor } = all
    tor.session.stop({ kind: 'handover', text: '' })
    await world.until(() => !node.isUp(), 1000, 'the router is gone')
    assert.deepEqual([staleOf(node), isBfdUp(node)], [['ipv4'], true])
    await cutOff(all)
    await world.until(() => !isBfdUp(node), DETECT_MS + 50, 'BFD is down')
    assert.deepEqual(staleOf(node), stale)
    tor.session.start()
    await world.until(() => node.ups() === 2, 60_000, 'BGP comes back without BFD')
    await world.pass(20_000)
    assert.deepEqual([node.isUp(), node.ups()], [true, 2], 'and stays, as after any other start')
    await node.stop()
  })
}

test('BFD with C=1 goes down when the router is back from a restart: that ends the session at once, for good', async () => {
  const all = await watched(RESTART, RESTARTABLE)
  const { world, node, tor } = all
  await restarted(all)
  await cutIndependent(all)
  await world.until(() => !node.isUp(), DETECT_MS + 50, 'the session is closed')
  assert.match(node.story.at(-1) ?? '', /down tor: BFD: /)
  assert.deepEqual(staleOf(node), [])
  await world.until(() => lastOf(tor) !== 'up', 50, 'the router hears of it')
  assert.match(lastOf(tor), /BFD down/i)
  assert.deepEqual(tor.session.view().stale, [], 'a Hard Reset: it keeps no routes')
  await node.stop()
})
