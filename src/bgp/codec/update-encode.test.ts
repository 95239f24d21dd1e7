// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FOUR_OCTETS, INTERNAL, updateAround } from '../../../test/fuzz/bgp-vectors.ts'
import { toHex } from '../../lib/bytes.ts'
import { type Ip, parseIp } from '../../lib/ip.ts'
import { type Cidr, formatCidr, parseCidr } from '../../lib/prefix.ts'
import { decode, encode } from './codec.ts'
import type { Attributes, Dialect, Reach, Update } from './message.ts'
import { prefixBytes } from './nlri.ts'
import { attributesFit, reachUpdates, unreachUpdates } from './update-encode.ts'

function ip(text: string): Ip {
  const parsed = parseIp(text)
  assert(parsed)
  return parsed
}

function cidr(text: string): Cidr {
  const parsed = parseCidr(text)
  assert(parsed)
  return parsed
}

const EXTENDED: Dialect = { ...FOUR_OCTETS, maxBytes: 65_535 }
const OURS: Attributes = { origin: 'igp', asPath: [{ type: 'sequence', asns: [64502] }] }
const HOP6 = '20010db8000900000000000000000002'
const LINK6 = 'fe800000000000000000000000000002'

test('attributes come in the order of their codes, MP_REACH_NLRI before them all (RFC 7606 §5.1)', () => {
  const attributes: Attributes = {
    unknown: [
      { flags: 0xc0, code: 16, value: new Uint8Array(8) },
      { flags: 0xf0, code: 99, value: Uint8Array.of(1) },
    ],
    largeCommunities: ['1:2:3', '4294967295:0:1'],
    clusterList: [7],
    originatorId: 8,
    communities: [0xffff_ff01],
    aggregator: { asn: 64502, address: 9 },
    atomicAggregate: true,
    localPref: 100,
    med: 5,
    asPath: [],
    origin: 'incomplete',
  }
  const reach: Reach = { family: 'ipv4', nextHops: [ip('10.9.0.2')], prefixes: [cidr('192.0.2.0/24')] }
  const before = '40010102 400200'
  const after =
    '80040400000005 40050400000064 400600 c007080000fbf600000009 c00804ffffff01 80090400000008 800a0400000007 c010080000000000000000 c02018000000010000000200000003ffffffff0000000000000001 e0630101'
  assert.deepEqual(
    [...reachUpdates(reach, attributes, INTERNAL)],
    [updateAround(`${before} 400304 0a090002 ${after}`, '18 c00002')],
  )
  const reach6: Reach = { family: 'ipv6', nextHops: [ip('2001:db8:9::2')], prefixes: [cidr('2001:db8:c::/48')] }
  assert.deepEqual(
    [...reachUpdates(reach6, attributes, INTERNAL)],
    [updateAround(`800e1c 0002 01 10 ${HOP6} 00 30 20010db8000c ${before} ${after}`)],
  )
})

/** Next hops, and what stands for them before the prefix. */
const HOPS: [string, string, string[], string][] = [
  [
    'IPv6 with its link-local next hop',
    '2001:db8:c::/48',
    ['2001:db8:9::2', 'fe80::2'],
    `800e2c 0002 01 20 ${HOP6} ${LINK6} 00 30 20010db8000c`,
  ],
  ['IPv4 over IPv6', '192.0.2.0/24', ['2001:db8:9::2'], `800e19 0001 01 10 ${HOP6} 00 18 c00002`],
  [
    'IPv4 over IPv6 and its link-local next hop',
    '192.0.2.0/24',
    ['2001:db8:9::2', 'fe80::2'],
    `800e29 0001 01 20 ${HOP6} ${LINK6} 00 18 c00002`,
  ],
  [
    'IPv6 over IPv4, as ::ffff:10.9.0.2',
    '2001:db8:c::/48',
    ['10.9.0.2'],
    `800e1c 0002 01 10 00000000000000000000ffff0a090002 00 30 20010db8000c`,
  ],
]
for (const [name, prefix, nextHops, attribute] of HOPS) {
  test(`${name}: written, and the same as an UPDATE`, () => {
    const prefixes = [cidr(prefix)]
    const reach: Reach = { family: prefixes[0]?.family ?? 'ipv4', nextHops: nextHops.map(ip), prefixes }
    const [bytes = new Uint8Array(0), ...more] = reachUpdates(reach, OURS, FOUR_OCTETS)
    assert.equal(toHex(bytes), toHex(updateAround(`${attribute} 40010100 40020602010000fbf6`)))
    assert.equal(more.length, 0)
    const update: Update = { type: 'update', reach: [reach], unreach: [], attributes: OURS, endOfRib: null, flaw: null }
    assert.deepEqual(encode(update, FOUR_OCTETS), bytes)
  })
}

/** Different lengths, so that no message is filled by chance. */
function manyPrefixes(family: 'ipv4' | 'ipv6', count: number): Cidr[] {
  return Array.from({ length: count }, (_, index) =>
    family === 'ipv4'
      ? cidr(`${1 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}.0/${24 + (index % 9)}`)
      : cidr(`2001:db8:${index.toString(16)}::/${index % 3 === 0 ? 48 : 128 - (index % 70)}`),
  )
}

