// SPDX-License-Identifier: Apache-2.0
/** A node that is to leave gives its traffic away first, and one that stays loses nothing (RFC 8326). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '../../src/lib/object.ts'
import type { RouterSession } from './bgp-speaker-world.ts'
import {
  communitiesOf,
  connected,
  DRAIN_MS,
  GSHUT,
  iris1,
  lastOf,
  NODE,
  OUR_ASN,
  PeeringNode,
  PeeringWorld,
  PREFIX,
  SPINE,
  service,
  spinePeer,
  THEIR_ASN,
  TOR,
  torPeer,
} from './peering-world.ts'

const EXCLUDED = iris1({ 'node.kubernetes.io/exclude-from-external-load-balancers': '' })
const deleted = (): KubeObject => {
  const { metadata, ...rest } = iris1()
  return { ...rest, metadata: { ...metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } }
}
const tainted = (key: string): KubeObject => ({ ...iris1(), spec: { taints: [{ key, effect: 'NoSchedule' }] } })
const shuttingDown = (): KubeObject =>
  iris1(
    {},
    { conditions: [{ type: 'Ready', status: 'False', reason: 'KubeletNotReady', message: 'node is shutting down' }] },
  )

const isDraining = (session: RouterSession) => communitiesOf(session).includes(GSHUT)
/** Each time that the route was told: whether it was to be avoided. */
const told = (session: RouterSession): boolean[] =>
  session.updates
    .filter(({ reach }) => reach.length > 0)
    .map(({ attributes }) => attributes.communities?.includes(GSHUT) ?? false)

const LEAVING: readonly (readonly [string, () => KubeObject])[] = [
  ['the exclude label', () => EXCLUDED],
  ['the Node is being deleted', deleted],
  ['the node is shutting down', shuttingDown],
]
for (const [name, object] of LEAVING) {
  test(`${name}: asked to be avoided for the drain time, then withdrawn, and the session ends with the reason`, async () => {
    const { world, node, tor } = await connected()
    world.api.apply(object())
    await world.until(() => isDraining(tor), 50, 'the router is asked to prefer others')
    await world.pass(DRAIN_MS - 100)
    assert.deepEqual(tor.prefixes, [PREFIX])
    await world.until(() => tor.prefixes.length === 0, 200, 'the route is withdrawn')
    assert.equal(tor.updates.at(-1)?.unreach.length, 1, 'by a word of its own')
    assert.deepEqual(told(tor), [false, true], 'it is never told again as one to be used')
    await world.until(
      () => /administrative shutdown.*metallb: node iris1 is/.test(lastOf(tor)),
      100,
      'the session ends',
    )
    await world.pass(120_000)
    assert.equal(tor.log.length, 2, 'nobody dials any more')
    assert.deepEqual(
      [...node.peering.readings.peers()].map(({ withheld }) => withheld?.reason),
      ['nodeLeaving'],
    )
    assert.ok((await node.stop()) < 10, 'nothing is left to be drained')
  })
}

test('on iBGP the local preference goes to 0 as well', async () => {
  const { world, node, tor } = await connected({ peerASN: OUR_ASN }, { localAsn: OUR_ASN })
  assert.equal(tor.routes.get(PREFIX)?.attributes.localPref, 100)
  world.api.apply(EXCLUDED)
  await world.until(() => isDraining(tor), 50, 'the router is asked to prefer others')
  assert.equal(tor.routes.get(PREFIX)?.attributes.localPref, 0)
  await node.stop()
})

test('the exclude label goes during the drain: routes as before', async () => {
  const { world, node, tor } = await connected()
  world.api.apply(EXCLUDED)
  await world.pass(1000)
  world.api.apply(iris1())
  await world.until(() => tor.prefixes.length === 1 && !isDraining(tor), 100, 'the route is as before')
  await world.pass(2 * DRAIN_MS)
  assert.deepEqual([tor.prefixes, told(tor), tor.log], [[PREFIX], [false, true, false], ['up']])
  await node.stop()
})

test('the exclude label goes after the drain: the session comes back, with routes as before', async () => {
  const { world, node, tor } = await connected()
  world.api.apply(EXCLUDED)
  await world.pass(DRAIN_MS + 1000)
  assert.match(lastOf(tor), /administrative shutdown/)
  world.api.apply(iris1())
  await world.until(() => tor.prefixes.length === 1, 1000, 'the route is there')
  await world.pass(2 * DRAIN_MS)
  assert.deepEqual([told(tor), lastOf(tor), tor.log.length], [[false], 'up', 3])
  await node.stop()
})

