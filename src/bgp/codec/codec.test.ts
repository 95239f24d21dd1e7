// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  FOUR_OCTETS,
  messageAround,
  messageOf,
  TWO_OCTETS,
  updateAround,
  VECTORS,
} from '../../../test/fuzz/bgp-vectors.ts'
import { fromHex, toHex } from '../../lib/bytes.ts'
import { type Ip, parseIp } from '../../lib/ip.ts'
import { type Cidr, parseCidr } from '../../lib/prefix.ts'
import { decode, encode } from './codec.ts'
import type { AddressFamily, Attributes, Capability, Message, Reach, Segment, Update } from './message.ts'

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

const routerId = (last: number): number => 0x0a09_0000 + last
const path = (...asns: number[]): Segment[] => [{ type: 'sequence', asns }]
const multiprotocol = (family: AddressFamily): Capability => ({ type: 'multiprotocol', family })
const both = [multiprotocol('ipv4'), multiprotocol('ipv6')]
const update: Update = { type: 'update', reach: [], unreach: [], attributes: {}, endOfRib: null, flaw: null }

function reach(nextHops: string[], ...prefixes: string[]): Reach {
  const cidrs = prefixes.map(cidr)
  return { family: cidrs[0]?.family ?? 'ipv4', nextHops: nextHops.map(ip), prefixes: cidrs }
}

function reached(at: Reach, attributes: Attributes): Update {
  return { ...update, reach: [at], attributes: { origin: 'igp', ...attributes } }
}

function withdrawn(prefix: string): Update {
  return { ...update, unreach: [{ family: cidr(prefix).family, prefixes: [cidr(prefix)] }] }
}

function restart(restartSeconds: number, flags: string): Capability {
  const families = (['ipv4', 'ipv6'] as const).map((family) => ({ family, preserved: flags.includes('F') }))
  const [restarting, notification] = [flags.includes('R'), flags.includes('N')]
  return { type: 'gracefulRestart', restarting, notification, restartSeconds, families }
}

const empty = new Uint8Array(0)
const unknown = (code: number, value = ''): Capability => ({ type: 'unknown', code, value: fromHex(value) })
const BIRD_LINK = 'fe80::cc50:4ff:fed8:988d'
const BIRD_CAPABILITIES: readonly Capability[] = [
  ...both,
  { type: 'routeRefresh' },
  { type: 'extendedNextHop', family: 'ipv4' },
  { type: 'extendedMessage' },
  restart(60, ''),
]
const FRR_HOP = { origin: 'igp', asPath: path(64502), med: 0 } as const

function notice(code: number, subcode: number, data: Uint8Array, reason = ''): Message {
  return { type: 'notification', code, subcode, data, reason }
}

const refresh = { type: 'routeRefresh', safi: 1 } as const

