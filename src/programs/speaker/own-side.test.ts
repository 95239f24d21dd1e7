// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatIp, type Ip, parseIp } from '../../lib/ip.ts'
import type { Link } from '../../lib/net.ts'
import type { Peer } from '../../model/peer.ts'
import { node, peer } from '../../plan/sample-world.ts'
import { hasAddress, linksFor, onLink, ownAddresses, routerIdOf } from './own-side.ts'

const ip = (text: string): Ip => parseIp(text) ?? assert.fail(text)

function link(name: string, linkLocal: string | null, ...prefixes: readonly string[]): Link {
  const addresses = prefixes.map((text) => {
    const [address = '', bits] = text.split('/')
    return { address, prefixBits: Number(bits) }
  })
  const kind = { mac: null, up: true, carrier: true, broadcast: true, noArp: false, multicast: true }
  return { index: 1, name, ...kind, hasMaster: false, master: null, linkLocal, addresses }
}

const LO = link('lo', null, '127.0.0.1/8', '::1/128')
const WIDE = link('eth0', 'fe80::1', '10.0.0.5/8', '2001:db8::5/64')
const NARROW = link('eth1', 'fe80::2', '10.1.0.5/24')
const SIX = link('eth2', 'fe80::3', '2001:db8:2::5/64')
const LINKS = [LO, WIDE, NARROW, SIX]

const NEAR: [string, string, string | null][] = [
  ['by the only prefix that holds it', '10.9.9.9', 'eth0 10.0.0.5'],
  ['by the longest one', '10.1.0.1', 'eth1 10.1.0.5'],
  ['IPv6', '2001:db8:2::1', 'eth2 2001:db8:2::5'],
  ['behind a router', '192.0.2.1', null],
]
for (const [name, address, expected] of NEAR) {
  test(`on a link: ${name}`, () => {
    const found = onLink(ip(address), LINKS)
    assert.equal(found && `${found.link.name} ${formatIp(found.own)}`, expected)
  })
}

test('a VRF has its own links, also where both networks use the same addresses', () => {
  const red = { ...link('red', null), index: 7 }
  const inRed = { ...link('eth8', 'fe80::8', '10.1.0.77/24'), index: 8, hasMaster: true, master: 7 }
  const all = [inRed, red, NARROW]
  const names = (vrf: string | null) => linksFor({ vrf }, all).map(({ name }) => name)
  assert.deepEqual([names('red'), names(null), names('blue')], [['eth8', 'red'], ['red', 'eth1', 'eth8'], []])
  const id = (vrf: string | null) => routerIdOf(at('10.1.0.1', { vrf }), { name: 'n1', known: undefined }, all)
  assert.deepEqual([id('red'), id(null)], [0x0a_01_00_4d, 0x0a_01_00_05])
})

test('an address that is here, a link-local one too, and one that is not', () => {
  assert.deepEqual(
    ['10.1.0.5', 'fe80::3', '10.1.0.6'].map((text) => hasAddress(ip(text), LINKS)),
    [true, true, false],
  )
})

const at = (text: string, fields: Partial<Peer> = {}) => peer('tor', ['n1'], { address: ip(text), ...fields })
const onInterface = peer('tor', ['n1'], { address: null, interface: 'eth0' })

/** IPv4, IPv6, link-local. */
const NEXT_HOPS: [string, Peer, string, string][] = [
  ['IPv4, and IPv6 of the same link', at('10.9.9.9'), '10.0.0.5', '10.0.0.5 2001:db8::5 -'],
  ['IPv4 on a link without IPv6', at('10.1.0.1'), '10.1.0.5', '10.1.0.5 - -'],
  ['IPv6 on the link: with the link-local address', at('2001:db8::1'), '2001:db8::5', '10.0.0.5 2001:db8::5 fe80::1'],
  ['IPv6 behind a router: without', at('2001:db8:9::1'), '2001:db8::5', '10.0.0.5 2001:db8::5 -'],
  ['by an interface', onInterface, 'fe80::1%eth0', '10.0.0.5 2001:db8::5 fe80::1'],
  ['from an address that is on no link any more', at('10.9.9.9'), '10.0.0.99', '10.0.0.99 - -'],
]
for (const [name, given, local, expected] of NEXT_HOPS) {
  test(`next hops: ${name}`, () => {
    const { ipv4, ipv6, linkLocal } = ownAddresses(given, local, LINKS)
    assert.equal([ipv4, ipv6, linkLocal].map((one) => (one ? formatIp(one) : '-')).join(' '), expected)
  })
}

const KNOWN = node('n1', { addresses: [ip('2001:db8::5'), ip('198.51.100.7')] })
const ROUTER_IDS: [string, Peer, readonly Link[], string][] = [
  ['as it is written', at('10.1.0.1', { routerId: ip('192.0.2.9') }), LINKS, '192.0.2.9'],
  ['the source address', at('10.1.0.1', { sourceAddress: ip('10.0.0.5') }), LINKS, '10.0.0.5'],
  ['the address on the peer’s link', at('10.1.0.1'), LINKS, '10.1.0.5'],
  ['IPv4 of the link of an IPv6 peer', at('2001:db8::1'), LINKS, '10.0.0.5'],
  ['IPv4 of the interface', onInterface, LINKS, '10.0.0.5'],
  ['a link without IPv4: that of the Node', at('2001:db8:2::1'), LINKS, '198.51.100.7'],
  ['behind a router: that of the Node', at('192.0.2.1'), LINKS, '198.51.100.7'],
]
for (const [name, given, links, expected] of ROUTER_IDS) {
  test(`router ID: ${name}`, () => {
    const id = routerIdOf(given, { name: 'n1', known: KNOWN }, links)
    assert.equal(formatIp({ family: 'ipv4', bits: BigInt(id) }), expected)
  })
}

test('router ID: without any IPv4 address a checksum of the name, as MetalLB has it', () => {
  // CRC-32 of "123456789" is cbf43926; its bytes stand in little-endian order.
  const id = routerIdOf(at('192.0.2.1'), { name: '123456789', known: undefined }, [])
  assert.equal(id.toString(16), '2639f4cb')
})
