// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BfdNeed } from '../../bfd/sessions.ts'
import { type Ip, parseIp } from '../../lib/ip.ts'
import type { Link } from '../../lib/net.ts'
import type { BfdProfile } from '../../model/bfd-profile.ts'
import type { Peer } from '../../model/peer.ts'
import { peer } from '../../plan/sample-world.ts'
import { bfdNeed, type Near } from './bfd-needs.ts'

const ip = (text: string): Ip => parseIp(text) ?? assert.fail(text)
const PROFILE: BfdProfile = {
  name: 'fast',
  transmitMs: null,
  receiveMs: null,
  detectMultiplier: null,
  echoMs: null,
  minimumTtl: null,
  echoMode: false,
  passiveMode: false,
  strictStart: false,
}
const kind = { mac: null, up: true, carrier: true, broadcast: true, noArp: false, multicast: true }
const member = { hasMaster: false, master: null }
const ETH0: Link = {
  ...kind,
  ...member,
  index: 2,
  name: 'eth0',
  linkLocal: 'fe80::5',
  addresses: [{ address: '192.168.1.10', prefixBits: 24 }],
}
const RED: Link = { ...ETH0, index: 7, name: 'red', linkLocal: null, addresses: [] }
const IN_RED: Link = { ...ETH0, index: 8, name: 'eth8', hasMaster: true, master: 7 }
const NEAR: Near = { links: [ETH0], neighbour: () => null, live: null }
const need = (fields: Partial<Peer> = {}, near: Partial<Near> = {}, profile: Partial<BfdProfile> = {}) =>
  bfdNeed(peer('tor', ['n1'], fields), { ...PROFILE, ...profile }, { ...NEAR, ...near })
const place = (found: BfdNeed | null) =>
  found && [found.address, found.local, found.link ?? '-', found.device ?? '-'].join(' ')

test('a bare profile: what FRR takes for unset', () => {
  assert.deepEqual(need()?.timers, {
    transmitMs: 300,
    receiveMs: 300,
    detectMult: 3,
    echoMs: null,
    passive: false,
    minTtl: 254,
  })
  assert.equal(need({}, {}, { echoMode: true })?.timers.echoMs, 50)
})

const UNNUMBERED = { address: null, interface: 'eth0' }
const heard = { neighbour: () => 'fe80::1' }
const OFF_LINK = { address: ip('198.51.100.1') }
const PLACES: readonly (readonly [string, Partial<Peer>, Partial<Near>, string | null])[] = [
  ['over the link that it is on', {}, {}, '192.168.1.1 192.168.1.10 eth0 -'],
  ['over several hops where that is said', { ebgpMultiHop: true }, {}, '192.168.1.1 0.0.0.0 - -'],
  ['over several hops where it is on no link', OFF_LINK, {}, '198.51.100.1 0.0.0.0 - -'],
  ['from the sourceAddress', { ...OFF_LINK, sourceAddress: ip('192.168.1.10') }, {}, '198.51.100.1 192.168.1.10 - -'],
  ['not from an address that is elsewhere', { sourceAddress: ip('192.168.1.99') }, {}, null],
  ['by an interface', UNNUMBERED, heard, 'fe80::1 fe80::5 eth0 -'],
  ['by an interface without a router', UNNUMBERED, {}, null],
  ['in a VRF, by its own link', { vrf: 'red' }, { links: [ETH0, RED, IN_RED] }, '192.168.1.1 192.168.1.10 eth8 red'],
]
for (const [name, fields, near, expected] of PLACES) {
  test(`where a session goes: ${name}`, () => assert.equal(place(need(fields, near)), expected))
}

const LOST: readonly (readonly [string, Partial<Peer>, Partial<Near>, Partial<Peer>, boolean])[] = [
  ['the link is gone', {}, { links: [] }, {}, true],
  ['the router on the interface is silent', UNNUMBERED, { ...heard, neighbour: () => null }, UNNUMBERED, true],
  ['another address is asked for', {}, { links: [] }, OFF_LINK, false],
  ['ebgpMultiHop is asked for', {}, {}, { ebgpMultiHop: true }, false],
  ['another sourceAddress is asked for', {}, {}, { sourceAddress: ip('192.168.1.99') }, false],
  ['a VRF is asked for', {}, {}, { vrf: 'red' }, false],
]
for (const [name, before, near, after, stays] of LOST) {
  test(`a session that is Up, and ${name}: it ${stays ? 'stays as it was' : 'ends'}`, () => {
    const live = need(before, heard)
    assert.ok(live)
    const now = need(after, { ...near, live }, { transmitMs: 50 })
    assert.equal(place(now) === place(live), stays)
    if (stays) assert.equal(now?.timers.transmitMs, 50)
  })
}
