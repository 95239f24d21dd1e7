// SPDX-License-Identifier: Apache-2.0
/** Prefixes on the wire (RFC 4271 §4.3): one byte of length in bits, and as many bytes as those bits take. */
import { WIDTH } from '../../lib/ip.ts'
import type { Cidr } from '../../lib/prefix.ts'
import { readIp } from './address.ts'
import type { AddressFamily } from './message.ts'

/** How many bytes a prefix takes. */
export function prefixBytes({ prefixBits }: Cidr): number {
  return 1 + ((prefixBits + 7) >> 3)
}

/**
 * All prefixes of a field; null when a length is beyond the family's, or the last one is cut short. Bits behind the
 * length are of no meaning (§4.3) and are dropped.
 */
export function readPrefixes(bytes: Uint8Array, family: AddressFamily): Cidr[] | null {
  const prefixes: Cidr[] = []
  for (let at = 0; at < bytes.length; ) {
    const prefixBits = bytes[at] ?? 0
    const end = at + 1 + ((prefixBits + 7) >> 3)
    if (prefixBits > WIDTH[family] || end > bytes.length) return null
    prefixes.push({ family, first: readNetwork(bytes.subarray(at + 1, end), family, prefixBits), prefixBits })
    at = end
  }
  return prefixes
}

function readNetwork(bytes: Uint8Array, family: AddressFamily, prefixBits: number): bigint {
  if (family === 'ipv4') {
    let value = 0
    for (let at = 0; at < 4; at++) value = (value << 8) | (bytes[at] ?? 0)
    // A shift by 32 is one by 0, but of 0 bits there was no byte.
    return BigInt((value & (-1 << (32 - prefixBits))) >>> 0)
  }
  const hostBits = BigInt(128 - prefixBits)
  const whole = new Uint8Array(16)
  whole.set(bytes)
  return (readIp(whole, 'ipv6').bits >> hostBits) << hostBits
}

/** Writes a prefix at `at`, where there is room for `prefixBytes` of it, and returns where the next one goes. */
export function writePrefix(out: Uint8Array, at: number, cidr: Cidr): number {
  const { family, first, prefixBits } = cidr
  const bytes = (prefixBits + 7) >> 3
  out[at] = prefixBits
  if (family === 'ipv4') {
    const value = Number(first)
    for (let index = 0; index < bytes; index++) out[at + 1 + index] = value >>> (24 - 8 * index)
    return at + 1 + bytes
  }
  // By quarters: bits of a number are 32, and each operation on a bigint makes a new one.
  for (let quarter = 0; quarter * 4 < bytes; quarter++) {
    const value = Number(BigInt.asUintN(32, first >> BigInt(96 - 32 * quarter)))
    for (let index = 0; index < 4 && quarter * 4 + index < bytes; index++) {
      out[at + 1 + quarter * 4 + index] = value >>> (24 - 8 * index)
    }
  }
  return at + 1 + bytes
}
