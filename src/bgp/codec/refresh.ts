// SPDX-License-Identifier: Apache-2.0
/** ROUTE-REFRESH (RFC 2918 §3): AFI 2 bytes, subtype 1 (RFC 7313 §3.2), SAFI 1. */
import { familyOf } from './family.ts'
import { ERROR_CODES, HEADER_BYTES, MESSAGE_TYPES, malformed, withHeader } from './header.ts'
import type { Malformed, RouteRefresh } from './message.ts'

const BODY_BYTES = 4
const INVALID_LENGTH = 1
/** Begin and end of a refresh. */
export const REFRESH_SUBTYPES = { normal: 0, begin: 1, end: 2 } as const

/**
 * Reads a message whose header was checked: at least 23 bytes. What follows a plain request are filters (RFC 5291) that
 * nobody negotiated.
 */
export function decodeRouteRefresh(bytes: Uint8Array): RouteRefresh | Malformed {
  const view = new DataView(bytes.buffer, bytes.byteOffset + HEADER_BYTES, bytes.byteLength - HEADER_BYTES)
  const [afi, subtype, safi] = [view.getUint16(0), view.getUint8(2), view.getUint8(3)]
  const marks = subtype === REFRESH_SUBTYPES.begin || subtype === REFRESH_SUBTYPES.end
  // RFC 7313 §5: with the whole message as data.
  if (marks && view.byteLength !== BODY_BYTES) {
    const complaint = { code: ERROR_CODES.routeRefresh, subcode: INVALID_LENGTH, data: bytes }
    return malformed(complaint, `a ROUTE-REFRESH of subtype ${subtype} with ${bytes.length} bytes`)
  }
  return { type: 'routeRefresh', afi, safi, family: familyOf(afi, safi), subtype }
}

/** What `afi` and `safi` say; `family` says the same. */
export function encodeRouteRefresh({ afi, safi, subtype }: RouteRefresh): Uint8Array {
  return withHeader(MESSAGE_TYPES.routeRefresh, Uint8Array.of(afi >> 8, afi & 0xff, subtype, safi))
}
