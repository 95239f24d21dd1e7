// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fieldAt, listAt } from '../../lib/unchecked.ts'
import { jsonPieces } from '../listeners/documents.ts'
import { capabilityText, communityText } from './bgp-words.ts'
import { peersDocument } from './peers-document.ts'
import { READINGS } from './peers-sample.ts'

const text = [...jsonPieces(peersDocument(READINGS))].join('')
const document: unknown = JSON.parse(text)
const [up, down, idle] = listAt(document, 'peers')

test('a session that is up, with everything about it', () => {
  assert.deepEqual(up, {
    name: 'tor-a',
    address: '10.0.0.1',
    interface: null,
    port: 179,
    vrf: null,
    expectedAsn: 64_501,
    passive: false,
    multihop: false,
    bfdProfile: 'fast',
    state: 'Established',
    since: '2026-01-01T22:57:57.000Z',
    enabled: true,
    withheld: null,
    local: { address: '10.0.0.11', port: 40_000 },
    remote: { address: '10.0.0.1', port: 179 },
    dialledBy: 'us',
    localAsn: 4_200_000_000,
    peerAsn: 64_501,
    routerId: '10.0.0.11',
    peerRouterId: '10.0.0.1',
    families: ['ipv4'],
    staleFamilies: [],
    timers: {
      offeredHoldMs: 90_000,
      peerHoldMs: 30_000,
      holdMs: 30_000,
      keepaliveMs: 10_000,
      leftMs: { hold: 27_500, keepalive: 7500 },
    },
    capabilities: {
      sent: ['multiprotocol ipv4 unicast', 'route refresh', '4-octet AS 4200000000'],
      received: ['multiprotocol ipv4 unicast', 'route refresh', 'hostname tor.example', 'unknown 200'],
    },
    lastError: { why: 'the hold timer expired', at: '2026-01-01T22:00:00.000Z' },
    attempts: 0,
    flaps: 0,
    waitingBytes: 0,
    counters: {
      sent: { open: 2, update: 3, notification: 1, keepalive: 40, routeRefresh: 0 },
      received: { open: 1, update: 1, notification: 0, keepalive: 41, routeRefresh: 1 },
      ups: 2,
      downs: 1,
      failures: 4,
      malformed: 1,
      flaws: 2,
    },
    routes: { sent: 2, pending: 1, attributeSets: 2 },
    received: { announced: 5, withdrawn: 1 },
    bfd: {
      address: '10.0.0.1',
      local: '10.0.0.11',
      link: null,
      profile: 'fast',
      state: 'Up',
      diag: 'none',
      remoteState: 'Up',
      remoteDiag: 'none',
      intervalMs: 50,
      detectMs: 150,
      device: null,
      timers: { transmitMs: 50, receiveMs: 50, detectMult: 3, echoMs: null, passive: false, minTtl: 254 },
      remoteTimers: { transmitMs: 50, receiveMs: 50, detectMult: 3, echoMs: 0 },
      remoteControlPlaneIndependent: true,
      remoteDemand: false,
      echo: null,
      lastDown: { why: 'the detection time has expired', at: '2026-01-01T22:00:00.000Z' },
      fault: null,
      since: '2026-01-01T22:57:57.000Z',
      localDiscriminator: 7,
      remoteDiscriminator: 9,
      upEvents: 2,
      downEvents: 1,
      counters: { controlIn: 100, controlOut: 101, echoIn: 3, echoOut: 4, looped: 5 },
    },
  })
})

test('a session that is not up says what is missing', () => {
  const fields = ['state', 'peerAsn', 'remote', 'dialledBy', 'attempts', 'bfd', 'vrf', 'expectedAsn']
  assert.deepEqual(
    fields.map((field) => fieldAt(down, field)),
    ['Active', null, null, null, 7, null, 'red', 'external'],
  )
  assert.equal(fieldAt(down, 'capabilities', 'received'), null)
  assert.deepEqual(fieldAt(idle, 'withheld'), { reason: 'noNeighbour', message: 'no router has been heard on eth1' })
  assert.deepEqual([fieldAt(idle, 'address'), fieldAt(idle, 'interface')], [null, 'eth1'])
})

