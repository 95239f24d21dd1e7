// SPDX-License-Identifier: Apache-2.0
/** What all messages begin with (RFC 4271 §4.1), and its errors (§6.1). */
import type { Malformed } from './message.ts'

export const HEADER_BYTES = 19
const MARKER_BYTES = 16
/** Without RFC 8654. OPEN and KEEPALIVE never may be longer. */
export const PLAIN_MAX_BYTES = 4096

export const MESSAGE_TYPES = { open: 1, update: 2, notification: 3, keepalive: 4, routeRefresh: 5 } as const
/** Shortest message of each type, by number; 0 stands for those that do not exist. */
const LEAST_BYTES: readonly number[] = [0, 29, 23, 21, 19, 23]

/** Error codes of NOTIFICATION that the codec gives (RFC 4271 §4.5, RFC 7313 §5). */
export const ERROR_CODES = { header: 1, open: 2, update: 3, routeRefresh: 7 } as const
const NOT_SYNCHRONIZED = 1
const BAD_LENGTH = 2
const BAD_TYPE = 3

/** What the NOTIFICATION says about bytes that end the session. */
export type Complaint = Readonly<{ code: number; subcode: number; data?: Uint8Array }>

/** The answer for bytes that end the session; `data` is copied. */
export function malformed({ code, subcode, data }: Complaint, why: string): Malformed {
  return { malformed: { code, subcode, data: data?.slice() ?? new Uint8Array(0), why } }
}

/** The complaint about a length, with the length that the header names. */
export function badLength(bytes: Uint8Array, why: string): Malformed {
  return malformed({ code: ERROR_CODES.header, subcode: BAD_LENGTH, data: bytes.subarray(16, 18) }, why)
}

/** Looks at the first 19 bytes of what came; null: go on. */
export function checkHeader(bytes: Uint8Array, maxBytes: number): Malformed | null {
  for (let at = 0; at < MARKER_BYTES; at++) {
    if (bytes[at] === 0xff) continue
    return malformed({ code: ERROR_CODES.header, subcode: NOT_SYNCHRONIZED }, 'the marker is not all ones')
  }
  const length = ((bytes[16] ?? 0) << 8) | (bytes[17] ?? 0)
  const type = bytes[18] ?? 0
  if (length < HEADER_BYTES || length > maxBytes) return badLength(bytes, `a message of ${length} bytes`)
  const least = LEAST_BYTES[type] ?? 0
  if (least === 0) {
    const data = bytes.subarray(18, 19)
    return malformed({ code: ERROR_CODES.header, subcode: BAD_TYPE, data }, `a message of unknown type ${type}`)
  }
  const most = type === MESSAGE_TYPES.open || type === MESSAGE_TYPES.keepalive ? PLAIN_MAX_BYTES : maxBytes
  if (length < least || length > most) return badLength(bytes, `a message of type ${type} with ${length} bytes`)
  // §4.4: a KEEPALIVE is nothing but its header.
  if (type === MESSAGE_TYPES.keepalive && length !== HEADER_BYTES) return badLength(bytes, 'a KEEPALIVE with contents')
  return null
}

/** A whole message around its body. */
export function withHeader(type: number, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + body.length)
  bytes.fill(0xff, 0, MARKER_BYTES)
  bytes[16] = bytes.length >> 8
  bytes[17] = bytes.length & 0xff
  bytes[18] = type
  bytes.set(body, HEADER_BYTES)
  return bytes
}
