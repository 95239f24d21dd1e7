// SPDX-License-Identifier: Apache-2.0
/**
 * MP_REACH_NLRI and MP_UNREACH_NLRI (RFC 4760 §3, §4), next hops by RFC 2545 §3 and RFC 8950 §3:
 *
 *    AFI 2 | SAFI 1 | length 1 | next hop, or global and link-local one | reserved 1 | prefixes
 *    AFI 2 | SAFI 1 | prefixes
 */
import type { Ip } from '../../lib/ip.ts'
import { asIpv6, ipBytes, readIp } from './address.ts'
import { afiOf, familyOf, UNICAST } from './family.ts'
import type { AddressFamily, Dialect, Reach, Unreach } from './message.ts'
import { readPrefixes } from './nlri.ts'

const FAMILY_BYTES = 3

/** `ignored`: a family that was not negotiated. `unreadable`: nobody can tell what is reached (RFC 7606 §7.11). */
export type Unread = Readonly<{ ignored: string }> | Readonly<{ unreadable: string }>

function familyIn(value: Uint8Array, { families }: Dialect): AddressFamily | Unread {
  if (value.length < FAMILY_BYTES) return { unreadable: `${value.length} bytes` }
  const [afi, safi] = [((value[0] ?? 0) << 8) | (value[1] ?? 0), value[2] ?? 0]
  const family = familyOf(afi, safi)
  if (family !== null && families.has(family)) return family
  return { ignored: `AFI ${afi} SAFI ${safi}, which was not negotiated` }
}

/** What an MP_REACH_NLRI reaches. */
export function readReach(value: Uint8Array, dialect: Dialect): Reach | Unread {
  const family = familyIn(value, dialect)
  if (typeof family !== 'string') return family
  const length = value[FAMILY_BYTES] ?? 0
  const start = FAMILY_BYTES + 1
  // The byte behind the next hop once counted SNPAs; it is not looked at (RFC 4760 §3).
  if (start + length + 1 > value.length) return { unreadable: 'a next hop past the end' }
  const nextHops = readNextHops(value.subarray(start, start + length), family, dialect)
  if (nextHops === null) return { unreadable: `a next hop of ${length} bytes for ${family}` }
  const prefixes = readPrefixes(value.subarray(start + length + 1), family)
  return prefixes === null ? { unreadable: 'prefixes too long or cut short' } : { family, nextHops, prefixes }
}

function readNextHops(bytes: Uint8Array, family: AddressFamily, { extendedNextHop }: Dialect): Ip[] | null {
  if (bytes.length === 4 && family === 'ipv4') return [readIp(bytes, 'ipv4')]
  if (family === 'ipv4' && !extendedNextHop.has(family)) return null
  if (bytes.length !== 16 && bytes.length !== 32) return null
  const nextHops = [readIp(bytes, 'ipv6')]
  if (bytes.length === 32) nextHops.push(readIp(bytes.subarray(16), 'ipv6'))
  return nextHops
}

/** What an MP_UNREACH_NLRI withdraws. */
export function readUnreach(value: Uint8Array, dialect: Dialect): Unreach | Unread {
  const family = familyIn(value, dialect)
  if (typeof family !== 'string') return family
  const prefixes = readPrefixes(value.subarray(FAMILY_BYTES), family)
  return prefixes === null ? { unreadable: 'prefixes too long or cut short' } : { family, prefixes }
}

/** All of an MP_REACH_NLRI before its prefixes. */
export function reachHead({ family, nextHops }: Pick<Reach, 'family' | 'nextHops'>): Uint8Array {
  const addresses = nextHops.map((nextHop) => ipBytes(family === 'ipv6' ? asIpv6(nextHop) : nextHop))
  const length = addresses.reduce((sum, bytes) => sum + bytes.length, 0)
  return Buffer.concat([unreachHead(family), Uint8Array.of(length), ...addresses, Uint8Array.of(0)])
}

/** All of an MP_UNREACH_NLRI before its prefixes. */
export function unreachHead(family: AddressFamily): Uint8Array {
  return Uint8Array.of(0, afiOf(family), UNICAST)
}
