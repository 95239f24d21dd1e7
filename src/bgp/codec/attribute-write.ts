// SPDX-License-Identifier: Apache-2.0
/** Path attributes as bytes, in ascending order of their codes (RFC 4271 §5), for one peer's dialect. */
import type { Ip } from '../../lib/ip.ts'
import { ipBytes } from './address.ts'
import { AS_TRANS, as4PathOf, encodeAsPath } from './as-path.ts'
import { type AttributeName, CODES, FLAGS, flagsOf } from './attribute-table.ts'
import type { Attributes, Dialect } from './message.ts'

const ORIGINS: Readonly<Record<NonNullable<Attributes['origin']>, number>> = { igp: 0, egp: 1, incomplete: 2 }
/** The longest value whose length has one byte. */
export const SHORT_BYTES = 255

type Piece = Readonly<{ code: number; bytes: Uint8Array }>

/**
 * All attributes but those with prefixes; `nextHop` is the NEXT_HOP of IPv4 prefixes in the old field, null without
 * them. With unset ones, nothing is made up: what has to be there is the caller's to know.
 */
export function attributeBytes(attributes: Attributes, nextHop: Ip | null, dialect: Dialect): Uint8Array {
  const known = knownValues(attributes, nextHop, dialect)
  const pieces: Piece[] = []
  for (const [name, value] of known) {
    if (value !== null) pieces.push({ code: CODES[name], bytes: withHead(CODES[name], flagsOf(name), value) })
  }
  for (const { flags, code, value } of attributes.unknown ?? [])
    pieces.push({ code, bytes: withHead(code, flags, value) })
  return Buffer.concat(pieces.toSorted((one, other) => one.code - other.code).map(({ bytes }) => bytes))
}

type Value = readonly [AttributeName, Uint8Array | null]

function knownValues(attributes: Attributes, nextHop: Ip | null, dialect: Dialect): readonly Value[] {
  const { origin, med, localPref, originatorId, communities, clusterList, largeCommunities } = attributes
  return [
    ['origin', origin === undefined ? null : Uint8Array.of(ORIGINS[origin])],
    ...pathValues(attributes.asPath, dialect),
    ['nextHop', nextHop && ipBytes(nextHop)],
    ['med', med === undefined ? null : wordBytes([med])],
    ['localPref', localPref === undefined ? null : wordBytes([localPref])],
    ['atomicAggregate', attributes.atomicAggregate ? new Uint8Array(0) : null],
    ...aggregatorValues(attributes.aggregator, dialect),
    ['communities', communities?.length ? wordBytes(communities) : null],
    ['originatorId', originatorId === undefined ? null : wordBytes([originatorId])],
    ['clusterList', clusterList?.length ? wordBytes(clusterList) : null],
    ['largeCommunities', largeCommunities?.length ? wordBytes(largeCommunities.flatMap(largeParts)) : null],
  ]
}

/** RFC 6793 §4.2.2: an old speaker is told AS_TRANS, and the rest for those behind it. */
function pathValues(asPath: Attributes['asPath'], { fourOctetAs }: Dialect): readonly Value[] {
  if (asPath === undefined) return []
  if (fourOctetAs) return [['asPath', encodeAsPath(asPath, 4)]]
  const as4Path = as4PathOf(asPath)
  return [
    ['asPath', encodeAsPath(asPath, 2)],
    ['as4Path', as4Path && encodeAsPath(as4Path, 4)],
  ]
}

function aggregatorValues(aggregator: Attributes['aggregator'], { fourOctetAs }: Dialect): readonly Value[] {
  if (aggregator === undefined) return []
  const { asn, address } = aggregator
  const long = wordBytes([asn, address])
  if (fourOctetAs) return [['aggregator', long]]
  const told = asn > 0xffff ? AS_TRANS : asn
  return [
    ['aggregator', Uint8Array.of(told >> 8, told & 0xff, ...long.subarray(4))],
    ['as4Aggregator', asn > 0xffff ? long : null],
  ]
}

function largeParts(community: string): number[] {
  return community.split(':').map(Number)
}

function wordBytes(words: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 * words.length)
  const view = new DataView(bytes.buffer)
  for (const [index, word] of words.entries()) view.setUint32(4 * index, word)
  return bytes
}

/** An attribute around its value: two bytes of length where one cannot tell it, and there alone. */
function withHead(code: number, flags: number, value: Uint8Array): Uint8Array {
  return Buffer.concat([attributeHead(code, flags, value.length), value])
}

/** What stands before a value of `length` bytes. */
export function attributeHead(code: number, flags: number, length: number): Uint8Array {
  const kind = flags & ~FLAGS.extendedLength
  if (length <= SHORT_BYTES) return Uint8Array.of(kind, code, length)
  return Uint8Array.of(kind | FLAGS.extendedLength, code, length >> 8, length & 0xff)
}
