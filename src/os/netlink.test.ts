// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromHex, toHex } from '../lib/bytes.ts'
import type { Link } from '../lib/net.ts'
import { decodeLinks } from './netlink.ts'

const header = (length: string, type: string) => `${length} ${type} 0200 01000000 00000000`
const info = (hardware: string, index: string, flags: string) => `00 00 ${hardware} ${index} ${flags} 00000000`
const name = (hex: string) => `${(4 + hex.length / 2).toString(16).padStart(2, '0')}00 0300 ${hex}`

// Written after rtnetlink(7); the bond member and the VLAN are what a kernel that has them sends.
const ETH0 = `${header('38000000', '1000')} ${info('0100', '02000000', '43100100')} ${name('6574683000')} 000000 0a00 0100 020000000001 0000`
const BOND_MEMBER = `${header('40000000', '1000')} ${info('0100', '03000000', '43180100')} ${name('6574683100')} 000000 0a00 0100 020000000001 0000 0800 0a00 09000000`
const TUNNEL = `${header('34000000', '1000')} ${info('0003', '04000000', 'c1000000')} ${name('74756e3000')} 000000 0800 0100 c6336401`
const DONE = `${header('14000000', '0300')} 00000000`

const ETHERNET: Link = {
  index: 2,
  name: 'eth0',
  mac: '02:00:00:00:00:01',
  up: true,
  carrier: true,
  broadcast: true,
  noArp: false,
  multicast: true,
  hasMaster: false,
  master: null,
  linkLocal: null,
  addresses: [],
}

/** rtattr: length, type, value, padding. */
const attribute = (type: number, hex: string) => {
  const value = toHex(fromHex(hex))
  const length = 4 + value.length / 2
  const padding = '00'.repeat((4 - (length % 4)) % 4)
  return `${length.toString(16).padStart(2, '0')}00${type.toString(16).padStart(2, '0')}00${value}${padding}`
}
const textHex = (text: string) => toHex(new TextEncoder().encode(`${text}\0`))
/** IFLA_LINKINFO with IFLA_INFO_KIND and, for a member, IFLA_INFO_SLAVE_KIND. */
const kind = (own: string, memberOf = '') =>
  attribute(18, (own && attribute(1, textHex(own))) + (memberOf && attribute(4, textHex(memberOf))))
const linkMessage = (index: string, flags: string, attributes: string) => {
  const length = (32 + fromHex(attributes).length).toString(16).padStart(2, '0')
  return `${header(`${length}000000`, '1000')} ${info('0100', index, flags)} ${attributes}`
}
const ON_LINK_2 = attribute(5, '02000000')
const IN_LINK_9 = attribute(10, '09000000')
const MAC = attribute(1, '020000000001')
const named = (text: string) => attribute(3, textHex(text))

/**
 * Links that stand on others or in them. Made by hand from the layout in linux/if_link.h, not captured: the kernels that
 * these tests run on have no 802.1Q, bonding or VRF.
 */
const STACKED: [string, string, Link][] = [
  [
    'a VLAN on an Ethernet link: a link of its own',
    linkMessage('05000000', '43100100', `${named('eth0.5')}${MAC}${ON_LINK_2}${kind('vlan')}`),
    { ...ETHERNET, index: 5, name: 'eth0.5' },
  ],
  [
    'a VLAN whose link has lost its carrier',
    linkMessage('05000000', '03100000', `${named('eth0.5')}${MAC}${ON_LINK_2}${kind('vlan')}`),
    { ...ETHERNET, index: 5, name: 'eth0.5', carrier: false },
  ],
  [
    'a bond: it talks for its members',
    linkMessage('09000000', '43140100', `${named('bond0')}${MAC}${kind('bond')}`),
    { ...ETHERNET, index: 9, name: 'bond0' },
  ],
  [
    'a member of the bond',
    linkMessage('03000000', '43180100', `${named('eth1')}${MAC}${IN_LINK_9}${kind('', 'bond')}`),
    { ...ETHERNET, index: 3, name: 'eth1', hasMaster: true, master: 9 },
  ],
  [
    'a VLAN that is a member of a bridge',
    linkMessage('05000000', '43110100', `${named('eth0.5')}${MAC}${ON_LINK_2}${IN_LINK_9}${kind('vlan', 'bridge')}`),
    { ...ETHERNET, index: 5, name: 'eth0.5', hasMaster: true, master: 9 },
  ],
  [
    'a macvlan',
    linkMessage('06000000', '43100100', `${named('mv0')}${MAC}${ON_LINK_2}${kind('macvlan')}`),
    { ...ETHERNET, index: 6, name: 'mv0' },
  ],
  [
    'a member of a VRF',
    linkMessage('03000000', '43100100', `${named('eth1')}${MAC}${IN_LINK_9}${kind('', 'vrf')}`),
    { ...ETHERNET, index: 3, name: 'eth1', hasMaster: true, master: 9 },
  ],
  [
    'a VRF: NOARP',
    linkMessage('09000000', 'c1040100', `${named('red')}${MAC}${kind('vrf')}`),
    { ...ETHERNET, index: 9, name: 'red', broadcast: false, multicast: false, noArp: true },
  ],
]
for (const [title, hex, expected] of STACKED) {
  test(`links: ${title}`, () => assert.deepEqual(decodeLinks(fromHex(hex)), [expected]))
}

