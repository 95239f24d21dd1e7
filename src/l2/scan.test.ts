// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Link } from '../lib/net.ts'
import { answersArp, answersNdp, localLinks } from './scan.ts'

const link = (fields: Partial<Link>): Link => ({
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
  ...fields,
})

const ANSWERS: [string, Partial<Link>, boolean][] = [
  ['an Ethernet link that is up', {}, true],
  ['a link without cable: answers when it comes back', { carrier: false }, true],
  ['a link that is down', { up: false }, false],
  ['a member of a bridge or bond', { hasMaster: true }, false],
  ['a link with NOARP', { noArp: true }, false],
  ['a point-to-point link', { broadcast: false }, false],
  ['a link without an Ethernet address', { mac: null }, false],
]
for (const [name, fields, expected] of ANSWERS) {
  test(`${expected ? 'ARP' : 'no ARP'} on ${name}`, () => assert.equal(answersArp(link(fields)), expected))
}

const SOLICITED: [string, Partial<Link>, boolean][] = [
  ['an Ethernet link that is up, with a link-local address', {}, true],
  ['a link without cable: answers when it comes back', { carrier: false }, true],
  ['a link that broadcasts nothing', { broadcast: false }, true],
  ['a link without a link-local address that is in use', { linkLocal: null }, false],
  ['a link that carries no frames to groups', { multicast: false }, false],
  ['a link that is down', { up: false }, false],
  ['a member of a bridge or bond', { hasMaster: true }, false],
  ['a link with NOARP', { noArp: true }, false],
  ['a link without an Ethernet address', { mac: null }, false],
]
for (const [name, fields, expected] of SOLICITED) {
  test(`${expected ? 'NDP' : 'no NDP'} on ${name}`, () =>
    assert.equal(answersNdp(link({ linkLocal: 'fe80::1', ...fields })), expected))
}

const EXCLUDES: [string, RegExp[], string[]][] = [
  ['no pattern', [], ['eth0', 'veth12', 'lo']],
  ['anchored patterns', [/^veth.*/, /^lo$/], ['eth0']],
  ['a pattern finds its text anywhere in the name', [/eth/], ['lo']],
  ['a pattern with memory finds it every time', [/eth/g], ['lo']],
]
for (const [name, exclude, expected] of EXCLUDES) {
  test(`excluded by name: ${name}`, () => {
    const links = ['eth0', 'veth12', 'lo'].map((of, index) => link({ name: of, index, up: false }))
    assert.deepEqual([...localLinks(links, exclude).keys()], expected)
  })
}
