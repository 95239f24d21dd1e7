// SPDX-License-Identifier: Apache-2.0
/** RFC 7606: which flaw of an UPDATE ends the session, which one withdraws its routes, and which one goes unused. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FOUR_OCTETS, INTERNAL, messageAround, TWO_OCTETS, updateAround } from '../../../test/fuzz/bgp-vectors.ts'
import { fromHex, toHex } from '../../lib/bytes.ts'
import { formatIp } from '../../lib/ip.ts'
import { formatCidr } from '../../lib/prefix.ts'
import { decode } from './codec.ts'
import type { Attributes, Dialect, Malformed, Message, Update } from './message.ts'

const ORIGIN = '40 01 01 00'
const AS_PATH = '40 02 06 0201 0000fbf6'
const NEXT_HOP = '40 03 04 0a090002'
const BASE = `${ORIGIN} ${AS_PATH} ${NEXT_HOP}`
const BASE6 = `${ORIGIN} ${AS_PATH}`
const NET = '18 c00002'
const HOP6 = '20010db8000900000000000000000002'
const LINK6 = 'fe800000000000000000000000000002'
const MP_REACH = `80 0e 1c 0002 01 10 ${HOP6} 00 30 20010db8000c`
const MP_UNREACH = '80 0f 0a 0002 01 30 20010db8000d'
const EXTENDED: Dialect = { ...FOUR_OCTETS, maxBytes: 65_535 }
const NO_EXTENDED_NEXT_HOP: Dialect = { ...FOUR_OCTETS, extendedNextHop: new Set() }
const ONLY_IPV4: Dialect = { ...FOUR_OCTETS, families: new Set(['ipv4']) }
const ONLY_IPV6: Dialect = { ...FOUR_OCTETS, families: new Set(['ipv6']) }

/** `+` is reached, `-` is withdrawn, before them what was done about the worst flaw. */
function outcomeOf(answer: Message | Malformed): string {
  if ('malformed' in answer) return `reset ${answer.malformed.code}/${answer.malformed.subcode}`
  assert(answer.type === 'update')
  assert([...answer.reach, ...answer.unreach].every(({ prefixes }) => prefixes.length > 0))
  if (answer.flaw?.treatment === 'treatAsWithdraw') assert.deepEqual(answer.attributes, {})
  const parts = [
    answer.flaw === null ? 'fine' : { treatAsWithdraw: 'withdraw', attributeDiscard: 'discard' }[answer.flaw.treatment],
    ...answer.unreach.flatMap(({ prefixes }) => prefixes.map((prefix) => `-${formatCidr(prefix)}`)),
    ...answer.reach.flatMap(({ prefixes }) => prefixes.map((prefix) => `+${formatCidr(prefix)}`)),
    ...(answer.endOfRib ? [`end of ${answer.endOfRib}`] : []),
  ]
  return parts.join(' ')
}

type Row = [
  name: string,
  attributes: string,
  outcome: string,
  more?: Partial<{ nlri: string; gone: string; by: Dialect }>,
]

