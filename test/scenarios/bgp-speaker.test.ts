// SPDX-License-Identifier: Apache-2.0
/** A speaker and its routers: what is announced, packed, changed, drained and withdrawn. In simulated time. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Message } from '../../src/bgp/codec/message.ts'
import { parseIp } from '../../src/lib/ip.ts'
import { formatCidr } from '../../src/lib/prefix.ts'
import { hostPrefix, NodeUnderTest, Router, routesTo, SpeakerWorld, setupOf } from './bgp-speaker-world.ts'

const NODE = '10.0.0.1'
const ROUTER = '10.0.1.1'
const A = '203.0.113.1/32'
const B = '203.0.113.2/32'
const GRACEFUL_SHUTDOWN = 0xffff_0000
const REFRESH: Message = { type: 'routeRefresh', afi: 1, safi: 1, family: 'ipv4', subtype: 0 }

/** A node and one router that is up. */
async function pair(config: Parameters<typeof Router.at>[3] = {}) {
  const world = new SpeakerWorld()
  const node = new NodeUnderTest(world, NODE)
  const router = await Router.at(world, ROUTER, [NODE], config)
  const internal = config.localAsn === 64_500
  node.speaker.configure([setupOf('tor', ROUTER, { remoteAs: internal ? 'internal' : 'external' })])
  await world.until(() => node.isUp('tor'), 5000, 'the session is up')
  await world.clock.advance(100)
  return { world, node, told: router.of(NODE) }
}

test('2,000 Services reach a new peer in few UPDATEs, then End-of-RIB, which waits for the plan', async () => {
  const world = new SpeakerWorld()
  const node = new NodeUnderTest(world, NODE)
  const told = (await Router.at(world, ROUTER, [NODE])).of(NODE)
  for (let n = 0; n < 2000; n++) node.speaker.set(`default/${n}`, routesTo(['tor'], hostPrefix(n)))
  node.speaker.configure([setupOf('tor', ROUTER)])
  await world.until(() => told.routes.size === 2000, 10_000, 'all is told')
  await world.clock.advance(1000)
  assert.deepEqual(told.endsOfRib, [])
  assert.ok(told.updates.length <= 3, `${told.updates.length} UPDATEs`)
  node.speaker.planned()
  await world.clock.advance(100)
  assert.deepEqual(told.endsOfRib, ['ipv4'])
  assert.deepEqual(node.view('tor').routes, { sent: 2000, pending: 0, attributeSets: 1 })
  assert.deepEqual(node.story('tor'), ['up'])
})

test('all that is set in one turn goes out together in the next one, without waiting', async () => {
  const { world, node, told } = await pair()
  const at = world.clock.monotonicMs()
  for (let n = 0; n < 500; n++) node.speaker.set(`default/${n}`, routesTo(['tor'], hostPrefix(n)))
  assert.equal(node.view('tor').session.counters.sent.update, 0)
  await node.speaker.settled() // a turn of the loop, or some on a slow machine; none of simulated time
  assert.equal(node.view('tor').session.counters.sent.update, 1)
  assert.equal(world.clock.monotonicMs(), at)
  await world.clock.advance(50)
  assert.deepEqual([told.routes.size, told.updates.length], [500, 1])
})

test('a change is told in place, what is the same is not told, and what is gone is withdrawn', async () => {
  const { world, node, told } = await pair()
  node.speaker.set('a', routesTo(['tor'], A, { communities: [1] }))
  node.speaker.set('b', routesTo(['tor'], B, { communities: [1] }))
  await world.clock.advance(50)
  assert.equal(told.updates.length, 1)
  node.speaker.set('a', routesTo(['tor'], A, { communities: [2] }))
  await world.clock.advance(50)
  assert.deepEqual(told.routes.get(A)?.attributes.communities, [2])
  assert.deepEqual([told.updates.length, told.updates[1]?.unreach], [2, []])
  // Another object with the same words, the same words by way of others, and a route to nobody who is up.
  node.speaker.set('a', routesTo(['tor'], A, { communities: [2] }))
  node.speaker.set('b', [])
  node.speaker.set('b', routesTo(['tor', 'nobody'], B, { communities: [1] }))
  await world.clock.advance(50)
  assert.equal(told.updates.length, 2)
  node.speaker.set('a', [])
  await world.clock.advance(50)
  assert.deepEqual([told.prefixes, told.updates.length], [[B], 3])
})

test('a refresh is answered with everything (RFC 2918), and routes of the peer are counted only', async () => {
  const { world, node, told } = await pair()
  node.speaker.set('a', routesTo(['tor'], A))
  await world.clock.advance(50)
  told.routes.clear()
  told.say(REFRESH)
  await world.clock.advance(50)
  assert.deepEqual(told.prefixes, [A])
  const said = [...node.speaker.sent('tor')].map(({ prefix }) => formatCidr(prefix))
  assert.deepEqual(said, [A])
  const [update] = told.updates
  assert.ok(update)
  told.say(update)
  await world.clock.advance(50)
  assert.deepEqual(node.view('tor').received, { announced: 1, withdrawn: 0 })
})