/** What the vectors say, by name. */
const MEANINGS: Readonly<Record<string, Message>> = {
  'open of ExaBGP, AS numbers of two octets': {
    type: 'open',
    asn: 64505,
    holdSeconds: 90,
    routerId: routerId(5),
    capabilities: [
      multiprotocol('ipv4'),
      { type: 'routeRefresh' },
      { type: 'enhancedRouteRefresh' },
      { type: 'extendedMessage' },
    ],
  },
  'open of BIRD, AS numbers of two octets': {
    type: 'open',
    asn: 23456,
    holdSeconds: 240,
    routerId: routerId(1),
    capabilities: [...BIRD_CAPABILITIES, { type: 'enhancedRouteRefresh' }, unknown(71)],
  },
  'open of ExaBGP, a parameter for each capability': {
    type: 'open',
    asn: 64504,
    holdSeconds: 90,
    routerId: routerId(4),
    capabilities: [
      ...both,
      { type: 'fourOctetAs', asn: 64504 },
      restart(60, 'RF'),
      { type: 'routeRefresh' },
      { type: 'enhancedRouteRefresh' },
      { type: 'extendedMessage' },
    ],
  },
  'open of BIRD, AS_TRANS': {
    type: 'open',
    asn: 23456,
    holdSeconds: 240,
    routerId: routerId(1),
    capabilities: [
      ...BIRD_CAPABILITIES,
      { type: 'fourOctetAs', asn: 4_200_000_001 },
      { type: 'enhancedRouteRefresh' },
      unknown(71),
    ],
  },
  'open of FRR over IPv6, extended next hop': {
    type: 'open',
    asn: 64502,
    holdSeconds: 180,
    routerId: routerId(2),
    capabilities: [
      multiprotocol('ipv4'),
      { type: 'extendedNextHop', family: 'ipv4' },
      multiprotocol('ipv6'),
      unknown(128),
      { type: 'routeRefresh' },
      { type: 'enhancedRouteRefresh' },
      { type: 'fourOctetAs', asn: 64502 },
      { type: 'extendedMessage' },
      unknown(69, '00010101 00020101'),
      { type: 'hostname', host: 'frr-a', domain: '' },
      restart(120, 'RN'),
      unknown(71, '00010180 000000 00020180 000000'),
    ],
  },
  'open of GoBGP': {
    type: 'open',
    asn: 64503,
    holdSeconds: 90,
    routerId: routerId(3),
    capabilities: [
      { type: 'routeRefresh' },
      { type: 'hostname', host: 'vm', domain: '' },
      ...both,
      { type: 'fourOctetAs', asn: 64503 },
      restart(120, 'N'),
      { type: 'extendedNextHop', family: 'ipv4' },
    ],
  },
  keepalive: { type: 'keepalive' },
  'ExaBGP, AS numbers of two octets': reached(reach(['10.9.0.5'], '192.0.2.4/32'), {
    asPath: path(64505),
    communities: [0xfbf9_0001],
  }),
  'BIRD, AS4_PATH': reached(reach(['10.9.0.1'], '0.0.0.0/0', '203.0.113.128/25'), { asPath: path(4_200_000_001) }),
  'BIRD, AS4_PATH between communities': reached(reach(['10.9.0.1'], '198.51.100.0/24'), {
    asPath: path(4_200_000_001),
    communities: [0xfbf4_0001],
    largeCommunities: ['64500:2:3'],
  }),
  'ExaBGP, all that a route can have': reached(reach(['10.9.0.4'], '192.0.2.0/25'), {
    asPath: path(64504, 4_200_000_777),
    med: 100,
    communities: [0xfbf8_0009],
    largeCommunities: ['64504:1:1'],
  }),
  'ExaBGP, IPv6 prefixes behind other attributes': reached(reach(['2001:db8:9::4'], '2001:db8:e::/48'), {
    asPath: path(64504),
  }),
  'BIRD, default route': reached(reach(['10.9.0.1'], '0.0.0.0/0', '203.0.113.128/25'), { asPath: path(4_200_000_001) }),
  'BIRD, communities': reached(reach(['10.9.0.1'], '198.51.100.0/24'), {
    asPath: path(4_200_000_001),
    communities: [0xfbf4_0001],
    largeCommunities: ['64500:2:3'],
  }),
  'BIRD, IPv6 with two next hops': reached(
    reach(['2001:db8:9::1', BIRD_LINK], '2001:db8:a::/48', '2001:db8:b::1/128'),
    { asPath: path(4_200_000_001) },
  ),
  'BIRD, IPv4 over IPv6 next hops': reached(reach(['2001:db8:9::1', BIRD_LINK], '0.0.0.0/0', '203.0.113.128/25'), {
    asPath: path(4_200_000_001),
  }),
  'BIRD, IPv4 in MP_REACH_NLRI': reached(reach(['10.9.0.1'], '0.0.0.0/0', '203.0.113.128/25'), {
    asPath: path(4_200_000_001),
  }),
  'GoBGP, NEXT_HOP as the last attribute': reached(reach(['10.9.0.3'], '192.0.2.64/26'), {
    origin: 'incomplete',
    asPath: path(64503, 4_200_000_888),
    med: 9,
    communities: [0xfbf7_0001],
    largeCommunities: ['64503:1:2'],
  }),
  'GoBGP, IPv6': reached(reach(['2001:db8:9::3'], '2001:db8:d::/48'), { origin: 'incomplete', asPath: path(64503) }),
  'FRR, aggregate': reached(reach(['10.9.0.2'], '192.0.0.0/16'), {
    ...FRR_HOP,
    atomicAggregate: true,
    aggregator: { asn: 64502, address: routerId(2) },
  }),
  // An IPv6 address that holds an IPv4 one stays what it is on the wire.
  'FRR, IPv6 with an IPv4 next hop': reached(
    { family: 'ipv6', nextHops: [{ family: 'ipv6', bits: 0xffff_0a09_0002n }], prefixes: [cidr('2001:db8:c::/48')] },
    FRR_HOP,
  ),
  'FRR, IPv4 over an IPv6 next hop': reached(reach(['2001:db8:9::2'], '192.0.2.0/24'), FRR_HOP),
  'FRR, withdrawn': withdrawn('192.0.2.0/24'),
  'FRR, withdrawn IPv6': withdrawn('2001:db8:c::/48'),
  'FRR, IPv4 withdrawn in MP_UNREACH_NLRI': withdrawn('192.0.2.0/24'),
  'end of RIB': { ...update, endOfRib: 'ipv4' },
  'end of RIB of FRR for IPv6': { ...update, endOfRib: 'ipv6' },
  'end of RIB of ExaBGP for IPv6': { ...update, endOfRib: 'ipv6' },
  refresh: { ...refresh, afi: 1, family: 'ipv4', subtype: 0 },
  'refresh begins': { ...refresh, afi: 1, family: 'ipv4', subtype: 1 },
  'refresh of IPv6 ends': { ...refresh, afi: 2, family: 'ipv6', subtype: 2 },
  'notification of FRR, invalid network': notice(3, 10, empty),
  'notification of BIRD, wrong AS': notice(2, 2, fromHex('0000fbf7')),
  'notification of BIRD, text in two scripts': notice(
    6,
    2,
    fromHex('1a 6d6f76656420746f207261636b203420e280932064c3a96ac3a0'),
    'moved to rack 4 – déjà',
  ),
  'notification of FRR, shutdown': notice(
    6,
    2,
    fromHex('15 6d61696e74656e616e63652077696e646f77203132'),
    'maintenance window 12',
  ),
}
for (const { name, asBytes, hex, ours } of VECTORS) {
  const dialect = asBytes === 4 ? FOUR_OCTETS : TWO_OCTETS
  test(`${name}: read, and written`, () => {
    const message = decode(messageOf(hex), dialect)
    assert.deepEqual(message, MEANINGS[name])
    assert(!('malformed' in message))
    assert.equal(toHex(encode(message, dialect)), toHex(messageOf(ours ?? hex)))
    assert.deepEqual(decode(messageOf(ours ?? hex), dialect), message)
  })
}