/** Attributes, with 192.0.2.0/24 behind them unless the row says otherwise. */
const ROWS: Row[] = [
  ['nothing wrong', BASE, 'fine +192.0.2.0/24'],
  ['attributes in another order', `${NEXT_HOP} ${AS_PATH} ${ORIGIN}`, 'fine +192.0.2.0/24'],

  // Lengths of attributes (§4).
  ['an attribute past the end', `${BASE} 80 04 05 00000000`, 'withdraw -192.0.2.0/24'],
  ['flags alone', `${BASE} 80`, 'withdraw -192.0.2.0/24'],
  ['no length', `${BASE} 80 04`, 'withdraw -192.0.2.0/24'],
  ['an extended length of one byte', `${BASE} 90 04 00`, 'withdraw -192.0.2.0/24'],
  ['an extended length that reads another attribute', `${BASE} 50 05 04 00000064`, 'withdraw -192.0.2.0/24'],
  ['an extended length for a short value', `${BASE} 90 04 0004 00000007`, 'fine +192.0.2.0/24'],
  ['an attribute past the end, and nothing reached', `${BASE} 80 04 05 00000000`, 'reset 3/1', { nlri: '' }],
  ['no attributes', '', 'withdraw -192.0.2.0/24'],
  ['no attributes, and a withdrawn prefix', '', 'withdraw -198.51.100.0/24 -192.0.2.0/24', { gone: '18 c63364' }],

  // Flags (§3 c) and repetition (§3 g).
  ['ORIGIN without transitive', `00 01 01 00 ${AS_PATH} ${NEXT_HOP}`, 'withdraw -192.0.2.0/24'],
  ['optional AS_PATH', `${ORIGIN} c0 02 06 0201 0000fbf6 ${NEXT_HOP}`, 'withdraw -192.0.2.0/24'],
  ['transitive MED', `${BASE} c0 04 04 00000007`, 'withdraw -192.0.2.0/24'],
  ['well-known communities', `${BASE} 40 08 04 fbf60001`, 'withdraw -192.0.2.0/24'],
  ['optional ATOMIC_AGGREGATE', `${BASE} c0 06 00`, 'withdraw -192.0.2.0/24'],
  ['well-known AGGREGATOR', `${BASE} 40 07 08 0000fbf60a090002`, 'withdraw -192.0.2.0/24'],
  ['partial ORIGIN, and flags that mean nothing', `6f 01 01 00 ${AS_PATH} ${NEXT_HOP}`, 'fine +192.0.2.0/24'],
  ['partial communities, and flags that mean nothing', `${BASE} ef 08 04 fbf60001`, 'fine +192.0.2.0/24'],
  ['an unknown attribute that claims to be well-known', `${BASE} 40 63 01 00`, 'reset 3/2'],
  ['the same without any flag', `${BASE} 00 63 00`, 'reset 3/2'],
  ['attribute 0 that claims to be well-known', `${BASE} 40 00 00`, 'reset 3/2'],
  ['an attribute twice', `${BASE} ${ORIGIN}`, 'discard +192.0.2.0/24'],
  ['an attribute twice, the second with a flaw', `${BASE} 40 01 01 09`, 'discard +192.0.2.0/24'],
  ['an attribute twice, the first with a flaw', `40 01 01 09 ${BASE}`, 'withdraw -192.0.2.0/24'],
  ['an unknown attribute twice', `${BASE} c0 63 00 c0 63 00`, 'discard +192.0.2.0/24'],
  ['MP_REACH_NLRI twice', `${MP_REACH} ${BASE6} ${MP_REACH}`, 'reset 3/1', { nlri: '' }],
  ['MP_UNREACH_NLRI twice', `${MP_UNREACH} ${MP_UNREACH}`, 'reset 3/1', { nlri: '' }],

  // Mandatory attributes (§3 d).
  ['only an unknown transitive attribute', 'c0 63 01 00', 'withdraw -192.0.2.0/24'],
  ['no ORIGIN', `${AS_PATH} ${NEXT_HOP}`, 'withdraw -192.0.2.0/24'],
  ['no AS_PATH', `${ORIGIN} ${NEXT_HOP}`, 'withdraw -192.0.2.0/24'],
  ['no NEXT_HOP', BASE6, 'withdraw -192.0.2.0/24'],
  [
    'no NEXT_HOP for the old field beside MP_REACH_NLRI',
    `${MP_REACH} ${BASE6}`,
    'withdraw -192.0.2.0/24 -2001:db8:c::/48',
  ],
  ['MP_REACH_NLRI without NEXT_HOP', `${MP_REACH} ${BASE6}`, 'fine +2001:db8:c::/48', { nlri: '' }],
  ['MP_REACH_NLRI without AS_PATH', `${MP_REACH} ${ORIGIN}`, 'withdraw -2001:db8:c::/48', { nlri: '' }],
  ['MP_UNREACH_NLRI and prefixes without any of them', MP_UNREACH, 'withdraw -192.0.2.0/24 -2001:db8:d::/48'],
  ['MP_UNREACH_NLRI and prefixes with all of them', `${MP_UNREACH} ${BASE}`, 'fine -2001:db8:d::/48 +192.0.2.0/24'],
  ['attributes that reach nothing, and lack one', ORIGIN, 'fine', { nlri: '' }],

  // Contents (§7).
  ['ORIGIN 3', `40 01 01 03 ${AS_PATH} ${NEXT_HOP}`, 'withdraw -192.0.2.0/24'],
  ['ORIGIN of 0 bytes', `40 01 00 ${AS_PATH} ${NEXT_HOP}`, 'withdraw -192.0.2.0/24'],
  ['ORIGIN of 2 bytes', `40 01 02 0000 ${AS_PATH} ${NEXT_HOP}`, 'withdraw -192.0.2.0/24'],
  ['a flaw where nothing is reached', `40 01 01 03 ${AS_PATH}`, 'reset 3/6', { nlri: '' }],
  ['an empty AS_PATH', `${ORIGIN} 40 02 00 ${NEXT_HOP}`, 'fine +192.0.2.0/24'],
  ['segment count 0', `${ORIGIN} 40 02 02 0200 ${NEXT_HOP}`, 'withdraw -192.0.2.0/24'],
  ['segment type 0', `${ORIGIN} 40 02 06 0001 0000fbf6 ${NEXT_HOP}`, 'withdraw -192.0.2.0/24'],
  ['segment type 5', `${ORIGIN} 40 02 06 0501 0000fbf6 ${NEXT_HOP}`, 'withdraw -192.0.2.0/24'],
  ['segment type 255', `${ORIGIN} 40 02 06 ff01 0000fbf6 ${NEXT_HOP}`, 'withdraw -192.0.2.0/24'],
  ['a segment cut short', `${ORIGIN} 40 02 06 0202 0000fbf6 ${NEXT_HOP}`, 'withdraw -192.0.2.0/24'],
  ['one byte of a segment', `${ORIGIN} 40 02 07 0201 0000fbf6 02 ${NEXT_HOP}`, 'withdraw -192.0.2.0/24'],
  [
    'AS numbers of two octets among those of four',
    `${ORIGIN} 40 02 04 0201 fbf6 ${NEXT_HOP}`,
    'withdraw -192.0.2.0/24',
  ],
  ['AS numbers of four octets read as two', BASE, 'withdraw -192.0.2.0/24', { by: TWO_OCTETS }],
  ['AS number 0 in AS_PATH', `${ORIGIN} 40 02 06 0201 00000000 ${NEXT_HOP}`, 'withdraw -192.0.2.0/24'],
  ['NEXT_HOP of 0 bytes', `${BASE6} 40 03 00`, 'withdraw -192.0.2.0/24'],
  ['NEXT_HOP of 3 bytes', `${BASE6} 40 03 03 0a0900`, 'withdraw -192.0.2.0/24'],
  ['NEXT_HOP of 5 bytes', `${BASE6} 40 03 05 0a09000200`, 'withdraw -192.0.2.0/24'],
  ['NEXT_HOP 0.0.0.0', `${BASE6} 40 03 04 00000000`, 'withdraw -192.0.2.0/24'],
  ['NEXT_HOP 127.0.0.1', `${BASE6} 40 03 04 7f000001`, 'withdraw -192.0.2.0/24'],
  ['NEXT_HOP 224.0.0.1', `${BASE6} 40 03 04 e0000001`, 'withdraw -192.0.2.0/24'],
  ['NEXT_HOP 255.255.255.255', `${BASE6} 40 03 04 ffffffff`, 'withdraw -192.0.2.0/24'],
  ['MED of 3 bytes', `${BASE} 80 04 03 000000`, 'withdraw -192.0.2.0/24'],
  ['MED of 0 bytes', `${BASE} 80 04 00`, 'withdraw -192.0.2.0/24'],
  ['LOCAL_PREF from an external peer', `${BASE} 40 05 04 00000064`, 'discard +192.0.2.0/24'],
  ['LOCAL_PREF of 1 byte from an external peer', `${BASE} 40 05 01 64`, 'discard +192.0.2.0/24'],
  ['LOCAL_PREF from an internal peer', `${BASE} 40 05 04 00000064`, 'fine +192.0.2.0/24', { by: INTERNAL }],
  ['LOCAL_PREF of 1 byte from an internal peer', `${BASE} 40 05 01 64`, 'withdraw -192.0.2.0/24', { by: INTERNAL }],
  ['ATOMIC_AGGREGATE of 1 byte', `${BASE} 40 06 01 00`, 'discard +192.0.2.0/24'],
  ['AGGREGATOR of two octets among four', `${BASE} c0 07 06 fbf60a090002`, 'discard +192.0.2.0/24'],
  ['AGGREGATOR 0', `${BASE} c0 07 08 000000000a090002`, 'discard +192.0.2.0/24'],
  ['communities of 0 bytes', `${BASE} c0 08 00`, 'withdraw -192.0.2.0/24'],
  ['communities of 6 bytes', `${BASE} c0 08 06 000000000000`, 'withdraw -192.0.2.0/24'],
  ['ORIGINATOR_ID from an external peer', `${BASE} 80 09 04 0a090001`, 'discard +192.0.2.0/24'],
  ['ORIGINATOR_ID of 5 bytes', `${BASE} 80 09 05 0a09000100`, 'withdraw -192.0.2.0/24', { by: INTERNAL }],
  ['CLUSTER_LIST from an external peer', `${BASE} 80 0a 04 0a090001`, 'discard +192.0.2.0/24'],
  ['CLUSTER_LIST of 0 bytes', `${BASE} 80 0a 00`, 'withdraw -192.0.2.0/24', { by: INTERNAL }],
  ['CLUSTER_LIST of 5 bytes', `${BASE} 80 0a 05 0a09000100`, 'withdraw -192.0.2.0/24', { by: INTERNAL }],
  ['extended communities of 7 bytes', `${BASE} c0 10 07 00000000000000`, 'withdraw -192.0.2.0/24'],
  ['IPv6 extended communities of 19 bytes', `${BASE} c0 19 13 ${'00'.repeat(19)}`, 'withdraw -192.0.2.0/24'],
  ['AS4_PATH from a speaker of four octets', `${BASE} c0 11 06 0201 00000000`, 'discard +192.0.2.0/24'],
  ['AS4_AGGREGATOR from a speaker of four octets', `${BASE} c0 12 08 0000fbf60a090002`, 'discard +192.0.2.0/24'],
  ['large communities of 0 bytes', `${BASE} c0 20 00`, 'withdraw -192.0.2.0/24'],
  ['large communities of 11 bytes', `${BASE} c0 20 0b ${'00'.repeat(11)}`, 'withdraw -192.0.2.0/24'],

  // What others need, and we do not: cut short, or with a part past its end.
  ['attribute 23 of 1 byte', `${BASE} c0 17 01 00`, 'fine +192.0.2.0/24'],
  ['attribute 23 with a part past its end', `${BASE} c0 17 06 0008 ffff 01 02`, 'fine +192.0.2.0/24'],
  ['attribute 26 of 1 byte', `${BASE} 80 1a 01 00`, 'fine +192.0.2.0/24'],
  ['attribute 35 of 0 bytes', `${BASE} c0 23 00`, 'fine +192.0.2.0/24'],
  ['attribute 40 with a part past its end', `${BASE} c0 28 05 01 ffff 00 00`, 'fine +192.0.2.0/24'],
  ['attribute 128 with attributes in it', `${BASE} c0 80 07 0000fbf6 40 01 01`, 'fine +192.0.2.0/24'],

  // MP_REACH_NLRI and MP_UNREACH_NLRI (§7.11, §7.12).
  ['a next hop of 0 bytes', `80 0e 0c 0002 01 00 00 30 20010db8000c ${BASE6}`, 'reset 3/9', { nlri: '' }],
  ['a next hop of 1 byte', `80 0e 0d 0002 01 01 20 00 30 20010db8000c ${BASE6}`, 'reset 3/9', { nlri: '' }],
  [
    'a next hop of 4 bytes for IPv6',
    `80 0e 10 0002 01 04 0a090002 00 30 20010db8000c ${BASE6}`,
    'reset 3/9',
    { nlri: '' },
  ],
  [
    'a next hop of 15 bytes',
    `80 0e 1b 0002 01 0f ${HOP6.slice(2)} 00 30 20010db8000c ${BASE6}`,
    'reset 3/9',
    { nlri: '' },
  ],
  ['a next hop of 17 bytes', `80 0e 1d 0002 01 11 ${HOP6} 00 00 30 20010db8000c ${BASE6}`, 'reset 3/9', { nlri: '' }],
  [
    'a next hop of 33 bytes',
    `80 0e 2d 0002 01 21 ${HOP6} ${LINK6} 00 00 30 20010db8000c ${BASE6}`,
    'reset 3/9',
    { nlri: '' },
  ],
  ['a next hop past the end', `80 0e 05 0002 01 10 20 ${BASE6}`, 'reset 3/9', { nlri: '' }],
  ['a next hop up to the end', `80 0e 14 0002 01 10 ${HOP6} ${BASE6}`, 'reset 3/9', { nlri: '' }],
  ['MP_REACH_NLRI of 4 bytes', `80 0e 04 0002 01 00 ${BASE6}`, 'reset 3/9', { nlri: '' }],
  ['MP_REACH_NLRI of 0 bytes', `80 0e 00 ${BASE6}`, 'reset 3/9', { nlri: '' }],
  ['MP_REACH_NLRI of 0 bytes, and IPv4 prefixes', `80 0e 00 ${BASE}`, 'reset 3/9'],
  ['MP_UNREACH_NLRI of 2 bytes', '80 0f 02 0002', 'reset 3/9', { nlri: '' }],
  ['a family that nobody has heard of', `80 0e 05 4242 42 00 00 ${BASE6}`, 'discard', { nlri: '' }],
  ['the same with a flaw elsewhere', `80 0e 05 4242 42 00 00 40 01 01 03 ${AS_PATH}`, 'withdraw', { nlri: '' }],
  ['the same beside IPv4 prefixes', `80 0e 05 4242 42 00 00 ${BASE}`, 'discard +192.0.2.0/24'],
  ['a sub-family that was not negotiated', MP_REACH.replace('01 10', '04 10') + BASE6, 'discard', { nlri: '' }],
  ['IPv6 that was not negotiated', `${MP_REACH} ${BASE6}`, 'discard', { nlri: '', by: ONLY_IPV4 }],
  ['withdrawn IPv6 that was not negotiated', MP_UNREACH, 'discard', { nlri: '', by: ONLY_IPV4 }],
  ['IPv4 that was not negotiated', BASE, 'discard', { by: ONLY_IPV6 }],
  ['withdrawn IPv4 that was not negotiated', '', 'discard', { nlri: '', gone: NET, by: ONLY_IPV6 }],
  [
    'a number of SNPAs that is not 0',
    `80 0e 1c 0002 01 10 ${HOP6} 07 30 20010db8000c ${BASE6}`,
    'fine +2001:db8:c::/48',
    { nlri: '' },
  ],
  ['a prefix of 129 bits', `80 0e 26 0002 01 10 ${HOP6} 00 81 ${HOP6} ${BASE6}`, 'reset 3/9', { nlri: '' }],
  ['a withdrawn prefix of 129 bits', `80 0f 15 0002 01 81 ${HOP6} 00`, 'reset 3/9', { nlri: '' }],
  [
    'the last IPv6 prefix cut short',
    `80 0e 1b 0002 01 10 ${HOP6} 00 30 20010db800 ${BASE6}`,
    'reset 3/9',
    { nlri: '' },
  ],
  ['transitive MP_REACH_NLRI', `c${MP_REACH.slice(1)} ${BASE6}`, 'withdraw -2001:db8:c::/48', { nlri: '' }],
  ['transitive MP_UNREACH_NLRI alone', `c${MP_UNREACH.slice(1)}`, 'withdraw -2001:db8:d::/48', { nlri: '' }],
  [
    'the next hop ::',
    `80 0e 1c 0002 01 10 ${'00'.repeat(16)} 00 30 20010db8000c ${BASE6}`,
    'withdraw -2001:db8:c::/48',
    { nlri: '' },
  ],
  [
    'the next hop ::1',
    `80 0e 1c 0002 01 10 ${'00'.repeat(15)}01 00 30 20010db8000c ${BASE6}`,
    'withdraw -2001:db8:c::/48',
    { nlri: '' },
  ],
  [
    'the next hop ff02::1',
    `80 0e 1c 0002 01 10 ff02${'00'.repeat(13)}01 00 30 20010db8000c ${BASE6}`,
    'withdraw -2001:db8:c::/48',
    { nlri: '' },
  ],
  [
    'a link-local next hop alone',
    `80 0e 1c 0002 01 10 ${LINK6} 00 30 20010db8000c ${BASE6}`,
    'fine +2001:db8:c::/48',
    { nlri: '' },
  ],
  [
    'the next hop :: beside a link-local one',
    `80 0e 2c 0002 01 20 ${'00'.repeat(16)} ${LINK6} 00 30 20010db8000c ${BASE6}`,
    'fine +2001:db8:c::/48',
    { nlri: '' },
  ],
  ['IPv4 over IPv6', `80 0e 19 0001 01 10 ${HOP6} 00 18 c00002 ${BASE6}`, 'fine +192.0.2.0/24', { nlri: '' }],
  [
    'IPv4 over IPv6 that was not negotiated',
    `80 0e 19 0001 01 10 ${HOP6} 00 18 c00002 ${BASE6}`,
    'reset 3/9',
    { nlri: '', by: NO_EXTENDED_NEXT_HOP },
  ],
  [
    'bits behind an IPv6 prefix',
    `80 0e 1d 0002 01 10 ${HOP6} 00 31 20010db8000cff ${BASE6}`,
    'fine +2001:db8:c:8000::/49',
    { nlri: '' },
  ],
  ['MP_REACH_NLRI without prefixes', `80 0e 15 0002 01 10 ${HOP6} 00 ${BASE6}`, 'fine', { nlri: '' }],

  // Prefixes of IPv4 (§5.3).
  ['a prefix of 33 bits', BASE, 'reset 3/10', { nlri: '21 c000020000' }],
  ['a prefix of 255 bits', BASE, 'reset 3/10', { nlri: 'ff c000020000' }],
  ['a withdrawn prefix of 33 bits', '', 'reset 3/10', { nlri: '', gone: '21 c000020000' }],
  ['the last prefix cut short', BASE, 'reset 3/10', { nlri: `${NET} 18 c000` }],
  ['the last withdrawn prefix cut short', '', 'reset 3/10', { nlri: '', gone: `${NET} 18 c000` }],
  ['bits behind the prefix', BASE, 'fine +192.0.0.0/17 +0.0.0.0/0 +128.0.0.0/1', { nlri: '11 c0007f 00 01 ff' }],
  ['a prefix twice', BASE, 'fine +192.0.2.0/24 +192.0.2.0/24', { nlri: `${NET} ${NET}` }],
  ['a prefix withdrawn and reached', BASE, 'fine -192.0.2.0/24 +192.0.2.0/24', { gone: NET }],
  ['overlapping prefixes', BASE, 'fine -192.0.0.0/16 +192.0.2.0/24', { gone: '10 c000' }],
  ['withdrawals alone', '', 'fine -192.0.2.0/24', { nlri: '', gone: NET }],

  // End-of-RIB (RFC 4724 §2).
  ['End-of-RIB', '', 'fine end of ipv4', { nlri: '' }],
  ['End-of-RIB of IPv4 that was not negotiated', '', 'fine', { nlri: '', by: ONLY_IPV6 }],
  ['End-of-RIB of IPv6', '80 0f 03 0002 01', 'fine end of ipv6', { nlri: '' }],
  ['End-of-RIB of IPv6 that was not negotiated', '80 0f 03 0002 01', 'discard', { nlri: '', by: ONLY_IPV4 }],
  ['End-of-RIB of multicast', '80 0f 03 0001 02', 'discard', { nlri: '' }],
  ['End-of-RIB with another byte, the default route', '80 0f 04 0002 01 00', 'fine -::/0', { nlri: '' }],
  ['End-of-RIB with another attribute', `80 0f 03 0002 01 ${ORIGIN}`, 'fine', { nlri: '' }],
  ['End-of-RIB with prefixes', `80 0f 03 0002 01 ${BASE}`, 'fine +192.0.2.0/24'],
  ['End-of-RIB with withdrawn prefixes', '80 0f 03 0002 01', 'fine -192.0.2.0/24', { nlri: '', gone: NET }],
  ['a transitive End-of-RIB', 'c0 0f 03 0002 01', 'withdraw', { nlri: '' }],
]
for (const [name, attributes, outcome, { nlri = NET, gone = '', by = FOUR_OCTETS } = {}] of ROWS) {
  test(`${name}: ${outcome}`, () => {
    assert.equal(outcomeOf(decode(updateAround(attributes, nlri, gone), by)), outcome)
  })
}