const link = (fields: Partial<Link>): Link => ({ ...ETHERNET, ...fields })

/** An address of link 2: flags of the header, scope, and the attributes after it. */
const address = (flags: string, scope: string, attributes: string, index = '02000000', family = '0a') => {
  const bytes = (16 + 8 + fromHex(attributes).length).toString(16).padStart(2, '0')
  return `${header(`${bytes}000000`, '1400')} ${family} 40 ${flags} ${scope} ${index} ${attributes}`
}
const ip6 = (type: string, hex: string) => `1400 ${type} ${hex}`
const allFlags = (hex: string) => `0800 0800 ${hex}`
const ip4 = (type: string, hex: string) => `0800 ${type} ${hex}`
/** An IPv4 address of link 2; flags of the header, and the length of its prefix. */
const address4 = (bits: string, flags: string, attributes: string) =>
  address(flags, '00', attributes, '02000000', '02').replace(' 02 40 ', ` 02 ${bits} `)
const GLOBAL_1 = '20010db8000000000000000000000001'
const GLOBAL_2 = '20010db8000000010000000000000002'
const FE80_1 = 'fe800000000000000000000000000001'
const FE80_2 = 'fe800000000000000000000000000002'

/** Addresses that come with ETH0, and the link-local address that it has by them. */
const ADDRESSES: [string, string, string | null][] = [
  ['a link-local address', address('80', 'fd', `${ip6('0100', FE80_2)} ${allFlags('80000000')}`), 'fe80::2'],
  ['one without the 32-bit flags', address('80', 'fd', ip6('0100', FE80_2)), 'fe80::2'],
  ['one that is still being checked', address('c0', 'fd', `${ip6('0100', FE80_2)} ${allFlags('c0000000')}`), null],
  ['one that is checked, by the flags of the header', address('40', 'fd', ip6('0100', FE80_2)), null],
  ['one that somebody else has', address('88', 'fd', `${ip6('0100', FE80_2)} ${allFlags('88000000')}`), null],
  ['a deprecated one', address('a0', 'fd', `${ip6('0100', FE80_2)} ${allFlags('a0000000')}`), 'fe80::2'],
  ['a global address', address('80', '00', ip6('0100', '20010db8000000000000000000000001')), null],
  ['a peer: ours is the local one', address('80', 'fd', `${ip6('0100', FE80_1)} ${ip6('0200', FE80_2)}`), 'fe80::2'],
  [
    'two: the lower, whatever the order',
    `${address('80', 'fd', ip6('0100', FE80_2))} ${address('80', 'fd', ip6('0100', FE80_1))}`,
    'fe80::1',
  ],
  [
    'the lower one not usable',
    `${address('80', 'fd', ip6('0100', FE80_2))} ${address('40', 'fd', ip6('0100', FE80_1))}`,
    'fe80::2',
  ],
  ['an address of another link', address('80', 'fd', ip6('0100', FE80_2), '03000000'), null],
  ['an IPv4 address', address('80', 'fd', '0800 0100 a9fe0001', '02000000', '02'), null],
  ['an address of four bytes', address('80', 'fd', '0800 0100 fe800001'), null],
  ['no address', address('80', 'fd', ''), null],
]
for (const [title, hex, linkLocal] of ADDRESSES) {
  test(`addresses: ${title}`, () => {
    const [decoded] = decodeLinks(fromHex(ETH0 + hex))
    assert.equal(decoded?.linkLocal, linkLocal)
  })
}

