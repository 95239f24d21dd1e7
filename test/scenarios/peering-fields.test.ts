// SPDX-License-Identifier: Apache-2.0
/**
 * Every field of BGPPeer and BGPAdvertisement from the object to what a router sees of it, and which edits of a BGPPeer
 * begin its session anew. What stands in TCP or in packets of BFD shows elsewhere: `password`, `vrf`, `ttlSecurityHops`
 * and `port` on the wire in test/interop/bgp-sessions-cases.ts and bgp-paths-cases.ts; `passwordSecret` in
 * src/model/load-peers.test.ts; `bfdProfile` and `ebgpMultiHop` in peering-bfd.test.ts; `passive` on the listener in
 * bgp-speaker-listener.test.ts; `disableMP`, `dynamicASN` and conversion in src/model/load-peers.test.ts.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '../../src/lib/object.ts'
import { bgp, community, host, pool, profile } from '../model/objects.ts'
import { need } from './bfd-routers.ts'
import type { RouterSession } from './bgp-speaker-world.ts'
import {
  connected,
  NODE,
  NODE_SIX,
  OUR_ASN,
  PeeringNode,
  PeeringWorld,
  PREFIX,
  SPINE,
  service,
  spinePeer,
  TOR,
  torPeer,
} from './peering-world.ts'

/** What the router sees, read from its side of the session, or how the node dials. */
type Seen = (tor: RouterSession, node: PeeringNode) => unknown
const openOf: Seen = ({ session }) => session.view().received
const field =
  (name: string): Seen =>
  (tor, node) =>
    Reflect.get(Object(openOf(tor, node)), name)
const capability =
  (type: string): Seen =>
  ({ session }) =>
    session.view().received?.capabilities.filter((one) => one.type === type)
const dialled =
  (name: string): Seen =>
  (_, { sockets }) =>
    Reflect.get(Object(sockets.dials.at(-1)), name)

const GRACEFUL = { type: 'gracefulRestart', restarting: true, notification: true, restartSeconds: 90 }
const families = [{ family: 'ipv4', preserved: true }]
/** For fields that have a test of their own below. */
const BELOW = null
/** Field, its value, what the router is set up with, what is seen and where; whether an edit to it resets the session. */
const PEER_FIELDS: readonly (readonly [string, object, object, Seen | typeof BELOW, unknown, 'reset' | 'stays'])[] = [
  ['myASN', { myASN: 64_999 }, { remoteAs: 64_999 }, field('asn'), 64_999, 'reset'],
  ['localASN', { localASN: 64_998 }, { remoteAs: 64_998 }, field('asn'), 64_998, 'reset'],
  ['peerASN', { peerASN: 64_777 }, { localAsn: 64_777 }, ({ session }) => session.view().sent.asn, 64_777, 'reset'],
  ['dynamicASN', { peerASN: 0, dynamicASN: 'external' }, {}, ({ log }) => log.at(-1), 'up', 'reset'],
  ['holdTime', { holdTime: '9s' }, {}, field('holdSeconds'), 9, 'reset'],
  [
    'keepaliveTime',
    { holdTime: '90s', keepaliveTime: '7s' },
    {},
    (_, node) => viewOf(node)?.session.keepaliveMs,
    7000,
    'stays',
  ],
  ['connectTime', { connectTime: '5s' }, {}, BELOW, null, 'stays'],
  ['routerID', { routerID: '192.0.2.99' }, {}, field('routerId'), 0xc0_00_02_63, 'reset'],
  ['sourceAddress', { sourceAddress: NODE }, {}, dialled('from'), NODE, 'reset'],
  ['password', { password: 'secret' }, {}, BELOW, null, 'reset'],
  ['ttlSecurityHops', { ttlSecurityHops: 1 }, {}, dialled('minTtl'), 255, 'reset'],
  ['vrf', { vrf: 'red' }, {}, dialled('device'), 'red', 'reset'],
  [
    'gracefulRestart',
    { gracefulRestart: { enabled: true, restartTime: '90s' } },
    {},
    capability('gracefulRestart'),
    [{ ...GRACEFUL, families }],
    'reset',
  ],
  [
    'enableGracefulRestart',
    { enableGracefulRestart: true },
    {},
    capability('gracefulRestart'),
    [{ ...GRACEFUL, restartSeconds: 120, families }],
    'reset',
  ],
  [
    'dualStackAddressFamily',
    { dualStackAddressFamily: true },
    {},
    ({ session }) => session.view().received?.capabilities.filter(({ type }) => type === 'multiprotocol').length,
    2,
    'reset',
  ],
  ['nodeSelectors', { nodeSelectors: [host('iris1')] }, {}, BELOW, null, 'stays'],
  ['ebgpMultiHop', { ebgpMultiHop: true }, {}, BELOW, null, 'stays'],
  [
    'disableMP',
    { disableMP: true },
    {},
    capability('multiprotocol'),
    [{ type: 'multiprotocol', family: 'ipv4' }],
    'stays',
  ],
]

