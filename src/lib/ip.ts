// SPDX-License-Identifier: Apache-2.0
/**
 * IP addresses as numbers. An address is its family and its bits; text is parsed once at the border and
 * printed canonically (RFC 5952) whenever it leaves. IPv4-mapped IPv6 (::ffff:a.b.c.d) is the IPv4 address,
 * as in Go's net.IP, whose text the Layer-2 election hashes.
 */
export type Family = 'ipv4' | 'ipv6'
export type Ip = Readonly<{ family: Family; bits: bigint }>

export const WIDTH: Readonly<Record<Family, number>> = { ipv4: 32, ipv6: 128 }

const MAPPED = 0xffff_0000_0000n
const MAPPED_END = 0xffff_ffff_ffffn

/** Parses an IPv4 or IPv6 address without zone; undefined when the text is anything else. */
export function parseIp(text: string): Ip | undefined {
  if (text.length > 45) return undefined
  if (!text.includes(':')) {
    const value = parseIpv4(text)
    return value === undefined ? undefined : { family: 'ipv4', bits: BigInt(value) }
  }
  const bits = parseIpv6(text)
  if (bits === undefined) return undefined
  return bits >= MAPPED && bits <= MAPPED_END ? { family: 'ipv4', bits: bits - MAPPED } : { family: 'ipv6', bits }
}

/** The 32-bit value of dotted decimal text; leading zeros are refused, as octal readings differ. */
function parseIpv4(text: string): number | undefined {
  let value = 0
  let octet = -1
  let dots = 0
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48
    if (digit === -2 && octet >= 0) {
      value = value * 256 + octet
      octet = -1
      dots++
    } else if (digit >= 0 && digit <= 9 && octet !== 0) {
      octet = octet < 0 ? digit : octet * 10 + digit
      if (octet > 255) return undefined
    } else return undefined
  }
  return dots === 3 && octet >= 0 ? value * 256 + octet : undefined
}

function parseIpv6(text: string): bigint | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const head = parseGroups(halves[0] ?? '', halves.length === 1)
  const tail = halves.length === 2 ? parseGroups(halves[1] ?? '', true) : []
  if (!head || !tail) return undefined
  const missing = 8 - head.length - tail.length
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined
  let bits = 0n
  for (const group of [...head, ...Array.from({ length: missing }, () => 0), ...tail])
    bits = (bits << 16n) | BigInt(group)
  return bits
}

/** 16-bit groups between colons; only the last piece of an address may be dotted decimal. */
function parseGroups(text: string, last: boolean): number[] | undefined {
  if (text === '') return []
  const groups: number[] = []
  const pieces = text.split(':')
  for (const [index, piece] of pieces.entries()) {
    if (last && index === pieces.length - 1 && piece.includes('.')) {
      const value = parseIpv4(piece)
      if (value === undefined) return undefined
      groups.push(value >>> 16, value & 0xffff)
    } else if (/^[0-9a-fA-F]{1,4}$/.test(piece)) groups.push(Number.parseInt(piece, 16))
    else return undefined
  }
  return groups
}

/** IPv6 for IPv4, and the other way round. */
export function otherFamily(family: Family): Family {
  return family === 'ipv4' ? 'ipv6' : 'ipv4'
}

/** Canonical text: dotted decimal, or RFC 5952 (lowercase, the first longest run of two or more zero groups as ::). */
export function formatIp({ family, bits }: Ip): string {
  if (family === 'ipv4') {
    const value = Number(bits)
    return `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`
  }
  const groups = Array.from({ length: 8 }, (_, i) => Number((bits >> BigInt(112 - 16 * i)) & 0xffffn))
  const run = longestZeroRun(groups)
  const hex = groups.map((group) => group.toString(16))
  if (run.length < 2) return hex.join(':')
  return `${hex.slice(0, run.start).join(':')}::${hex.slice(run.start + run.length).join(':')}`
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 }
  for (let start = 0; start < 8; start++) {
    let length = 0
    while (start + length < 8 && groups[start + length] === 0) length++
    if (length > best.length) best = { start, length }
    start += length
  }
  return best
}

/** IPv4 before IPv6, then by number. */
export function compareIp(a: Ip, b: Ip): number {
  if (a.family !== b.family) return a.family === 'ipv4' ? -1 : 1
  if (a.bits === b.bits) return 0
  return a.bits < b.bits ? -1 : 1
}
