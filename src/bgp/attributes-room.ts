// SPDX-License-Identifier: Apache-2.0
/** How much of an UPDATE is left for prefixes (RFC 4271 §4.3, RFC 4760 §3). */
import type { Ip } from '../lib/ip.ts'
import type { AddressFamily, Attributes, Dialect } from './codec/message.ts'

/** Header, and the lengths of the withdrawn routes and of the attributes. */
const FIXED_BYTES = 19 + 2 + 2
/** Flags, type and a length of two octets, AFI and SAFI: the frame of MP_UNREACH_NLRI, and of MP_REACH_NLRI but for its next hop. */
const MULTIPROTOCOL_BYTES = 4 + 3
/** Attributes with one value of four octets, and ORIGIN with one octet. */
const NUMBER_BYTES = 3 + 4
const ORIGIN_BYTES = 3 + 1

/** What is sent with each prefix of a group. */
type Said = Readonly<{ family: AddressFamily; attributes: Attributes; nextHops: readonly Ip[] }>

/** Octets for prefixes beside these attributes; below zero when the attributes alone are too long for a message. */
export function roomBytes({ family, attributes, nextHops }: Said, { maxBytes, fourOctetAs }: Dialect): number {
  const { asPath = [], communities = [], largeCommunities = [] } = attributes
  const asns = asPath.flatMap((segment) => segment.asns)
  let bytes = FIXED_BYTES + ORIGIN_BYTES + pathBytes(asns, fourOctetAs)
  if (attributes.med !== undefined) bytes += NUMBER_BYTES
  if (attributes.localPref !== undefined) bytes += NUMBER_BYTES
  bytes += listBytes(communities.length * 4) + listBytes(largeCommunities.length * 12)
  return maxBytes - bytes - nextHopBytes(family, nextHops)
}

/** Octets for prefixes in an UPDATE that only withdraws. */
export function withdrawRoomBytes({ maxBytes }: Dialect): number {
  return maxBytes - FIXED_BYTES - MULTIPROTOCOL_BYTES
}

/** A path too long for two octets in one of its numbers says them again in AS4_PATH (RFC 6793 §4.2.2). */
function pathBytes(asns: readonly number[], fourOctetAs: boolean): number {
  if (asns.length === 0) return 3
  if (fourOctetAs) return listBytes(2 + asns.length * 4)
  const again = asns.some((asn) => asn > 0xffff) ? listBytes(2 + asns.length * 4) : 0
  return listBytes(2 + asns.length * 2) + again
}

/** IPv4 next hops of IPv4 prefixes stand in NEXT_HOP; all others in MP_REACH_NLRI, with their length and a reserved octet. */
function nextHopBytes(family: AddressFamily, nextHops: readonly Ip[]): number {
  if (family === 'ipv4' && nextHops[0]?.family === 'ipv4') return NUMBER_BYTES
  return MULTIPROTOCOL_BYTES + 2 + nextHops.length * 16
}

/** An attribute of `length` octets with its frame; an empty list is not sent. */
function listBytes(length: number): number {
  if (length === 0) return 0
  return length + (length > 255 ? 4 : 3)
}