const viewOf = (node: PeeringNode) => [...node.peering.readings.peers()].find(({ name }) => name === 'tor')

for (const [name, spec, config, seen, expected, effect] of PEER_FIELDS) {
  if (seen !== BELOW) {
    test(`BGPPeer ${name}: the router sees it`, async () => {
      const { node, tor } = await connected(spec, config)
      assert.deepEqual(seen(tor, node), expected)
      await node.stop()
    })
  }

  test(`BGPPeer ${name}, edited: the session ${effect === 'reset' ? 'begins anew' : 'stays'}`, async () => {
    const { world, node, tor } = await connected()
    world.api.apply(torPeer(spec))
    await world.pass(100)
    const wasReset = tor.log.some((line) => line.startsWith('down: the peer says: Cease'))
    assert.deepEqual(
      [wasReset, node.story.some((line) => line.startsWith('down'))],
      [effect === 'reset', effect === 'reset'],
    )
    await node.stop()
  })
}

test('BGPPeer peerAddress and peerPort, edited: the other router has the route, and the first one a Cease', async () => {
  const { world, node, tor } = await connected()
  const other = (await world.router('10.0.0.3')).of(NODE)
  world.api.apply(torPeer({ peerAddress: '10.0.0.3' }))
  await world.until(() => other.prefixes.length === 1, 60_000, 'the other router has the route')
  assert.match(tor.log.at(-1) ?? '', /Cease/)
  world.api.apply(torPeer({ peerAddress: '10.0.0.3', peerPort: 1179 }))
  await world.pass(100)
  assert.deepEqual(node.sockets.dials.at(-1)?.to, { address: '10.0.0.3', port: 1179 })
  await node.stop()
})

test('BGPPeer passive: nobody is dialled', async () => {
  const world = new PeeringWorld(torPeer({ passive: true }))
  const node = await new PeeringNode(world).start()
  await world.pass(10_000)
  assert.deepEqual([node.sockets.dials, node.state()], [[], 'Active'])
  await node.stop()
})

test('BGPPeer password: it is that of the dial, and a router without it does not answer', async () => {
  const world = new PeeringWorld(torPeer({ password: 'secret' }))
  const tor = (await world.router(TOR)).of(NODE)
  const node = await new PeeringNode(world).start()
  await world.pass(60_000)
  assert.deepEqual([node.sockets.dials[0]?.md5, node.isUp(), tor.log], ['secret', false, []])
  await node.stop()
})

