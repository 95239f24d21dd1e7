// SPDX-License-Identifier: Apache-2.0
/** What stands in an attribute whose flags and length are right (RFC 4271 §4.3 and the RFCs of the others). */
import type { Ip } from '../../lib/ip.ts'
import { isHost, readIp } from './address.ts'
import { decodeAsPath } from './as-path.ts'
import type { AttributeName } from './attribute-table.ts'
import type { Attributes, Dialect, Reach, Segment, Unreach } from './message.ts'

type Aggregator = NonNullable<Attributes['aggregator']>
/** Attributes while they are read, with those that are for the way they are sent only. */
export type Draft = { -readonly [Name in keyof Attributes]: Attributes[Name] } & {
  nextHop?: Ip
  as4Path?: readonly Segment[]
  as4Aggregator?: Aggregator
  mpReach?: Reach
  mpUnreach?: Unreach
}

const ORIGINS = ['igp', 'egp', 'incomplete'] as const
const FOUR_OCTET_AGGREGATOR_BYTES = 8

/** What to add to the draft, or what is wrong. */
type Reader = (value: Uint8Array, dialect: Dialect) => Partial<Draft> | string

const READERS: Partial<Record<AttributeName, Reader>> = {
  origin(value) {
    const origin = ORIGINS[value[0] ?? 0]
    return origin === undefined ? `value ${value[0]}` : { origin }
  },
  asPath(value, { fourOctetAs }) {
    const asPath = decodeAsPath(value, fourOctetAs ? 4 : 2)
    return typeof asPath === 'string' ? asPath : { asPath }
  },
  nextHop(value) {
    const nextHop = readIp(value, 'ipv4')
    return isHost(nextHop) ? { nextHop } : 'no address of a host'
  },
  med: (value) => ({ med: word(value) }),
  localPref: (value) => ({ localPref: word(value) }),
  atomicAggregate: () => ({ atomicAggregate: true }),
  aggregator(value) {
    const aggregator = readAggregator(value)
    return typeof aggregator === 'string' ? aggregator : { aggregator }
  },
  communities: (value) => ({ communities: [...new Set(words(value))].toSorted((one, other) => one - other) }),
  originatorId: (value) => ({ originatorId: word(value) }),
  clusterList: (value) => ({ clusterList: words(value) }),
  as4Path(value) {
    const as4Path = decodeAsPath(value, 4)
    return typeof as4Path === 'string' ? as4Path : { as4Path }
  },
  as4Aggregator(value) {
    const as4Aggregator = readAggregator(value)
    return typeof as4Aggregator === 'string' ? as4Aggregator : { as4Aggregator }
  },
  largeCommunities: (value) => ({ largeCommunities: readLargeCommunities(value) }),
}

/** What to add to the draft; a text: what is wrong; undefined: nobody here reads that attribute. */
export function readAttribute(
  name: AttributeName,
  value: Uint8Array,
  dialect: Dialect,
): ReturnType<Reader> | undefined {
  return READERS[name]?.(value, dialect)
}

function word(value: Uint8Array): number {
  return words(value)[0] ?? 0
}

function words(value: Uint8Array): number[] {
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength)
  return Array.from({ length: value.length >> 2 }, (_, index) => view.getUint32(4 * index))
}

function readAggregator(value: Uint8Array): Aggregator | string {
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength)
  const long = value.length === FOUR_OCTET_AGGREGATOR_BYTES
  const asn = long ? view.getUint32(0) : view.getUint16(0)
  if (asn === 0) return 'AS number 0' // RFC 7607
  return { asn, address: view.getUint32(long ? 4 : 2) }
}

/** RFC 8092 §5: duplicates are dropped. Ascending by number. */
function readLargeCommunities(value: Uint8Array): string[] {
  const parts = words(value)
  const triples = Array.from({ length: parts.length / 3 }, (_, index) => parts.slice(3 * index, 3 * index + 3))
  const ascending = triples.toSorted((one, other) => {
    const at = one.findIndex((part, index) => part !== other[index])
    return (one[at] ?? 0) - (other[at] ?? 0)
  })
  return [...new Set(ascending.map((triple) => triple.join(':')))]
}