test('every vector has a meaning, and the other way round', () => {
  assert.deepEqual(VECTORS.map(({ name }) => name).toSorted(), Object.keys(MEANINGS).toSorted())
})

test('cut short at any byte, a message ends the session by its length', () => {
  for (const { hex } of VECTORS) {
    const bytes = messageOf(hex)
    for (let length = 0; length < bytes.length; length++) {
      const answer = decode(bytes.subarray(0, length), FOUR_OCTETS)
      assert('malformed' in answer, `${hex}: ${length}`)
      assert.deepEqual([answer.malformed.code, answer.malformed.subcode], [1, 2])
    }
  }
})

test('cut short at any byte, and with the right length, a body gives a value', () => {
  const outcomes = new Set<string>()
  for (const { hex, asBytes } of VECTORS) {
    const bytes = messageOf(hex)
    for (let length = 19; length < bytes.length; length++) {
      const cut = messageAround(bytes[18] ?? 0, bytes.subarray(19, length))
      const answer = decode(cut, asBytes === 4 ? FOUR_OCTETS : TWO_OCTETS)
      if ('malformed' in answer) outcomes.add(`${answer.malformed.code}/${answer.malformed.subcode}`)
      else {
        outcomes.add(answer.type)
        // Less of an UPDATE may be one, but never more than there was.
        if (answer.type === 'update') assert(answer.reach.length + answer.unreach.length <= 1)
      }
    }
  }
  assert.deepEqual(outcomes, new Set(['1/2', '2/0', '3/1', '3/10', 'update', 'notification']))
})

test('nothing of a message lies in the memory that it came in', () => {
  // Two attributes that are kept as they are.
  const unread = updateAround('40010100 400200 4003040a090002 c010080002fbf600000001 c06301aa', '18 c00002')
  const all = VECTORS.map(({ hex, asBytes }) => [messageOf(hex), asBytes === 4 ? FOUR_OCTETS : TWO_OCTETS] as const)
  for (const [bytes, dialect] of [...all, [unread, FOUR_OCTETS] as const]) {
    const copy = Uint8Array.from(bytes)
    const message = decode(copy, dialect)
    copy.fill(0xee)
    assert.deepEqual(message, decode(bytes, dialect))
  }
})