test('BGPPeer nodeSelectors: of two peers only the one that selects this node is dialled and has a session', async () => {
  const world = new PeeringWorld(
    torPeer({ nodeSelectors: [host('iris1')] }),
    spinePeer({ nodeSelectors: [host('iris2')] }),
  )
  const tor = (await world.router(TOR)).of(NODE)
  const spine = (await world.router(SPINE)).of(NODE)
  const node = await new PeeringNode(world).start()
  await world.until(() => tor.prefixes.includes(PREFIX), 60_000, 'the selected peer has the route')
  await world.pass(60_000)
  assert.deepEqual([spine.log, node.state('spine'), dialledBy(node)], [[], 'none', [TOR]])
  world.api.apply(torPeer({ nodeSelectors: [host('iris2')] }), spinePeer({ nodeSelectors: [host('iris1')] }))
  await world.until(() => spine.prefixes.includes(PREFIX), 60_000, 'the other one has the route')
  assert.match(tor.log.at(-1) ?? '', /^down: the peer says: Cease/)
  assert.deepEqual([node.state('tor'), dialledBy(node)], ['none', [TOR, SPINE]])
  await node.stop()
})

/** Whom it has dialled, each once. */
function dialledBy({ sockets }: PeeringNode): string[] {
  return [...new Set(sockets.dials.map(({ to }) => to.address))]
}

test('BGPPeer connectTime: after a dial that was refused so long to the next, less the quarter that jitter may take', async () => {
  for (const [connectTime, leastMs, mostMs] of [
    ['20s', 15_000, 20_000],
    ['60s', 45_000, 60_000],
  ] as const) {
    const gaps = await gapsBetweenDials({ connectTime }, 5)
    assert.ok(
      gaps.every((gapMs) => gapMs >= leastMs && gapMs <= mostMs + STEP_MS),
      `${connectTime}: ${gaps.join(', ')} ms`,
    )
  }
  const [first = 0, second = 0, third = 0] = await gapsBetweenDials({}, 3)
  assert.ok(first <= 1000 + STEP_MS && second > first && third > second, `without it: ${first}, ${second}, ${third} ms`)
})

/** How exactly a dial is seen. */
const STEP_MS = 50

/** Milliseconds from each dial to the next, where a host says at once that nobody listens. */
async function gapsBetweenDials(spec: object, count: number): Promise<number[]> {
  const world = new PeeringWorld(torPeer(spec))
  world.bgp.peers.host([TOR])
  const node = await new PeeringNode(world).start()
  const times: number[] = []
  while (times.length <= count) {
    await world.until(() => node.sockets.dials.length > times.length, 120_000, 'it dials')
    times.push(world.clock.monotonicMs())
  }
  await node.stop()
  return times.slice(1).map((atMs, index) => atMs - (times[index] ?? 0))
}

const [ONE_HOP, SEVERAL] = ['eth0', null]
for (const [spec, link, state] of [
  [{}, ONE_HOP, 'Up'],
  [{}, SEVERAL, 'Down'],
  [{ ebgpMultiHop: true }, SEVERAL, 'Up'],
  [{ ebgpMultiHop: true }, ONE_HOP, 'Down'],
] as const) {
  const way = link === SEVERAL ? 'several hops' : 'one hop'
  test(`BGPPeer ${JSON.stringify(spec)}: BFD is ${state} with a router that has it over ${way}, and BGP is up all the same`, async () => {
    const bfdProfile = 'plain'
    const { world, node, tor } = await connected({ bfdProfile, ...spec }, {}, { objects: [profile(bfdProfile)] })
    world.bfdRouter(TOR).configure(need(NODE, {}, { local: TOR, link }))
    await world.pass(10_000)
    assert.deepEqual([node.bfdStates(), tor.log], [[state], ['up']])
    await node.stop()
  })
}

