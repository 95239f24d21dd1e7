// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PeerSetup } from '../../bgp/peer-setup.ts'
import { type Ip, parseIp } from '../../lib/ip.ts'
import type { Link } from '../../lib/net.ts'
import type { Peer } from '../../model/peer.ts'
import { peer } from '../../plan/sample-world.ts'
import { peerSetup, type Surroundings } from './peer-setups.ts'

const ip = (text: string): Ip => parseIp(text) ?? assert.fail(text)
const ETH0: Link = {
  index: 2,
  name: 'eth0',
  mac: null,
  up: true,
  carrier: true,
  broadcast: true,
  noArp: false,
  multicast: true,
  hasMaster: false,
  master: null,
  linkLocal: 'fe80::5',
  addresses: [{ address: '192.168.1.10', prefixBits: 24 }],
}
const AROUND: Surroundings = {
  node: 'n1',
  routerId: 7,
  links: [ETH0],
  neighbour: () => null,
  bfdUp: null,
  strictStart: false,
  leaving: null,
}
const setup = (fields: Partial<Peer> = {}, around: Partial<Surroundings> = {}): PeerSetup =>
  peerSetup(peer('tor', ['n1'], fields), { ...AROUND, ...around })

test('a plain peer: MetalLB’s hold time, its own family', () => {
  assert.deepEqual(setup(), {
    name: 'tor',
    config: {
      localAsn: 64_500,
      remoteAs: 64_501,
      routerId: 7,
      holdMs: 90_000,
      keepaliveMs: null,
      connectMs: null,
      passive: false,
      families: ['ipv4'],
      extendedNextHop: false,
      gracefulRestart: null,
      hostname: 'n1',
    },
    reach: { dial: { to: { address: '192.168.1.1', port: 179 } }, withheld: null },
  })
})

const SIX = { address: ip('2001:db8::1') }
const CONFIGS: [string, Partial<Peer>, Partial<PeerSetup['config']>][] = [
  ['localASN takes the place of myASN', { localAsn: 64_999 }, { localAsn: 64_999 }],
  ['dynamicASN', { remoteAs: 'external' }, { remoteAs: 'external' }],
  ['a hold time of 0 is for ever', { holdMs: 0, keepaliveMs: 0 }, { holdMs: 0, keepaliveMs: 0 }],
  [
    'timers',
    { holdMs: 9000, keepaliveMs: 3000, connectMs: 5000 },
    { holdMs: 9000, keepaliveMs: 3000, connectMs: 5000 },
  ],
  ['IPv6', SIX, { families: ['ipv6'], extendedNextHop: false }],
  ['both families', { dualStackAddressFamily: true }, { families: ['ipv4', 'ipv6'], extendedNextHop: false }],
  ['IPv4 over IPv6', { ...SIX, dualStackAddressFamily: true }, { families: ['ipv4', 'ipv6'], extendedNextHop: true }],
  ['by an interface', { address: null, interface: 'eth0' }, { families: ['ipv4', 'ipv6'], extendedNextHop: true }],
  ['graceful restart', { gracefulRestart: { restartMs: 90_000 } }, { gracefulRestart: { restartSeconds: 90 } }],
  ['passive', { passive: true }, { passive: true }],
]
for (const [name, fields, expected] of CONFIGS) {
  test(`what the OPEN says: ${name}`, () => {
    const { config } = setup(fields)
    assert.deepEqual({ ...config, ...expected }, config)
  })
}

const HERE = { sourceAddress: ip('192.168.1.10') }
const heard = { neighbour: () => 'fe80::1' }
const byInterface = { address: null, interface: 'eth0' }
const DIALS: [string, Partial<Peer>, Partial<Surroundings>, object][] = [
  ['the port', { port: 1790 }, {}, { to: { address: '192.168.1.1', port: 1790 } }],
  ['a source address that is here', HERE, {}, { from: '192.168.1.10' }],
  ['a password', { password: 'secret' }, {}, { md5: 'secret' }],
  ['GTSM of one hop', { ttlSecurityHops: 1 }, {}, { minTtl: 255 }],
  ['GTSM of three hops', { ttlSecurityHops: 3 }, {}, { minTtl: 253 }],
  ['the device of a VRF', { vrf: 'red' }, {}, { device: 'red' }],
  ['a router that was heard', byInterface, heard, { to: { address: 'fe80::1%eth0', port: 179 } }],
  ['strictStart, and BFD is up', { bfdProfile: 'fast' }, { bfdUp: true, strictStart: true }, {}],
  ['BFD is down, but BGP need not wait', { bfdProfile: 'fast' }, { bfdUp: false }, {}],
]
for (const [name, fields, around, expected] of DIALS) {
  test(`how it is reached: ${name}`, () => {
    const { dial } = setup(fields, around).reach
    assert.ok(dial)
    assert.deepEqual({ ...dial, ...expected }, dial)
  })
}

const WITHHELD: [string, Partial<Peer>, Partial<Surroundings>, string, RegExp][] = [
  [
    'the source address is elsewhere',
    { sourceAddress: ip('192.168.1.99') },
    {},
    'sourceAddressMissing',
    /node n1 does not have the sourceAddress 192\.168\.1\.99/,
  ],
  ['no such interface', { address: null, interface: 'eth9' }, heard, 'interfaceMissing', /no interface eth9/],
  ['no router was heard', byInterface, {}, 'noNeighbour', /interface eth0/],
  ['strictStart', { bfdProfile: 'fast' }, { bfdUp: false, strictStart: true }, 'waitsForBfd', /fast has strictStart/],
]
for (const [name, fields, around, reason, message] of WITHHELD) {
  test(`not dialled: ${name}`, () => {
    const { withheld } = setup(fields, around).reach
    assert.equal(withheld?.reason, reason)
    assert.match(withheld?.message ?? '', message)
  })
}