/** The header as hexadecimal, then the message. */
const MALFORMED: [string, string, string, string][] = [
  ['nothing', '', '1/2', ''],
  ['a marker with a 0 at its end', `${'ff'.repeat(15)}00 0013 04`, '1/1', ''],
  ['a marker of zeros', `${'00'.repeat(16)} 0013 04`, '1/1', ''],
  ['length 0', `${'ff'.repeat(16)} 0000 04`, '1/2', '0000'],
  ['length 18', `${'ff'.repeat(16)} 0012 04`, '1/2', '0012'],
  ['length 4097', `${'ff'.repeat(16)} 1001 02`, '1/2', '1001'],
  ['length 65535', `${'ff'.repeat(16)} ffff 02`, '1/2', 'ffff'],
  ['more bytes than the length', `${'ff'.repeat(16)} 0013 04 00`, '1/2', '0013'],
  ['length 0 of type 0', `${'ff'.repeat(16)} 0000 00`, '1/2', '0000'],
  ['type 0', `${'ff'.repeat(16)} 0013 00`, '1/3', '00'],
  ['type 6', `${'ff'.repeat(16)} 0013 06`, '1/3', '06'],
  ['type 255', `${'ff'.repeat(16)} 0013 ff`, '1/3', 'ff'],
  ['a KEEPALIVE with a byte in it', `${'ff'.repeat(16)} 0014 04 00`, '1/2', '0014'],
  ['an OPEN of 28 bytes', `${'ff'.repeat(16)} 001c 01 04fbf6005a0a090002`, '1/2', '001c'],
  ['an UPDATE of 22 bytes', `${'ff'.repeat(16)} 0016 02 000000`, '1/2', '0016'],
  ['a NOTIFICATION of 20 bytes', `${'ff'.repeat(16)} 0014 03 06`, '1/2', '0014'],
  ['a ROUTE-REFRESH of 22 bytes', `${'ff'.repeat(16)} 0016 05 000100`, '1/2', '0016'],
  ['a begin of a refresh with a byte more', `${'ff'.repeat(16)} 0018 05 0001 01 01 00`, '7/1', ''],
  ['an end of a refresh with filters', `${'ff'.repeat(16)} 001b 05 0001 02 01 01 40 0000`, '7/1', ''],
]
for (const [name, hex, expected, data] of MALFORMED) {
  test(`${name} is answered with ${expected}`, () => {
    const answer = decode(fromHex(hex), FOUR_OCTETS)
    assert('malformed' in answer)
    const { code, subcode } = answer.malformed
    assert.equal(`${code}/${subcode}`, expected)
    // RFC 7313 §5: the message itself.
    assert.equal(toHex(answer.malformed.data), toHex(code === 7 ? fromHex(hex) : fromHex(data)))
    assert.notEqual(answer.malformed.why, '')
  })
}

test('filters behind a plain refresh are not looked at, and an unknown subtype is told', () => {
  const plain = decode(messageAround(5, '0001 00 01 01 40 0000'), FOUR_OCTETS)
  assert.deepEqual(plain, { ...refresh, afi: 1, family: 'ipv4', subtype: 0 })
  const odd = decode(messageAround(5, '0019 07 46'), FOUR_OCTETS)
  assert.deepEqual(odd, { type: 'routeRefresh', afi: 25, safi: 70, family: null, subtype: 7 })
})

test('with extended messages an UPDATE may have 65,535 bytes, an OPEN and a KEEPALIVE 4,096 (RFC 8654)', () => {
  const extended = { ...FOUR_OCTETS, maxBytes: 65_535 }
  const prefixes = new Uint8Array(65_535 - 19)
  prefixes[0] = (prefixes.length - 4) >> 8
  prefixes[1] = (prefixes.length - 4) & 255
  const long = decode(messageAround(2, prefixes), extended)
  assert(!('malformed' in long) && long.type === 'update')
  assert.equal(long.unreach[0]?.prefixes.length, 65_512)
  for (const type of [1, 4]) {
    const answer = decode(messageAround(type, new Uint8Array(4097 - 19)), extended)
    assert('malformed' in answer)
    assert.deepEqual([answer.malformed.code, answer.malformed.subcode], [1, 2])
  }
})

test('a message longer than the peer takes is a bug, not sent', () => {
  const prefixes = Array.from({ length: 1100 }, () => cidr('192.0.2.0/24'))
  assert.throws(
    () => encode({ ...update, unreach: [{ family: 'ipv4', prefixes }] }, FOUR_OCTETS),
    assert.AssertionError,
  )
})