/** All of the body: lengths that lie. */
const BODIES: [string, string][] = [
  ['withdrawn routes past the end', '0001 0000'],
  ['withdrawn routes of 65,535 bytes', 'ffff 0000'],
  ['withdrawn routes that leave one byte', '0001 18 00'],
  ['attributes past the end', '0000 0001'],
  ['attributes of 65,535 bytes', '0000 ffff'],
]
for (const [name, body] of BODIES) {
  test(`${name}: the session ends`, () => {
    assert.equal(outcomeOf(decode(messageAround(2, body), FOUR_OCTETS)), 'reset 3/1')
  })
}

function flawOf(attributes: string): Update['flaw'] {
  const answer = decode(updateAround(attributes, NET), FOUR_OCTETS)
  assert(!('malformed' in answer) && answer.type === 'update')
  return answer.flaw
}

test('of several flaws the worst counts, and the first of them is told', () => {
  const discard = '40 06 01 00'
  const withdraw = '80 04 00'
  assert.deepEqual(flawOf(`${discard} ${withdraw} c0 08 00 ${BASE}`), {
    treatment: 'treatAsWithdraw',
    why: 'med: 0 bytes',
  })
  assert.deepEqual(flawOf(`${discard} ${BASE} ${ORIGIN}`), {
    treatment: 'attributeDiscard',
    why: 'atomicAggregate: 1 bytes',
  })
})