const SIX = [pool('v6', ['fd11::/120']), ...service('six', ['fd11::7'])]
const route = (tor: RouterSession, prefix = PREFIX) => tor.routes.get(prefix)?.attributes
const AS = (...asns: number[]) => [{ type: 'sequence', asns }]
/** Field, the advertisement, further objects, the BGPPeer, and what the router then sees. */
const AD_FIELDS: readonly (readonly [
  string,
  object,
  readonly KubeObject[],
  object,
  (tor: RouterSession) => unknown,
  unknown,
])[] = [
  ['none of them', {}, [], {}, (tor) => route(tor), { origin: 'igp', asPath: AS(OUR_ASN) }],
  [
    'communities',
    { communities: ['64500:7', 'large:1:2:3', 'vpn'] },
    [community('names', { name: 'vpn', value: '64500:8' })],
    {},
    (tor) => [route(tor)?.communities, route(tor)?.largeCommunities],
    [[0xfbf4_0007, 0xfbf4_0008], ['1:2:3']],
  ],
  ['localPref, on iBGP', { localPref: 300 }, [], { peerASN: OUR_ASN }, (tor) => route(tor)?.localPref, 300],
  ['localPref, not on eBGP', { localPref: 300 }, [], {}, (tor) => route(tor)?.localPref, undefined],
  ['med', { med: 50 }, [], {}, (tor) => route(tor)?.med, 50],
  ['asPrepend', { asPrepend: { count: 2 } }, [], {}, (tor) => route(tor)?.asPath, AS(OUR_ASN, OUR_ASN, OUR_ASN)],
  ['asPrepend of another AS', { asPrepend: { count: 1, asn: 7 } }, [], {}, (tor) => route(tor)?.asPath, AS(OUR_ASN, 7)],
  ['aggregationLength', { aggregationLength: 24 }, [], {}, ({ prefixes }) => prefixes, ['192.0.2.0/24']],
  [
    'aggregationLengthV6',
    { aggregationLengthV6: 124 },
    SIX,
    { dualStackAddressFamily: true },
    ({ prefixes }) => prefixes,
    [PREFIX, 'fd11::/124'],
  ],
  [
    'ipAddressPools',
    { ipAddressPools: ['v6'] },
    SIX,
    { dualStackAddressFamily: true },
    ({ prefixes }) => prefixes,
    ['fd11::7/128'],
  ],
  [
    'ipAddressPoolSelectors',
    { ipAddressPoolSelectors: [{ matchLabels: { a: 'b' } }] },
    [pool('v4', ['192.0.2.0/24'], {}, { a: 'b' }), ...SIX],
    { dualStackAddressFamily: true },
    ({ prefixes }) => prefixes,
    [PREFIX],
  ],
  ['nodeSelectors: another node', { nodeSelectors: [host('iris2')] }, [], {}, ({ prefixes }) => prefixes, []],
  ['nodeSelectors: this node', { nodeSelectors: [host('iris1')] }, [], {}, ({ prefixes }) => prefixes, [PREFIX]],
  ['peers: another one', { peers: ['spine'] }, [], {}, ({ prefixes }) => prefixes, []],
  ['peers: this one', { peers: ['tor'] }, [], {}, ({ prefixes }) => prefixes, [PREFIX]],
  ['serviceSelectors', { serviceSelectors: [{ matchLabels: { no: 'such' } }] }, [], {}, ({ prefixes }) => prefixes, []],
]

for (const [name, spec, more, peer, seen, expected] of AD_FIELDS) {
  test(`BGPAdvertisement: ${name}; an edit to it is an UPDATE, and resets nothing`, async () => {
    const { world, node, tor } = await connected(peer, {
      ...('peerASN' in peer && { localAsn: OUR_ASN }),
      families: ['ipv4', 'ipv6'],
    })
    world.api.apply(...more, bgp('all', spec))
    await world.pass(200)
    assert.deepEqual(seen(tor), expected)
    assert.deepEqual(tor.log, ['up'])
    await node.stop()
  })
}

test('next hops of both families over IPv4 are those of the session’s link', async () => {
  const { world, node, tor } = await connected(
    { dualStackAddressFamily: true },
    { families: ['ipv4', 'ipv6'] },
    { objects: SIX },
  )
  await world.until(() => tor.prefixes.length === 2, 1000, 'both routes are there')
  assert.deepEqual([tor.routes.get(PREFIX)?.nextHops, tor.routes.get('fd11::7/128')?.nextHops], [[NODE], [NODE_SIX]])
  await node.stop()
})
