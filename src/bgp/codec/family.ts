// SPDX-License-Identifier: Apache-2.0
/** Address families as numbers (RFC 4760 §3): AFI 1 is IPv4, AFI 2 is IPv6, SAFI 1 is unicast. */
import type { AddressFamily } from './message.ts'

export const UNICAST = 1

/** Null: one that we do not speak. */
export function familyOf(afi: number, safi: number): AddressFamily | null {
  if (safi !== UNICAST || afi < 1 || afi > 2) return null
  return afi === 1 ? 'ipv4' : 'ipv6'
}

/** The address family identifier. */
export function afiOf(family: AddressFamily): 1 | 2 {
  return family === 'ipv4' ? 1 : 2
}