test('the label goes while the last word is on its way: the session comes back', async () => {
  for (const waitMs of [1, 2, 5, 10, 20, 50]) {
    const { world, node, tor } = await connected()
    world.api.apply(EXCLUDED)
    await world.until(() => tor.prefixes.length === 0, DRAIN_MS + 200, 'the route is withdrawn')
    await world.pass(waitMs)
    world.api.apply(iris1())
    await world.until(() => lastOf(tor) === 'up' && tor.prefixes.length === 1, 1000, `${waitMs} ms later`)
    await node.stop()
  }
})

test('a route that stays only until the controller moves its Service leaves with the node', async () => {
  const { world, node, tor } = await connected()
  world.api.delete('IPAddressPool', 'metallb-system', 'v4')
  await world.pass(1000)
  assert.deepEqual(tor.prefixes, [PREFIX], 'no pool holds its address any more')
  world.api.apply(EXCLUDED)
  await world.until(() => isDraining(tor), 50, 'the router is asked to prefer others')
  await world.until(() => tor.prefixes.length === 0, DRAIN_MS + 200, 'the route is withdrawn')
  await node.stop()
})

test('new Services during the drain are announced as ones to be avoided', async () => {
  const { world, node, tor } = await connected()
  world.api.apply(EXCLUDED)
  await world.pass(500)
  world.api.apply(...service('new', ['192.0.2.2']))
  await world.until(() => tor.prefixes.length === 2, 100, 'the new route is there')
  assert.ok(communitiesOf(tor, '192.0.2.2/32').includes(GSHUT))
  await world.pass(DRAIN_MS)
  assert.deepEqual(tor.prefixes, [])
  await node.stop()
})

test('a session that comes up during the drain hears that others are preferred', async () => {
  const { world, node, tor } = await connected()
  const router = await world.router(SPINE)
  world.api.apply(EXCLUDED)
  await world.until(() => isDraining(tor), 50, 'the drain has begun')
  world.api.apply(spinePeer())
  const spine = router.of(NODE)
  await world.until(() => spine.prefixes.length === 1, DRAIN_MS - 500, 'the other router has the route')
  assert.deepEqual(told(spine), [true])
  await node.stop()
})

for (const [name, object] of [
  ['cordoned', { ...iris1(), spec: { unschedulable: true } }],
  ['tainted', tainted('node.kubernetes.io/unschedulable')],
] as const) {
  test(`a node that is ${name} withdraws nothing`, async () => {
    const { world, node, tor } = await connected()
    world.api.apply(object)
    await world.pass(2 * DRAIN_MS)
    assert.deepEqual([tor.prefixes, told(tor), tor.log], [[PREFIX], [false], ['up']])
    await node.stop()
  })
}

test('--ignore-exclude-lb: the label changes nothing', async () => {
  const { world, node, tor } = await connected({}, {}, { ignoreExcludeLabel: true })
  world.api.apply(EXCLUDED)
  await world.pass(2 * DRAIN_MS)
  assert.deepEqual([tor.prefixes, told(tor)], [[PREFIX], [false]])
  await node.stop()
})

test('--bgp-drain-time 0: withdrawn at once', async () => {
  const { world, node, tor } = await connected({}, {}, { drainMs: 0 })
  world.api.apply(EXCLUDED)
  await world.until(() => tor.prefixes.length === 0, 50, 'the route is withdrawn')
  assert.deepEqual(told(tor), [false])
  await node.stop()
})

test('a speaker that starts on an excluded node announces nothing', async () => {
  const { world, node, tor } = await startedOn(EXCLUDED)
  await world.until(() => lastOfOr(tor) === 'up', 60_000, 'the session is up')
  await world.pass(2 * DRAIN_MS)
  assert.deepEqual(told(tor), [])
  assert.ok((await node.stop()) < 10, 'there is nothing to drain')
})

test('a Node that is found late, and excluded: nothing is announced', async () => {
  const world = new PeeringWorld(torPeer())
  world.api.delete('Node', '', 'iris1')
  const tor = (await world.router(TOR)).of(NODE)
  const node = await new PeeringNode(world).start()
  world.api.apply(EXCLUDED)
  await world.until(() => lastOfOr(tor) === 'up', 60_000, 'the session is up')
  await world.pass(2 * DRAIN_MS)
  assert.deepEqual(told(tor), [])
  await node.stop()
})

async function startedOn(object: KubeObject) {
  const world = new PeeringWorld(torPeer(), object)
  const tor = (await world.router(TOR)).of(NODE)
  return { world, tor, node: await new PeeringNode(world).start() }
}

const lastOfOr = (session: RouterSession) => session.log.at(-1) ?? ''

