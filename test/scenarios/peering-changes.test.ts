// SPDX-License-Identifier: Apache-2.0
/** What sessions do when the world around them changes: nodes, addresses, routers on links, restarts, configurations. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bgp, profile } from '../model/objects.ts'
import {
  connected,
  ETH0,
  iris1,
  NODE,
  NODE_LOCAL,
  PeeringNode,
  PeeringWorld,
  PREFIX,
  SPINE,
  service,
  spinePeer,
  TOR,
  torPeer,
} from './peering-world.ts'

test('nodeSelectors: the own node’s labels open and close the session', async () => {
  const world = new PeeringWorld(torPeer({ nodeSelectors: [{ matchLabels: { rack: 'a' } }] }))
  const tor = (await world.router(TOR)).of(NODE)
  const node = await new PeeringNode(world).start()
  await world.pass(5000)
  assert.deepEqual([node.state(), node.sockets.dials], ['none', []])
  world.api.apply(iris1({ rack: 'a' }))
  await world.until(() => tor.prefixes.includes(PREFIX), 60_000, 'the router has the route')
  world.api.apply(iris1({ rack: 'b' }))
  await world.until(() => tor.log.at(-1) !== 'up', 100, 'the session is closed')
  assert.match(tor.log.at(-1) ?? '', /Cease: peer de-?configured/i)
  assert.equal(node.state(), 'none')
  assert.match(node.lines.find((line) => line.includes('sessionDown')) ?? '', /"peer":"10\.0\.0\.1:179"/)
  await node.stop()
})

test('a change to one peer touches that session alone', async () => {
  const world = new PeeringWorld(torPeer(), spinePeer())
  const [tor, spine] = [(await world.router(TOR)).of(NODE), (await world.router(SPINE)).of(NODE)]
  const node = await new PeeringNode(world).start()
  const haveIt = () => [tor, spine].every(({ prefixes }) => prefixes.length === 1)
  await world.until(haveIt, 60_000, 'both have the route')
  world.api.apply(torPeer({ holdTime: '30s' }))
  await world.until(
    () => tor.log.filter((line) => line === 'up').length === 2 && haveIt(),
    60_000,
    'the session is back',
  )
  assert.deepEqual([spine.log, spine.updates.filter(({ reach }) => reach.length > 0).length], [['up'], 1])
  await node.stop()
})

const ELSEWHERE = { ...ETH0, addresses: [] }

test('sourceAddress: a node without it does not dial and has no series; it dials when the address comes', async () => {
  const world = new PeeringWorld(torPeer({ sourceAddress: NODE }))
  const tor = (await world.router(TOR)).of(NODE)
  const node = await new PeeringNode(world, { links: [ELSEWHERE] }).start()
  await world.pass(10_000)
  assert.deepEqual([node.state(), node.sockets.dials], ['sourceAddressMissing', []])
  assert.doesNotMatch(node.metrics.render(), /^metallb_bgp_\w+\{/m)
  assert.deepEqual(node.speaker.view.configuration.problems, [], 'that is no error of the configuration')
  node.links.replace([ETH0])
  await world.until(() => tor.prefixes.includes(PREFIX), 10_000, 'the router has the route')
  assert.equal(node.sockets.dials.at(-1)?.from, NODE)
  node.links.replace([ELSEWHERE])
  await world.pass(1000)
  assert.deepEqual(tor.log, ['up'], 'a session that there is stays while something comes through')
  tor.session.stop({ kind: 'drain', text: '' })
  await world.pass(60_000)
  assert.equal(node.sockets.dials.length, 1, 'and is not dialled again')
  assert.match(node.metrics.render(), /^metallb_bgp_session_up\{peer="10\.0\.0\.1:179"\} 0$/m)
  await node.stop()
})

test('sourceAddress, edited to one of another node: the session ends', async () => {
  const { world, node, tor } = await connected()
  world.api.apply(torPeer({ sourceAddress: '10.0.0.12' }))
  await world.until(() => tor.log.at(-1) !== 'up', 100, 'the session is closed')
  await world.pass(10_000)
  assert.equal(node.state(), 'sourceAddressMissing')
  await node.stop()
})

const HEARD = 'fe80::1'
const unnumbered = (spec: object = {}) => torPeer({ peerAddress: '', interface: 'eth0', ...spec })
const BOTH = { families: ['ipv4', 'ipv6'], extendedNextHop: true } as const

test('unnumbered: waits for a router, talks to it, stays when it falls silent, and follows it to another address', async () => {
  const world = new PeeringWorld(unnumbered())
  const tor = (await world.router(HEARD, BOTH, [NODE_LOCAL])).of(NODE_LOCAL)
  const other = (await world.router('fe80::2', BOTH, [NODE_LOCAL])).of(NODE_LOCAL)
  const node = await new PeeringNode(world, { addresses: [NODE_LOCAL] }).start()
  await world.pass(5000)
  assert.deepEqual([node.state(), node.routers.watched], ['noNeighbour', ['eth0']])
  node.routers.hear('eth0', HEARD)
  await world.until(() => tor.prefixes.includes(PREFIX), 10_000, 'the router has the route')
  assert.deepEqual(node.sockets.dials.at(-1)?.to, { address: `${HEARD}%eth0`, port: 179 })
  node.routers.hear('eth0', null)
  await world.pass(10_000)
  assert.deepEqual(tor.log, ['up'])
  node.routers.hear('eth0', 'fe80::2')
  await world.until(() => other.prefixes.includes(PREFIX), 60_000, 'the other router has the route')
  assert.match(tor.log.at(-1) ?? '', /^down/)
  assert.match(node.metrics.render(), /^metallb_bgp_session_up\{peer="eth0:179"\} 1$/m)
  await node.stop()
})

test('unnumbered: an interface that is missing is waited for', async () => {
  const world = new PeeringWorld(unnumbered())
  const node = await new PeeringNode(world, { links: [] }).start()
  await world.pass(1000)
  assert.equal(node.state(), 'interfaceMissing')
  node.links.replace([ETH0])
  assert.equal(node.state(), 'noNeighbour')
  await node.stop()
})

test('the router ID stays when addresses come and go, and nothing is reset', async () => {
  const { world, node, tor } = await connected()
  const id = tor.session.view().received?.routerId
  node.links.replace([{ ...ETH0, addresses: [{ address: '10.0.0.99', prefixBits: 24 }, ...ETH0.addresses] }])
  await world.pass(1000)
  node.links.replace([ETH0, { ...ETH0, index: 3, name: 'eth1', addresses: [{ address: '10.0.0.5', prefixBits: 25 }] }])
  await world.pass(1000)
  assert.deepEqual([tor.log, node.story], [['up'], ['up tor']])
  tor.session.stop({ kind: 'drain', text: '' })
  tor.session.start()
  await world.until(() => node.ups() === 2, 60_000, 'the session is back')
  assert.equal(tor.session.view().received?.routerId, id)
  await node.stop()
})

test('after a restart: the R bit, and End-of-RIB when everything was told', async () => {
  const restart = { gracefulRestart: { enabled: true } }
  const services = Array.from({ length: 50 }, (_, n) => service(`s${n}`, [`192.0.2.${n + 2}`])).flat()
  const { world, node, tor } = await connected(
    restart,
    { gracefulRestart: { restartSeconds: 120 } },
    { objects: services },
  )
  await world.until(() => tor.endsOfRib.length === 1, 1000, 'End-of-RIB is there')
  const last = tor.updates.at(-1)
  assert.deepEqual([last?.endOfRib, tor.prefixes.length], ['ipv4', 51], 'it is the last one')
  const said = tor.session.view().received?.capabilities.find(({ type }) => type === 'gracefulRestart')
  assert.equal(said?.type === 'gracefulRestart' && said.restarting, true)
  await node.stop()
})

const INVALID = bgp('all', { aggregationLength: 33 })

test('a configuration that is invalid at the start: no session before it is valid, and then everything', async () => {
  const world = new PeeringWorld(torPeer(), INVALID)
  const tor = (await world.router(TOR)).of(NODE)
  const node = await new PeeringNode(world).start()
  await world.pass(30_000)
  assert.deepEqual([node.state(), node.sockets.dials], ['none', []])
  world.api.apply(bgp('all'))
  await world.until(() => tor.endsOfRib.length === 1, 10_000, 'everything was told')
  assert.deepEqual(tor.prefixes, [PREFIX])
  await node.stop()
})

test('a configuration that becomes invalid: sessions and routes stay, and Services still count', async () => {
  const { world, node, tor } = await connected()
  world.api.apply(INVALID, torPeer({ holdTime: '1s' }), profile('new', { detectMultiplier: 3 }))
  await world.pass(10_000)
  assert.deepEqual([tor.log, tor.prefixes], [['up'], [PREFIX]])
  world.api.apply(...service('new', ['192.0.2.2']))
  await world.until(() => tor.prefixes.length === 2, 100, 'the new route is there')
  await node.stop()
})