test('draining asks external peers with a community, and internal ones with preference 0 as well (RFC 8326); undone it is as before', async () => {
  for (const [asn, localPref, drained] of [
    [64_600, undefined, undefined],
    [64_500, 100, 0],
  ] as const) {
    const { world, node, told } = await pair({ localAsn: asn, remoteAs: 64_500 })
    node.speaker.set('a', routesTo(['tor'], A, { communities: [7] }))
    await world.clock.advance(50)
    const before = told.routes.get(A)
    assert.equal(before?.attributes.localPref, localPref)
    node.speaker.drain(true)
    node.speaker.set('b', routesTo(['tor'], B))
    await world.clock.advance(50)
    const during = told.routes.get(A)?.attributes
    assert.deepEqual([during?.communities, during?.localPref], [[7, GRACEFUL_SHUTDOWN], drained])
    assert.deepEqual(told.routes.get(B)?.attributes.communities, [GRACEFUL_SHUTDOWN])
    node.speaker.drain(false)
    await world.clock.advance(50)
    assert.deepEqual(told.routes.get(A), before)
    const updates = told.updates.length
    node.speaker.drain(false)
    await world.clock.advance(50)
    assert.equal(told.updates.length, updates)
  }
})

test('a session that comes up while the node drains hears so from the beginning', async () => {
  const { world, node, told } = await pair()
  node.speaker.set('a', routesTo(['tor'], A))
  node.speaker.drain(true)
  await world.clock.advance(50)
  node.speaker.peerDown('tor', 'BFD')
  await world.until(() => told.log.length === 3 && told.routes.size === 1, 10_000, 'it is back')
  assert.deepEqual(told.routes.get(A)?.attributes.communities, [GRACEFUL_SHUTDOWN])
  assert.equal(told.updates.length, 1)
})

test('well-known communities go out as they were asked for, and nothing is added (RFC 1997, RFC 8642)', async () => {
  const { world, node, told } = await pair()
  const wellKnown = [0xffff_029a, 0xffff_ff01, 0xffff_ff02, 0xffff_ff03]
  node.speaker.set('a', routesTo(['tor'], A, { communities: wellKnown, largeCommunities: ['64500:1:2'] }))
  await world.clock.advance(50)
  const { communities, largeCommunities } = told.routes.get(A)?.attributes ?? {}
  assert.deepEqual([communities, largeCommunities], [wellKnown, ['64500:1:2']])
})

test('what a route reflector has reflected is taken, its own attributes included, and counted (RFC 4456)', async () => {
  const { world, node, told } = await pair({ localAsn: 64_500, remoteAs: 64_500 })
  node.speaker.set('a', routesTo(['tor'], A))
  await world.clock.advance(50)
  const [update] = told.updates
  assert.ok(update)
  told.say({ ...update, attributes: { ...update.attributes, originatorId: 0x0a_00_00_07, clusterList: [1, 2] } })
  await world.clock.advance(50)
  const { received, session } = node.view('tor')
  assert.deepEqual([received, session.counters.flaws], [{ announced: 1, withdrawn: 0 }, 0])
  assert.deepEqual(node.story('tor'), ['up'])
})

test('next hops follow our addresses, and a look that finds the same ones says nothing', async () => {
  const { world, node, told } = await pair()
  node.speaker.set('a', routesTo(['tor'], A))
  await world.clock.advance(50)
  node.speaker.addressesChanged()
  await world.clock.advance(50)
  assert.deepEqual([told.updates.length, told.routes.get(A)?.nextHops], [1, [NODE]])
  node.own = { ...node.own, ipv4: parseIp('10.0.0.9') ?? null }
  node.speaker.addressesChanged()
  await world.clock.advance(50)
  assert.deepEqual([told.updates.length, told.routes.get(A)?.nextHops], [2, ['10.0.0.9']])
  node.own = { ...node.own, ipv4: null }
  node.speaker.addressesChanged()
  await world.clock.advance(50)
  assert.deepEqual(told.prefixes, [])
  assert.deepEqual(
    [...node.speaker.held('tor')].map(({ why }) => why),
    ['noNextHop'],
  )
})

test('three nodes and two routers: each router has all that was meant for it, from every node', async () => {
  const world = new SpeakerWorld()
  const addresses = ['10.0.0.1', '10.0.0.2', '10.0.0.3']
  const routers = [await Router.at(world, '10.0.1.1', addresses), await Router.at(world, '10.0.1.2', addresses)]
  const setups = routers.map(({ address }, at) => setupOf(`tor${at}`, address))
  const nodes = addresses.map((address) => new NodeUnderTest(world, address))
  for (const { speaker } of nodes) {
    speaker.set('a', routesTo(['tor0', 'tor1'], A))
    speaker.set('b', routesTo(['tor1'], B))
    speaker.planned()
    speaker.configure(setups)
  }
  const has = (router: Router | undefined, expected: readonly string[]): boolean =>
    addresses.every((node) => router?.of(node).prefixes.join() === expected.join())
  await world.until(() => has(routers[0], [A]) && has(routers[1], [A, B]), 10_000, 'all is told')
  await Promise.all(nodes.map(({ speaker }) => speaker.settled()))
  const hops = addresses.map((node) => routers[1]?.of(node).routes.get(B)?.nextHops)
  assert.deepEqual(hops, [['10.0.0.1'], ['10.0.0.2'], ['10.0.0.3']])
  for (const router of routers) for (const node of addresses) assert.deepEqual(router.of(node).endsOfRib, ['ipv4'])
})

test('closed: peers read why and lose the routes, and nothing is left within two seconds', async () => {
  const { world, node, told } = await pair()
  const closing = node.speaker.close(() => ({ kind: 'drain', text: 'node1 is being replaced' }))
  await world.clock.advance(2000)
  await closing
  const why = 'the peer says: Cease: administrative shutdown ("node1 is being replaced")'
  assert.deepEqual(told.log, ['up', `down: ${why}`])
  assert.deepEqual(node.story('tor'), ['up', 'down: drained by us: node1 is being replaced'])
  await node.speaker.settled()
  const dials = node.sockets.dials.length
  await world.clock.advance(600_000)
  assert.deepEqual([node.sockets.dials.length, world.clock.waiting], [dials, 0])
})