test('SIGTERM: asked to be avoided for the drain time, then closed with the reason', async () => {
  const { world, node, tor } = await connected()
  const stopped = node.stop()
  await world.until(() => isDraining(tor), 100, 'the router is asked to prefer others')
  const tookMs = await stopped
  assert.ok(tookMs >= DRAIN_MS && tookMs < DRAIN_MS + 200, `${tookMs} ms`)
  assert.match(lastOf(tor), /administrative shutdown.*the speaker stops/)
  assert.deepEqual(told(tor), [false, true])
})

test('SIGTERM: a session that comes up meanwhile hears of it, too', async () => {
  const world = new PeeringWorld(torPeer(), spinePeer({ connectTime: '1s' }))
  const tor = (await world.router(TOR)).of(NODE)
  const node = await new PeeringNode(world).start()
  await world.until(() => tor.prefixes.length === 1, 60_000, 'one router has the route')
  const spine = (await world.router(SPINE)).of(NODE)
  const stopped = node.stop()
  await world.until(() => spine.prefixes.length === 1, DRAIN_MS - 100, 'the other one has it')
  assert.deepEqual(told(spine), [true])
  await stopped
})

test('SIGTERM during a drain waits for what is left of it', async () => {
  const { world, node, tor } = await connected()
  world.api.apply(EXCLUDED)
  await world.pass(2000)
  const tookMs = await node.stop()
  assert.ok(tookMs >= DRAIN_MS - 2100 && tookMs <= DRAIN_MS - 1800, `${tookMs} ms`)
  assert.match(lastOf(tor), /administrative shutdown.*iris1 is excluded/)
  assert.deepEqual(told(tor), [false, true])
})

test('SIGTERM, and no router has a route: it stops at once', async () => {
  const world = new PeeringWorld(torPeer())
  const node = await new PeeringNode(world).start()
  await world.pass(5000)
  assert.equal(await node.stop(), 0)
})

test('SIGTERM twice is one', async () => {
  const { world, node, tor } = await connected({ gracefulRestart: { enabled: true } }, RESTARTABLE, {
    isRemoved: async () => true,
  })
  const all = Promise.all([node.peering.stop(), node.peering.stop()])
  await world.until(() => isDraining(tor), 100, 'it drains')
  await world.pass(DRAIN_MS + 100)
  await all
  assert.deepEqual(told(tor), [false, true])
})

const RESTARTABLE = { gracefulRestart: { restartSeconds: 120 } }
const RESTART = { gracefulRestart: { enabled: true } }

test('SIGTERM with graceful restart: no word, and the router keeps the routes', async () => {
  const { node, tor } = await connected(RESTART, RESTARTABLE, { isRemoved: async () => false })
  assert.ok((await node.stop()) < 100)
  assert.doesNotMatch(lastOf(tor), /the peer says/)
  assert.deepEqual(told(tor), [false])
  assert.deepEqual(tor.session.view().stale, ['ipv4'])
})

test('SIGTERM with graceful restart, and the DaemonSet is being deleted: a drain, and a Hard Reset', async () => {
  const { node, tor } = await connected(RESTART, RESTARTABLE, { isRemoved: async () => true })
  const tookMs = await node.stop()
  assert.ok(tookMs >= DRAIN_MS, `${tookMs} ms`)
  assert.match(lastOf(tor), /DaemonSet of the speakers is being deleted/)
  assert.deepEqual([told(tor), tor.session.view().stale], [[false, true], []])
})

test('SIGTERM with graceful restart on a node that leaves: a drain', async () => {
  const { world, node, tor } = await connected(RESTART, RESTARTABLE)
  world.api.apply(deleted())
  await world.pass(100)
  const tookMs = await node.stop()
  assert.ok(tookMs >= DRAIN_MS - 200, `${tookMs} ms`)
  assert.match(lastOf(tor), /iris1 is being deleted/)
})

test('SIGTERM with mixed peers: who restarts gracefully hears nothing, the other is drained', async () => {
  const world = new PeeringWorld(torPeer(RESTART), spinePeer())
  const tor = (await world.router(TOR, RESTARTABLE)).of(NODE)
  const spine = (await world.router(SPINE, { localAsn: THEIR_ASN })).of(NODE)
  const node = await new PeeringNode(world).start()
  await world.until(() => [tor, spine].every(({ prefixes }) => prefixes.length === 1), 60_000, 'both have the route')
  const stopped = node.stop()
  await world.until(() => isDraining(spine), 100, 'one is drained')
  const tookMs = await stopped
  assert.ok(tookMs >= DRAIN_MS, `${tookMs} ms`)
  assert.deepEqual([told(tor), told(spine)], [[false], [false, true]])
  assert.deepEqual([tor.session.view().stale, spine.session.view().stale], [['ipv4'], []])
})