test('what ends the session comes with the attribute that does, as data', () => {
  const answer = decode(updateAround(`${BASE} 40 63 01 00`, NET), FOUR_OCTETS)
  assert('malformed' in answer)
  assert.equal(toHex(answer.malformed.data), '40630100')
})

test('a hundred UPDATEs with the same flaw are answered the same', () => {
  const bytes = updateAround(`40 01 01 03 ${AS_PATH}`)
  const first = decode(bytes, FOUR_OCTETS)
  for (let times = 0; times < 100; times++) assert.deepEqual(decode(bytes, FOUR_OCTETS), first)
})

/** What is left of attributes with a flaw that is none of the route's. */
const VALUES: [string, string, Dialect, Attributes][] = [
  ['discarded: ATOMIC_AGGREGATE', '40 06 01 00', FOUR_OCTETS, {}],
  ['discarded: the second MED', '80 04 04 00000001 80 04 04 00000002', FOUR_OCTETS, { med: 1 }],
  ['discarded: LOCAL_PREF', '40 05 04 00000064', FOUR_OCTETS, {}],
  ['LOCAL_PREF', '40 05 04 00000064', INTERNAL, { localPref: 100 }],
  [
    'ORIGINATOR_ID and CLUSTER_LIST',
    '80 09 04 0a090001 80 0a 08 0a09000200000001',
    INTERNAL,
    { originatorId: 0x0a09_0001, clusterList: [0x0a09_0002, 1] },
  ],
  ['MED 4294967295', '80 04 04 ffffffff', FOUR_OCTETS, { med: 0xffff_ffff }],
  [
    'communities in ascending order, once each',
    'c0 08 0c ffffff01 00010002 ffffff01',
    FOUR_OCTETS,
    { communities: [0x0001_0002, 0xffff_ff01] },
  ],
  [
    'large communities in ascending order, once each',
    'c0 20 30 ffffffff0000000000000000 00000002 00000000 00000001 00000002 00000000 00000000 00000002 00000000 00000001',
    FOUR_OCTETS,
    { largeCommunities: ['2:0:0', '2:0:1', '4294967295:0:0'] },
  ],
  [
    'unknown transitive attributes with their flags, in order; others not',
    'e0 64 01 aa c0 63 00 80 62 01 bb c0 10 08 0002fbf600000001',
    FOUR_OCTETS,
    {
      unknown: [
        { flags: 0xc0, code: 16, value: fromHex('0002fbf600000001') },
        { flags: 0xc0, code: 99, value: new Uint8Array(0) },
        { flags: 0xe0, code: 100, value: fromHex('aa') },
      ],
    },
  ],
]
for (const [name, more, dialect, expected] of VALUES) {
  test(`${name}: what is left`, () => {
    const answer = decode(updateAround(`${BASE} ${more}`, NET), dialect)
    assert(!('malformed' in answer) && answer.type === 'update')
    const asPath = [{ type: 'sequence' as const, asns: [64502] }]
    assert.deepEqual(answer.attributes, { origin: 'igp', asPath, ...expected })
    assert.deepEqual(answer.reach[0]?.nextHops.map(formatIp), ['10.9.0.2'])
  })
}

test('a path of 2,048 AS numbers is taken, one of 2,049 is treated as withdrawn', () => {
  for (const [extra, outcome] of [
    [0, 'fine +192.0.2.0/24'],
    [1, 'withdraw -192.0.2.0/24'],
  ] as const) {
    const segments = [...Array.from({ length: 8 }, () => 255), 8 + extra].map((count) => segmentOf(count)).join('')
    const length = (segments.length / 2).toString(16).padStart(4, '0')
    const bytes = updateAround(`${ORIGIN} 50 02 ${length} ${segments} ${NEXT_HOP}`, NET)
    assert.equal(outcomeOf(decode(bytes, EXTENDED)), outcome)
  }
})

function segmentOf(count: number): string {
  return `02${count.toString(16).padStart(2, '0')}${'0000fbf6'.repeat(count)}`
}
