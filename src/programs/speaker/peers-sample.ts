// SPDX-License-Identifier: Apache-2.0
/** For tests: what a speaker with three peers knows: one up, one that nobody answers for, one by an interface. */
import assert from 'node:assert/strict'
import type { Attributes, Open } from '../../bgp/codec/message.ts'
import type { PeerView } from '../../bgp/peer-setup.ts'
import type { HeldRoute, SentRoute } from '../../bgp/rib.ts'
import type { MessageCounts, SessionView } from '../../bgp/view.ts'
import { type Ip, parseIp } from '../../lib/ip.ts'
import { parseCidr } from '../../lib/prefix.ts'
import type { BfdReading, ConfiguredPeer, PeerReadings } from './peers-readings.ts'

/** The moment that all of the sample is as of: 2026-01-02T00:00:00Z. */
export const NOW_MS = Date.UTC(2026, 0, 2)

const OPEN: Open = {
  type: 'open',
  asn: 23_456,
  holdSeconds: 90,
  routerId: 0x0a00_000b,
  capabilities: [
    { type: 'multiprotocol', family: 'ipv4' },
    { type: 'routeRefresh' },
    { type: 'fourOctetAs', asn: 4_200_000_000 },
  ],
}
const THEIRS: Open = {
  type: 'open',
  asn: 64_501,
  holdSeconds: 30,
  routerId: 0x0a00_0001,
  capabilities: [
    ...OPEN.capabilities.slice(0, 2),
    { type: 'hostname', host: 'tor', domain: 'example' },
    { type: 'unknown', code: 200, value: new Uint8Array(2) },
  ],
}

const NONE: MessageCounts = { open: 0, update: 0, notification: 0, keepalive: 0, routeRefresh: 0 }
const UP: SessionView = {
  state: 'Established',
  sinceMs: NOW_MS - 3_723_000,
  enabled: true,
  local: { address: '10.0.0.11', port: 40_000 },
  remote: { address: '10.0.0.1', port: 179 },
  isAccepted: false,
  sent: OPEN,
  received: THEIRS,
  peerAsn: 64_501,
  families: ['ipv4'],
  holdMs: 30_000,
  keepaliveMs: 10_000,
  timersMs: { hold: 27_500.4, keepalive: 7500 },
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
  lastError: { why: 'the hold timer expired', atMs: NOW_MS - 7_200_000 },
  attempts: 0,
  flaps: 0,
  stale: [],
}
const DOWN: SessionView = {
  ...UP,
  state: 'Active',
  sinceMs: NOW_MS - 65_000,
  local: null,
  remote: null,
  received: null,
  peerAsn: null,
  families: [],
  holdMs: null,
  keepaliveMs: null,
  timersMs: { connectRetry: 4000 },
  counters: { sent: NONE, received: NONE, ups: 0, downs: 0, failures: 7, malformed: 0, flaws: 0 },
  lastError: { why: 'cannot connect to fd00::2: connection refused', atMs: NOW_MS - 5000 },
  attempts: 7,
}
const IDLE: SessionView = { ...DOWN, state: 'Idle', enabled: false, lastError: null, attempts: 0, timersMs: {} }

const NOTHING = { sent: 0, pending: 0, attributeSets: 0 }
const UNHEARD = { announced: 0, withdrawn: 0 }
/** By name, as a speaker lists them. */
export const PEERS: readonly PeerView[] = [
  {
    name: 'tor-a',
    to: { address: '10.0.0.1', port: 179 },
    withheld: null,
    session: UP,
    routes: { sent: 2, pending: 1, attributeSets: 2 },
    received: { announced: 5, withdrawn: 1 },
  },
  {
    name: 'tor-b',
    to: { address: 'fd00::2', port: 1790 },
    withheld: null,
    session: DOWN,
    routes: NOTHING,
    received: UNHEARD,
  },
  {
    name: 'uplink',
    to: null,
    withheld: { reason: 'noNeighbour', message: 'no router has been heard on eth1' },
    session: IDLE,
    routes: NOTHING,
    received: UNHEARD,
  },
]

const BARE: ConfiguredPeer & { password: string } = {
  address: null,
  interface: null,
  port: 179,
  vrf: null,
  myAsn: 4_200_000_000,
  localAsn: null,
  remoteAs: 64_501,
  bfdProfile: null,
  passive: false,
  ebgpMultiHop: false,
  ttlSecurityHops: null,
  password: 'hunter2',
}
const CONFIGURED = new Map<string, ConfiguredPeer>([
  ['tor-a', { ...BARE, address: ip('10.0.0.1'), bfdProfile: 'fast' }],
  ['tor-b', { ...BARE, address: ip('fd00::2'), port: 1790, vrf: 'red', remoteAs: 'external' }],
  ['uplink', { ...BARE, interface: 'eth1', remoteAs: 'external' }],
])

/** The session of tor-a. */
export const BFD: BfdReading = {
  names: ['tor-a'],
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
  localDiscriminator: 7,
  remoteDiscriminator: 9,
  sinceMs: NOW_MS - 3_723_000,
  device: null,
  timers: { transmitMs: 50, receiveMs: 50, detectMult: 3, echoMs: null, passive: false, minTtl: 254 },
  remoteTimers: { transmitMs: 50, receiveMs: 50, detectMult: 3, echoMs: 0 },
  remoteControlPlaneIndependent: true,
  remoteDemand: false,
  echo: null,
  upEvents: 2,
  downEvents: 1,
  lastDown: { why: 'the detection time has expired', atMs: NOW_MS - 7_200_000 },
  fault: null,
  counters: { controlIn: 100, controlOut: 101, echoIn: 3, echoOut: 4, looped: 5 },
}

const ATTRIBUTES: Attributes = {
  origin: 'igp',
  asPath: [{ type: 'sequence', asns: [4_200_000_000, 4_200_000_000] }],
  med: 50,
  communities: [0xffff_0000, 0xfde8_0064],
  largeCommunities: ['64500:1:2'],
}
const SENT: readonly SentRoute[] = [
  route('192.0.2.1/32', ATTRIBUTES),
  route('192.0.2.128/25', { origin: 'igp', asPath: [], localPref: 200 }),
]
const HELD: readonly HeldRoute[] = [{ prefix: prefix('2001:db8::1/128'), why: 'familyNotNegotiated' }]

export const READINGS: PeerReadings = {
  node: 'iris1',
  peers: () => PEERS,
  configured: (name) => CONFIGURED.get(name),
  sent: (name) => (name === 'tor-a' ? SENT : []),
  held: (name) => (name === 'tor-a' ? HELD : []),
  bfd: () => [BFD],
  bfdDropped: () => ({ authentication: 2 }),
}

function route(text: string, attributes: Attributes): SentRoute {
  const nextHops = [ip('10.0.0.11')]
  return { prefix: prefix(text), outgoing: { key: '', family: 'ipv4', attributes, nextHops } }
}

function ip(text: string): Ip {
  return parseIp(text) ?? assert.fail(text)
}

function prefix(text: string): ReturnType<typeof parseCidr> & {} {
  return parseCidr(text) ?? assert.fail(text)
}
