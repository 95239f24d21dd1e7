// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FOUR_OCTETS, TWO_OCTETS, updateAround } from '../../../test/fuzz/bgp-vectors.ts'
import { toHex } from '../../lib/bytes.ts'
import { decodeAsPath, encodeAsPath } from './as-path.ts'
import { attributeBytes } from './attribute-write.ts'
import { decode } from './codec.ts'
import type { Attributes, Segment } from './message.ts'

const TYPES = { '(': 'confedSequence', '{': 'set', '[': 'confedSet', '': 'sequence' } as const

/** `64500 64501 {1 2} (3)`: a sequence, a set, a sequence of a confederation. */
function path(text: string): Segment[] {
  return [...text.matchAll(/([({[]?)([\d ]*\d)/g)].map(([, mark = '', asns = '']) => ({
    type: TYPES[mark === '(' || mark === '{' || mark === '[' ? mark : ''],
    asns: asns.trim().split(' ').map(Number),
  }))
}

const ORIGIN = '40 01 01 00'
const NEXT_HOP = '40 03 04 0a090002'
const NET = '18 c00002'
const hexOf = (value: number): string => value.toString(16).padStart(2, '0')

function attribute(head: string, value: Uint8Array): string {
  return `${head} ${hexOf(value.length)} ${toHex(value)}`
}

/** What an old speaker's UPDATE says, or why it is not taken as it is. */
function attributesOf(more: string): Attributes | string {
  const answer = decode(updateAround(`${ORIGIN} ${NEXT_HOP} ${more}`, NET), TWO_OCTETS)
  assert(!('malformed' in answer) && answer.type === 'update')
  return answer.flaw === null ? answer.attributes : `${answer.flaw.treatment} ${answer.flaw.why}`
}

/** RFC 6793 §4.2.3: AS_PATH, AS4_PATH, and what both say together. */
const UNITED: [string, string, string, string][] = [
  ['all of it', '23456', '4200000001', '4200000001'],
  ['hops of old speakers before it', '1 2 23456 3', '4200000001 3', '1 2 4200000001 3'],
  ['as long, but other', '1 2', '3 4', '3 4'],
  ['longer than AS_PATH', '1 23456', '2 3 4200000001', '1 23456'],
  ['a set counts as one hop', '1 {23456 2}', '{4200000001 2 3}', '1 {4200000001 2 3}'],
  ['a set among what old speakers added', '{1 2} 3 23456', '4200000001', '{1 2} 3 4200000001'],
  [
    'a set in AS4_PATH',
    '1 2 {23456 23456}',
    '4200000001 {4200000002 4200000003}',
    '1 4200000001 {4200000002 4200000003}',
  ],
  ['a confederation before it', '(5 6) 1 23456', '4200000001', '(5 6) 1 4200000001'],
  ['a confederation behind what is taken', '1 (5) 23456', '4200000001', '1 (5) 4200000001'],
  ['a confederation behind what is not taken', '1 2 23456 (5)', '4200000001', '1 2 4200000001'],
  ['a set for one of two hops', '{1 2} 23456', '4200000001 4200000002', '4200000001 4200000002'],
  ['a confederation in AS4_PATH, which is left out', '1 23456', '(7) 4200000001', '1 4200000001'],
  ['nothing but a confederation in AS4_PATH', '1 23456', '(7)', '1 23456'],
]
for (const [name, asPath, as4Path, united] of UNITED) {
  test(`AS4_PATH, ${name}: ${asPath} and ${as4Path} are ${united}`, () => {
    const old = attribute('40 02', encodeAsPath(path(asPath), 2))
    const answer = attributesOf(`${old} ${attribute('c0 11', encodeAsPath(path(as4Path), 4))}`)
    assert.deepEqual(answer, { origin: 'igp', asPath: path(united) })
  })
}

const OLD_PATH = attribute('40 02', encodeAsPath(path('1 23456'), 2))
const NEW_PATH = attribute('c0 11', encodeAsPath(path('4200000001'), 4))
const TRANS = 'c0 07 06 5ba00a090002'
const NEW_AGGREGATOR = 'c0 12 08 fa56ea010a090003'
const AGGREGATORS: [string, string, Attributes][] = [
  [
    'of AS_TRANS, with the one of four octets',
    `${TRANS} ${NEW_AGGREGATOR} ${NEW_PATH}`,
    { asPath: path('1 4200000001'), aggregator: { asn: 4_200_000_001, address: 0x0a09_0003 } },
  ],
  [
    'set by an old speaker, so that nothing in four octets counts',
    `c0 07 06 fbf60a090002 ${NEW_AGGREGATOR} ${NEW_PATH}`,
    { asPath: path('1 23456'), aggregator: { asn: 64502, address: 0x0a09_0002 } },
  ],
  [
    'of AS_TRANS alone',
    `${TRANS} ${NEW_PATH}`,
    { asPath: path('1 4200000001'), aggregator: { asn: 23456, address: 0x0a09_0002 } },
  ],
  ['in four octets alone, which nobody can place', `${NEW_AGGREGATOR} ${NEW_PATH}`, { asPath: path('1 4200000001') }],
]
for (const [name, more, expected] of AGGREGATORS) {
  test(`an aggregator ${name}`, () => {
    assert.deepEqual(attributesOf(`${OLD_PATH} ${more}`), { origin: 'igp', ...expected })
  })
}

const FLAWS: [string, string, string][] = [
  [
    'AS4_PATH cut short',
    'c0 11 07 0202fa56ea0100',
    'attributeDiscard as4Path: a segment without AS numbers, or cut short',
  ],
  ['AS4_PATH with type 9', 'c0 11 06 0901fa56ea01', 'attributeDiscard as4Path: segment type 9'],
  ['AS4_PATH with AS number 0', 'c0 11 06 020100000000', 'attributeDiscard as4Path: AS number 0'],
  ['AS4_PATH of 0 bytes', 'c0 11 00', 'attributeDiscard as4Path: 0 bytes'],
  ['AS4_AGGREGATOR of 6 bytes', `${TRANS} c0 12 06 fbf60a090003`, 'attributeDiscard as4Aggregator: 6 bytes'],
  ['AS4_AGGREGATOR 0', `${TRANS} c0 12 08 000000000a090003`, 'attributeDiscard as4Aggregator: AS number 0'],
]
for (const [name, more, outcome] of FLAWS) {
  test(`${name} is discarded alone`, () => assert.equal(attributesOf(`${OLD_PATH} ${more}`), outcome))
}

test('AS4_PATH that is well-known: the route is treated as withdrawn (RFC 7606 §3 c)', () => {
  assert.equal(attributesOf(`${OLD_PATH} 40 11 06 0201fa56ea01`), 'treatAsWithdraw as4Path: flags 40')
})

const TEXT_PATHS = ['', '1', '64500 4200000001', '1 {2 3} 4', '(5) [6 7] 1']
for (const text of TEXT_PATHS) {
  test(`path '${text}': written and read in four octets`, () => {
    assert.deepEqual(decodeAsPath(encodeAsPath(path(text), 4), 4), path(text))
  })

  test(`path '${text}': an old speaker is told all of it`, () => {
    const bytes = attributeBytes({ origin: 'igp', asPath: path(text) }, null, TWO_OCTETS)
    const answer = decode(updateAround(`${toHex(bytes)} ${NEXT_HOP}`, NET), TWO_OCTETS)
    assert(!('malformed' in answer) && answer.type === 'update')
    assert.deepEqual([answer.attributes, answer.flaw], [{ origin: 'igp', asPath: path(text) }, null])
  })
}

function written(attributes: Attributes, dialect = TWO_OCTETS): string {
  return toHex(attributeBytes(attributes, null, dialect))
}

test('AS4_PATH and AS4_AGGREGATOR are sent to old speakers alone, and only where they say more', () => {
  const more: Attributes = { asPath: path('(5) 4200000001'), aggregator: { asn: 4_200_000_001, address: 1 } }
  const less: Attributes = { asPath: path('(5) 64500'), aggregator: { asn: 64500, address: 1 } }
  assert.equal(written(less), '400208030100050201 fbf4 c00706fbf400000001'.replaceAll(' ', ''))
  assert.equal(
    written(more),
    '400208030100050201 5ba0 c007065ba000000001 c01106 0201fa56ea01 c01208 fa56ea0100000001'.replaceAll(' ', ''),
  )
  assert.doesNotMatch(written(more, FOUR_OCTETS), /c011|c012/)
})

test('more than 255 numbers are written as several segments, and an empty segment not at all', () => {
  const asns = Array.from({ length: 600 }, (_, index) => index + 1)
  const read = decodeAsPath(
    encodeAsPath(
      [
        { type: 'set', asns: [] },
        { type: 'sequence', asns },
      ],
      4,
    ),
    4,
  )
  assert(typeof read !== 'string')
  assert.deepEqual(
    read.map((segment) => segment.asns.length),
    [255, 255, 90],
  )
  assert.deepEqual(
    read.flatMap((segment) => segment.asns),
    asns,
  )
})

function extended(head: string, value: Uint8Array): string {
  return `${head} ${value.length.toString(16).padStart(4, '0')} ${toHex(value)}`
}

test('united paths do not make a segment of more than 255 numbers', () => {
  const old = Array.from({ length: 200 }, (_, index) => index + 1)
  const as4 = Array.from({ length: 100 }, (_, index) => 4_200_000_000 + index)
  const both = [{ type: 'sequence' as const, asns: [...old, ...as4.map(() => 23456)].slice(0, 255) }]
  const bytes = encodeAsPath([...both, { type: 'sequence', asns: Array.from({ length: 45 }, () => 23456) }], 2)
  const long = encodeAsPath([{ type: 'sequence', asns: as4 }], 4)
  const answer = attributesOf(`${extended('50 02', bytes)} ${extended('d0 11', long)}`)
  assert(typeof answer !== 'string')
  assert.deepEqual(answer.asPath, [
    { type: 'sequence', asns: old },
    { type: 'sequence', asns: as4 },
  ])
})
