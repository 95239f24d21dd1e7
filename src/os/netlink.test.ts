// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromHex } from '../lib/bytes.ts'
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

const link = (fields: Partial<Link>): Link => ({
  index: 2,
  name: 'eth0',
  mac: '02:00:00:00:00:01',
  up: true,
  carrier: true,
  broadcast: true,
  noArp: false,
  hasMaster: false,
  ...fields,
})

const VECTORS: [string, string, Link[]][] = [
  ['an Ethernet link with cable', ETH0, [link({})]],
  ['a member of a bond', BOND_MEMBER, [link({ index: 3, name: 'eth1', hasMaster: true })]],
  [
    'a tunnel: no Ethernet address, no ARP',
    TUNNEL,
    [link({ index: 4, name: 'tun0', mac: null, carrier: false, broadcast: false, noArp: true })],
  ],
  [
    'messages in a row, the last none of a link',
    `${ETH0}${TUNNEL}${DONE}`,
    [link({}), link({ index: 4, name: 'tun0', mac: null, carrier: false, broadcast: false, noArp: true })],
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
