// SPDX-License-Identifier: Apache-2.0
/** AS_PATH and AS4_PATH (RFC 4271 §4.3, RFC 6793): segments of type 1, count 1, and as many AS numbers of 2 or 4 bytes. */
import type { Segment } from './message.ts'

/** RFC 6793 §9: stands for a number of four bytes where there is room for two. */
export const AS_TRANS = 23456
/** The longest path that is taken; those of the Internet have a hundredth of it. */
export const MAX_PATH_ASNS = 2048
const MAX_SEGMENT_ASNS = 255
/** By type, 1 to 4; the last two by RFC 5065. */
const SEGMENT_TYPES = ['set', 'sequence', 'confedSequence', 'confedSet'] as const

export type AsBytes = 2 | 4

/** The segments, or what is wrong with them. */
export function decodeAsPath(bytes: Uint8Array, asBytes: AsBytes): Segment[] | string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const segments: Segment[] = []
  let total = 0
  for (let at = 0; at < bytes.length; ) {
    const type = SEGMENT_TYPES[view.getUint8(at) - 1]
    const count = bytes[at + 1] ?? 0
    const end = at + 2 + count * asBytes
    if (type === undefined) return `segment type ${view.getUint8(at)}`
    if (count === 0 || end > bytes.length) return 'a segment without AS numbers, or cut short'
    total += count
    if (total > MAX_PATH_ASNS) return `more than ${MAX_PATH_ASNS} AS numbers`
    const asns: number[] = []
    for (let from = at + 2; from < end; from += asBytes) {
      asns.push(asBytes === 2 ? view.getUint16(from) : view.getUint32(from))
    }
    if (asns.includes(0)) return 'AS number 0' // RFC 7607
    segments.push({ type, asns })
    at = end
  }
  return segments
}

/** Segments as bytes, those above 255 numbers in several; what does not fit in two bytes is sent as AS_TRANS. */
export function encodeAsPath(segments: readonly Segment[], asBytes: AsBytes): Uint8Array {
  const parts = segments.flatMap(({ type, asns }) => {
    const pieces: Segment[] = []
    for (let from = 0; from < asns.length; from += MAX_SEGMENT_ASNS) {
      pieces.push({ type, asns: asns.slice(from, from + MAX_SEGMENT_ASNS) })
    }
    return pieces.map((piece) => encodeSegment(piece, asBytes))
  })
  return Buffer.concat(parts)
}

function encodeSegment({ type, asns }: Segment, asBytes: AsBytes): Uint8Array {
  const bytes = new Uint8Array(2 + asns.length * asBytes)
  const view = new DataView(bytes.buffer)
  view.setUint8(0, SEGMENT_TYPES.indexOf(type) + 1)
  view.setUint8(1, asns.length)
  for (const [index, asn] of asns.entries()) {
    if (asBytes === 2) view.setUint16(2 + 2 * index, asn > 0xffff ? AS_TRANS : asn)
    else view.setUint32(2 + 4 * index, asn)
  }
  return bytes
}

/** The AS4_PATH that goes with a path sent in two bytes; null: it says nothing that AS_PATH does not (§4.2.2). */
export function as4PathOf(segments: readonly Segment[]): Segment[] | null {
  if (segments.every(({ asns }) => asns.every((asn) => asn <= 0xffff))) return null
  return withoutConfederation(segments)
}

/** §6: segments of a confederation have no place in AS4_PATH; they are left out. */
export function withoutConfederation(segments: readonly Segment[]): Segment[] {
  return segments.filter(({ type }) => !isConfederation(type))
}

function isConfederation(type: Segment['type']): boolean {
  return type === 'confedSequence' || type === 'confedSet'
}

/**
 * §4.2.3: the path in two bytes as far as only old speakers added to it, then the one in four. AS4_PATH says nothing
 * when it is the longer one.
 */
export function uniteAsPaths(path: readonly Segment[], as4Path: readonly Segment[]): readonly Segment[] {
  let missing = hopsOf(path) - hopsOf(as4Path)
  if (missing < 0) return path
  const leading: Segment[] = []
  for (const segment of path) {
    // A confederation's segments count nothing, and stay with what they lead or follow (§4.2.3).
    if (missing === 0 && !isConfederation(segment.type)) break
    const taken = segment.type === 'sequence' ? segment.asns.slice(0, missing) : segment.asns
    leading.push({ type: segment.type, asns: taken })
    missing -= hopsOf([{ type: segment.type, asns: taken }])
    if (taken.length < segment.asns.length) break
  }
  return joined(leading, as4Path)
}

/** Length as route selection counts it: a set is one hop (RFC 4271 §9.1.2.2), a confederation none (RFC 5065 §5.3). */
function hopsOf(segments: readonly Segment[]): number {
  let hops = 0
  for (const { type, asns } of segments) {
    if (type === 'sequence') hops += asns.length
    else if (type === 'set') hops++
  }
  return hops
}

function joined(leading: readonly Segment[], rest: readonly Segment[]): readonly Segment[] {
  const [last, first] = [leading.at(-1), rest[0]]
  if (last?.type !== 'sequence' || first?.type !== 'sequence') return [...leading, ...rest]
  const asns = [...last.asns, ...first.asns]
  if (asns.length > MAX_SEGMENT_ASNS) return [...leading, ...rest]
  return [...leading.slice(0, -1), { type: 'sequence', asns }, ...rest.slice(1)]
}