test('routes that were sent, with their attributes', () => {
  const nextHops = ['10.0.0.11']
  const common = { peer: 'tor-a', nextHops, origin: 'igp' }
  assert.deepEqual(listAt(document, 'routes'), [
    {
      ...common,
      prefix: '192.0.2.1/32',
      asPath: '4200000000 4200000000',
      med: 50,
      localPref: null,
      communities: ['graceful-shutdown', '65000:100'],
      largeCommunities: ['64500:1:2'],
    },
    {
      ...common,
      prefix: '192.0.2.128/25',
      asPath: '',
      med: null,
      localPref: 200,
      communities: [],
      largeCommunities: [],
    },
  ])
})

test('routes that were not sent, with the reason', () => {
  assert.deepEqual(listAt(document, 'held'), [{ peer: 'tor-a', prefix: '2001:db8::1/128', why: 'familyNotNegotiated' }])
})

test('BFD packets that were not listened to, by reason; nothing where nobody counts them', () => {
  assert.deepEqual(fieldAt(document, 'bfdDropped'), { authentication: 2 })
  const { bfdDropped: _, ...readings } = READINGS
  assert.equal(Object.hasOwn(peersDocument(readings), 'bfdDropped'), false)
})

test('no password is in it, though the BGPPeers that are read have one', () => {
  assert.equal(fieldAt(READINGS.configured('tor-a'), 'password'), 'hunter2')
  assert.doesNotMatch(text, /hunter2|password/i)
})

test('Services of a route where somebody keeps them', () => {
  const readings = { ...READINGS, services: () => ['default/web', 'default/api'] }
  const told: unknown = JSON.parse([...jsonPieces(peersDocument(readings))].join(''))
  assert.deepEqual(fieldAt(listAt(told, 'routes')[0], 'services'), ['default/web', 'default/api'])
})

test('ten thousand routes are never one text', () => {
  const [route] = READINGS.sent('tor-a')
  const sent = (name: string) => (name === 'tor-a' && route ? Array.from({ length: 10_000 }, () => route) : [])
  const pieces = [...jsonPieces(peersDocument({ ...READINGS, sent }))]
  assert.ok(pieces.length > 10_000)
  assert.ok(Math.max(...pieces.map(({ length }) => length)) < 4096)
})

const CAPABILITIES = [
  [{ type: 'otherFamily', afi: 25, safi: 70 }, 'multiprotocol AFI 25 SAFI 70'],
  [{ type: 'enhancedRouteRefresh' }, 'enhanced route refresh'],
  [{ type: 'extendedNextHop', family: 'ipv4' }, 'extended next hop ipv4'],
  [{ type: 'extendedMessage' }, 'extended message'],
  [{ type: 'softwareVersion', version: 'x/1' }, 'software version x/1'],
  [
    {
      type: 'gracefulRestart',
      restarting: true,
      notification: true,
      restartSeconds: 120,
      families: [{ family: 'ipv6', preserved: true }],
    },
    'graceful restart (120 s, ipv6 preserved, restarting, over notifications)',
  ],
  [
    { type: 'gracefulRestart', restarting: false, notification: false, restartSeconds: 0, families: [] },
    'graceful restart (as helper)',
  ],
] as const
for (const [capability, expected] of CAPABILITIES) {
  test(`capability in words: ${expected}`, () => assert.equal(capabilityText(capability), expected))
}

const COMMUNITIES: readonly (readonly [number, string])[] = [
  [0xffff_ff01, 'no-export'],
  [0xffff_ff02, 'no-advertise'],
  [0xffff_029a, 'blackhole'],
  [0xffff_1234, '65535:4660'],
  [0x0000_ff01, '0:65281'],
]
for (const [value, expected] of COMMUNITIES) {
  test(`community ${expected}`, () => assert.equal(communityText(value), expected))
}
