// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PeerAccess } from '../lib/peer-sockets.ts'
import { keysOf, readPeers, ruleFor } from './bgp-tcp-peers.ts'

const PEERS: ReadonlyMap<string, PeerAccess> = new Map([
  ['10.0.0.0/8', { md5: 'wide' }],
  ['10.1.0.0/16', { md5: 'narrow', minTtl: 254 }],
  ['10.1.2.3', { md5: 'one' }],
  ['2001:DB8::/32', {}],
  ['fe80::1%eth0', { md5: 'left' }],
  ['fe80::2', { md5: 'any link' }],
])

const FOUND: readonly (readonly [string, string | null])[] = [
  ['10.9.9.9', 'wide'],
  ['10.1.9.9', 'narrow'],
  ['10.1.2.3', 'one'],
  ['::ffff:10.1.2.3', 'one'],
  ['11.0.0.1', null],
  ['2001:db8::7', 'no password'],
  ['2001:db9::7', null],
  ['fe80::1%eth0', 'left'],
  ['fe80::1%eth1', null],
  ['fe80::2%eth1', 'any link'],
]
for (const [address, expected] of FOUND) {
  test(`the narrowest rule for ${address}`, () => {
    const rule = ruleFor(readPeers(PEERS), address)
    const password = rule?.key ? new TextDecoder().decode(rule.key) : 'no password'
    assert.equal(rule ? password : null, expected)
  })
}

test('the order in which rules are given makes no difference', () => {
  const rules = readPeers(new Map([...PEERS].toReversed()))
  assert.equal(ruleFor(rules, '10.1.2.3')?.minTtl, 0)
  assert.equal(ruleFor(rules, '10.1.9.9')?.minTtl, 254)
})

test('two ways to write one prefix are one rule; a socket of one family has no keys of the other', () => {
  const rules = readPeers(new Map([...PEERS, ['10.7.7.7/8', { md5: 'later' }]]))
  assert.equal(rules.size, PEERS.size)
  assert.deepEqual([...keysOf(rules, ['ipv4']).keys()], ['10.0.0.0/8', '10.1.0.0/16', '10.1.2.3/32'])
  assert.deepEqual([...keysOf(rules, ['ipv6']).keys()], ['fe80::1/128', 'fe80::2/128'])
})

const REFUSED: readonly (readonly [string, PeerAccess, RegExp])[] = [
  ['10.0.0.0/33', {}, /^'10\.0\.0\.0\/33' is no prefix$/],
  ['::ffff:10.0.0.0/104', {}, /is no prefix$/],
  ['router', {}, /^'router' is no IP address$/],
  ['10.0.0.1', { md5: '' }, /^the password cannot be used: it is empty$/],
  ['10.0.0.1', { md5: 'ü'.repeat(41) }, /it has 82 bytes, and TCP MD5 takes 80 at most$/],
]
for (const [place, peer, message] of REFUSED) {
  test(`refused: ${message.source}`, () => {
    assert.throws(() => readPeers(new Map([[place, peer]])), { name: 'Fault', message })
  })
}