const WAYS: [string, Reach['family'], string[]][] = [
  ['IPv4', 'ipv4', ['10.9.0.2']],
  ['IPv4 over IPv6', 'ipv4', ['2001:db8:9::2', 'fe80::2']],
  ['IPv6', 'ipv6', ['2001:db8:9::2']],
]
for (const [name, family, nextHops] of WAYS) {
  for (const dialect of [FOUR_OCTETS, EXTENDED]) {
    const prefixes = manyPrefixes(family, 20_000)

    test(`20,000 ${name} prefixes in order, each message of ${dialect.maxBytes} bytes full`, () => {
      const reach: Reach = { family, nextHops: nextHops.map(ip), prefixes }
      checkFull([...reachUpdates(reach, OURS, dialect)], prefixes, dialect)
    })

    test(`20,000 ${name} prefixes withdrawn in order, each message of ${dialect.maxBytes} bytes full`, () => {
      checkFull([...unreachUpdates({ family, prefixes }, dialect)], prefixes, dialect)
    })
  }
}

/** Every message can be read, is without flaw, and had no room for the first prefix of the next one. */
function checkFull(messages: readonly Uint8Array[], prefixes: readonly Cidr[], dialect: Dialect): void {
  let at = 0
  for (const bytes of messages) {
    const answer = decode(bytes, dialect)
    assert(!('malformed' in answer) && answer.type === 'update')
    assert.equal(answer.flaw, null)
    assert.equal(answer.reach.length + answer.unreach.length, 1, 'one kind of prefixes')
    const found = answer.reach[0]?.prefixes ?? answer.unreach[0]?.prefixes ?? []
    assert.deepEqual(found.map(formatCidr), prefixes.slice(at, at + found.length).map(formatCidr))
    at += found.length
    const next = prefixes[at]
    assert(bytes.length <= dialect.maxBytes)
    assert(next === undefined || bytes.length + prefixBytes(next) > dialect.maxBytes, 'room is left')
  }
  assert.equal(at, prefixes.length)
}

test('nothing is sent for no prefixes', () => {
  assert.deepEqual(
    [...reachUpdates({ family: 'ipv4', nextHops: [ip('10.9.0.2')], prefixes: [] }, OURS, FOUR_OCTETS)],
    [],
  )
  assert.deepEqual([...unreachUpdates({ family: 'ipv6', prefixes: [] }, FOUR_OCTETS)], [])
})

for (const [length, head] of [
  [255, 'c063ff'],
  [256, 'd0630100'],
] as const) {
  test(`an attribute of ${length} bytes has a length of ${length < 256 ? 'one byte' : 'two bytes'}`, () => {
    const unknown = [{ flags: 0xc0, code: 99, value: new Uint8Array(length).fill(7) }]
    const reach: Reach = { family: 'ipv4', nextHops: [ip('10.9.0.2')], prefixes: [cidr('192.0.2.0/24')] }
    const [bytes = new Uint8Array(0)] = reachUpdates(reach, { ...OURS, unknown }, FOUR_OCTETS)
    assert.ok(toHex(bytes).includes(`0a090002${head}07`))
    const answer = decode(bytes, FOUR_OCTETS)
    assert(!('malformed' in answer) && answer.type === 'update')
    assert.deepEqual(answer.attributes.unknown?.[0]?.value, unknown[0]?.value)
  })
}

for (const [name, family, nextHops] of WAYS) {
  test(`${name}: as long as attributes fit, every prefix can be sent, and then none of the longest`, () => {
    const longest = cidr(family === 'ipv4' ? '192.0.2.1/32' : '2001:db8::1/128')
    const reach: Reach = { family, nextHops: nextHops.map(ip), prefixes: [longest, longest] }
    let fitted = 0
    // Bytes, one at a time, in an attribute that may have any length.
    for (let length = 3900; length < 4100; length++) {
      const attributes = { ...OURS, unknown: [{ flags: 0xc0, code: 99, value: new Uint8Array(length) }] }
      if (attributesFit(reach, attributes, FOUR_OCTETS)) {
        fitted++
        for (const bytes of reachUpdates(reach, attributes, FOUR_OCTETS)) assert(bytes.length <= 4096)
      } else assert.throws(() => [...reachUpdates(reach, attributes, FOUR_OCTETS)], assert.AssertionError)
    }
    assert(fitted > 50 && fitted < 200)
  })
}

test('two next hops of a kind are a bug, not two attributes', () => {
  const reach: Reach = { family: 'ipv6', nextHops: [ip('2001:db8:9::2')], prefixes: [cidr('2001:db8:c::/48')] }
  const update: Update = {
    type: 'update',
    reach: [reach, reach],
    unreach: [],
    attributes: OURS,
    endOfRib: null,
    flaw: null,
  }
  assert.throws(() => encode(update, FOUR_OCTETS), assert.AssertionError)
})
