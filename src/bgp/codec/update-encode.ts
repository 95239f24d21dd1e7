// SPDX-License-Identifier: Apache-2.0
/**
 * UPDATEs as bytes. What we send holds one kind of prefixes each, and those of the multiprotocol attributes first (RFC
 * 7606 §5.1): routes of one next hop and one set of attributes, or withdrawals of one family, filled to the limit.
 */
import assert from 'node:assert/strict'
import type { Cidr } from '../../lib/prefix.ts'
import { CODES, flagsOf } from './attribute-table.ts'
import { attributeBytes, attributeHead, SHORT_BYTES } from './attribute-write.ts'
import { HEADER_BYTES, MESSAGE_TYPES, withHeader } from './header.ts'
import type { Attributes, Dialect, Reach, Unreach, Update } from './message.ts'
import { reachHead, unreachHead } from './multiprotocol.ts'
import { prefixBytes, writePrefix } from './nlri.ts'

/** Of an UPDATE without anything in it. */
const EMPTY_BYTES = HEADER_BYTES + 4
const SHORT_HEAD_BYTES = 3
const LONG_HEAD_BYTES = 4
const NOTHING = new Uint8Array(0)

type NextHops = Pick<Reach, 'family' | 'nextHops'>

/** IPv4 prefixes with an IPv4 next hop stand where they always stood. */
function inOldField({ family, nextHops }: NextHops): boolean {
  return family === 'ipv4' && nextHops.length === 1 && nextHops[0]?.family === 'ipv4'
}

/** The attributes that stay the same while prefixes change. */
function fixedBytes(reach: NextHops, attributes: Attributes, dialect: Dialect): Uint8Array {
  return attributeBytes(attributes, inOldField(reach) ? (reach.nextHops[0] ?? null) : null, dialect)
}

/** Whether a message of that dialect has room for these attributes and at least one prefix of any length. */
export function attributesFit(reach: NextHops, attributes: Attributes, dialect: Dialect): boolean {
  const fixed = fixedBytes(reach, attributes, dialect).length
  const longest = reach.family === 'ipv4' ? 5 : 17
  const head = inOldField(reach) ? 0 : SHORT_HEAD_BYTES + reachHead(reach).length
  return EMPTY_BYTES + fixed + head + longest <= dialect.maxBytes
}

/**
 * As few whole UPDATEs (header included) as these prefixes take in their order, one by one as they are asked for. A
 * prefix that does not fit is a bug: `attributesFit` is asked before.
 */
export function* reachUpdates(reach: Reach, attributes: Attributes, dialect: Dialect): Generator<Uint8Array> {
  const fixed = fixedBytes(reach, attributes, dialect)
  const room = dialect.maxBytes - EMPTY_BYTES - fixed.length
  if (inOldField(reach)) {
    for (const prefixes of fill(reach.prefixes, room)) yield updateOf(NOTHING, [fixed], prefixes)
    return
  }
  const head = reachHead(reach)
  for (const prefixes of fill(reach.prefixes, multiprotocolRoom(room, head))) {
    yield updateOf(NOTHING, [...multiprotocol('mpReach', head, prefixes), fixed], NOTHING)
  }
}

/** As few whole UPDATEs as withdraw these prefixes in their order. */
export function* unreachUpdates({ family, prefixes }: Unreach, { maxBytes }: Dialect): Generator<Uint8Array> {
  const room = maxBytes - EMPTY_BYTES
  if (family === 'ipv4') {
    for (const bytes of fill(prefixes, room)) yield updateOf(bytes, [], NOTHING)
    return
  }
  const head = unreachHead(family)
  for (const bytes of fill(prefixes, multiprotocolRoom(room, head))) {
    yield updateOf(NOTHING, multiprotocol('mpUnreach', head, bytes), NOTHING)
  }
}

/** Room for prefixes in a multiprotocol attribute: with two bytes of length, or with one if that is all it can use. */
function multiprotocolRoom(room: number, head: Uint8Array): number {
  const short = Math.min(room - SHORT_HEAD_BYTES, SHORT_BYTES)
  return Math.max(room - LONG_HEAD_BYTES, short) - head.length
}

/** Prefixes as bytes, up to `room` of them at a time. */
function* fill(prefixes: readonly Cidr[], room: number): Generator<Uint8Array> {
  const out = new Uint8Array(Math.max(0, Math.min(room, totalBytes(prefixes))))
  let end = 0
  for (const prefix of prefixes) {
    const size = prefixBytes(prefix)
    assert(size <= room, 'attributes leave no room for a prefix')
    if (end + size > room) {
      yield out.slice(0, end)
      end = 0
    }
    end = writePrefix(out, end, prefix)
  }
  if (end > 0) yield out.slice(0, end)
}

function totalBytes(prefixes: readonly Cidr[]): number {
  let bytes = 0
  for (const prefix of prefixes) bytes += prefixBytes(prefix)
  return bytes
}

function multiprotocol(name: 'mpReach' | 'mpUnreach', head: Uint8Array, prefixes: Uint8Array): Uint8Array[] {
  return [attributeHead(CODES[name], flagsOf(name), head.length + prefixes.length), head, prefixes]
}

function updateOf(withdrawn: Uint8Array, attributes: readonly Uint8Array[], reached: Uint8Array): Uint8Array {
  const length = attributes.reduce((sum, bytes) => sum + bytes.length, 0)
  const lengths = [withdrawn.length, length].map((value) => Uint8Array.of(value >> 8, value & 0xff))
  const [withdrawnLength = NOTHING, attributesLength = NOTHING] = lengths
  const body = Buffer.concat([withdrawnLength, withdrawn, attributesLength, ...attributes, reached])
  return withHeader(MESSAGE_TYPES.update, body)
}

/** One UPDATE with all that it says; too much for one is a bug. End-of-RIB is an UPDATE like any other. */
export function encodeUpdate({ reach, unreach, attributes, endOfRib }: Update, dialect: Dialect): Uint8Array {
  if (endOfRib !== null) return encodeEndOfRib(endOfRib)
  const old = reach.find(inOldField)
  const [mpReach, ...further] = reach.filter((entry) => entry !== old)
  assert(further.length === 0, 'an UPDATE has one next hop in the old fields and one in MP_REACH_NLRI')
  const gone = (family: 'ipv4' | 'ipv6'): Cidr[] =>
    unreach.flatMap((entry) => (entry.family === family ? entry.prefixes : []))
  const [gone4, gone6] = [gone('ipv4'), gone('ipv6')]
  const parts = [
    ...(mpReach ? multiprotocol('mpReach', reachHead(mpReach), allBytes(mpReach.prefixes)) : []),
    ...(gone6.length > 0 ? multiprotocol('mpUnreach', unreachHead('ipv6'), allBytes(gone6)) : []),
    attributeBytes(attributes, old?.nextHops[0] ?? null, dialect),
  ]
  return updateOf(allBytes(gone4), parts, old ? allBytes(old.prefixes) : NOTHING)
}

/** RFC 4724 §2. */
function encodeEndOfRib(family: 'ipv4' | 'ipv6'): Uint8Array {
  if (family === 'ipv4') return updateOf(NOTHING, [], NOTHING)
  return updateOf(NOTHING, multiprotocol('mpUnreach', unreachHead(family), NOTHING), NOTHING)
}

function allBytes(prefixes: readonly Cidr[]): Uint8Array {
  return fill(prefixes, Infinity).next().value ?? NOTHING
}