/** The others of ETH0. */
const OTHERS: [string, string, readonly (readonly [string, number])[]][] = [
  ['none', '', []],
  ['IPv4', address4('18', '80', `${ip4('0100', 'c0000201')} ${ip4('0200', 'c0000201')}`), [['192.0.2.1', 24]]],
  ['a secondary one', address4('18', '81', ip4('0200', 'c0000201')), [['192.0.2.1', 24]]],
  ['IPv4 that a neighbour disputes', address4('18', '88', ip4('0200', 'c0000201')), []],
  ['IPv4 link-local', address4('10', '80', ip4('0200', 'a9fe0001')), [['169.254.0.1', 16]]],
  [
    'IPv4 with a peer in the same prefix',
    address4('1f', '80', `${ip4('0100', 'c0000201')} ${ip4('0200', 'c0000200')}`),
    [['192.0.2.0', 31]],
  ],
  [
    'IPv4 with a peer elsewhere',
    address4('18', '80', `${ip4('0100', 'c6336401')} ${ip4('0200', 'c0000201')}`),
    [['192.0.2.1', 32]],
  ],
  ['a prefix of 33 bits', address4('21', '80', ip4('0200', 'c0000201')), [['192.0.2.1', 32]]],
  ['IPv6', address('80', '00', ip6('0100', GLOBAL_1)), [['2001:db8::1', 64]]],
  [
    'IPv6 with a peer elsewhere',
    address('80', '00', `${ip6('0100', GLOBAL_1)} ${ip6('0200', GLOBAL_2)}`),
    [['2001:db8:0:1::2', 128]],
  ],
  ['IPv6 that is still being checked', address('c0', '00', ip6('0100', GLOBAL_1)), []],
  ['IPv6 that somebody else has', address('88', '00', ip6('0100', GLOBAL_1)), []],
  ['IPv6 link-local', address('80', 'fd', ip6('0100', FE80_1)), []],
  ['of another link', address('80', '00', ip6('0100', GLOBAL_1), '03000000'), []],
  ['of an unknown family', address('80', '00', ip6('0100', GLOBAL_1), '02000000', '1c'), []],
  ['IPv4 of 16 bytes', address4('18', '80', ip6('0200', GLOBAL_1)), []],
  [
    'several, in their order',
    [
      address4('18', '80', ip4('0200', 'c0000202')),
      address4('18', '80', ip4('0200', 'c0000201')),
      address('80', '00', ip6('0100', GLOBAL_2)),
      address('80', '00', ip6('0100', GLOBAL_1)),
    ].join(' '),
    [
      ['192.0.2.2', 24],
      ['192.0.2.1', 24],
      ['2001:db8:0:1::2', 64],
      ['2001:db8::1', 64],
    ],
  ],
]
for (const [title, hex, expected] of OTHERS) {
  test(`addresses but link-local: ${title}`, () => {
    const [decoded] = decodeLinks(fromHex(ETH0 + hex))
    assert.deepEqual(
      decoded?.addresses.map((one) => [one.address, one.prefixBits]),
      expected,
    )
  })
}

test('addresses: a message cut anywhere gives no address and no error', () => {
  const whole = fromHex(ETH0 + address('80', 'fd', ip6('0100', FE80_2)))
  for (let length = fromHex(ETH0).length; length < whole.length; length++)
    assert.deepEqual(decodeLinks(whole.subarray(0, length)), [link({})])
})

const VECTORS: [string, string, Link[]][] = [
  ['an Ethernet link with cable', ETH0, [link({})]],
  ['a member of a bond', BOND_MEMBER, [link({ index: 3, name: 'eth1', hasMaster: true, master: 9 })]],
  [
    'a tunnel: no Ethernet address, no ARP',
    TUNNEL,
    [link({ index: 4, name: 'tun0', mac: null, carrier: false, broadcast: false, noArp: true, multicast: false })],
  ],
  [
    'messages in a row, the last none of a link',
    `${ETH0}${TUNNEL}${DONE}`,
    [
      link({}),
      link({ index: 4, name: 'tun0', mac: null, carrier: false, broadcast: false, noArp: true, multicast: false }),
    ],
  ],
  ['nothing', '', []],
  ['a message that claims no length', header('00000000', '1000'), []],
  [
    'an attribute that claims no length',
    `${header('24000000', '1000')} ${info('0100', '02000000', '43100100')} 0000 0300`,
    [],
  ],
]
for (const [title, hex, expected] of VECTORS) {
  test(`links: ${title}`, () => assert.deepEqual(decodeLinks(fromHex(hex)), expected))
}

test('links: a message cut anywhere gives no link and no error', () => {
  const whole = fromHex(ETH0)
  for (let length = 0; length < whole.length; length++) assert.deepEqual(decodeLinks(whole.subarray(0, length)), [])
})
