// SPDX-License-Identifier: Apache-2.0
/**
 * BGP-4 messages as bytes and back. Pure: bytes in, values out; what a value means to a session is decided elsewhere.
 *
 * Obeyed: RFC 4271 §4 and §6 (formats and errors), 7606 (errors of UPDATE), 4760 and 2545 (IPv6), 8950 (IPv4 over IPv6
 * next hops), 6793 (AS numbers of four octets; AS4_PATH both ways), 7607 (AS 0), 5492 and 9072 (capabilities, extended
 * parameters), 6286 (router ID), 2918 and 7313 (route refresh), 4724 and 8538 (graceful restart, End-of-RIB, hard
 * reset), 8654 (extended messages), 9003 (text in Cease), 1997 and 8092 (communities), 4456 (reflection, as a client).
 * Not: 5291 (filters in a refresh) and 7911 (several paths) are never negotiated. Extended communities (4360, 5701)
 * only have their length checked, and attributes 23, 26, 35, 40 and others that are optional are passed by unread: we
 * forward nothing, so nobody relies on them. The first AS of a path (4271 §6.3) is not compared with the peer's, and
 * MP_REACH for a family that was not negotiated is ignored: no received route is ever used. A path of more than 2,048
 * AS numbers is treated as withdrawn.
 *
 * `Framer` cuts the stream; `decode` and `encode` go by the message's type; `reachUpdates` and `unreachUpdates` fill
 * UPDATEs to the limit.
 */
import assert from 'node:assert/strict'
import { badLength, checkHeader, HEADER_BYTES, MESSAGE_TYPES, withHeader } from './header.ts'
import type { Dialect, Malformed, Message } from './message.ts'
import { decodeNotification, encodeNotification } from './notification.ts'
import { decodeOpen, encodeOpen } from './open.ts'
import { decodeRouteRefresh, encodeRouteRefresh } from './refresh.ts'
import { decodeUpdate } from './update-decode.ts'
import { encodeUpdate } from './update-encode.ts'

/** Reads one whole message, header included, as `Framer` gives it. Any bytes give a value; nothing of it aliases them. */
export function decode(bytes: Uint8Array, dialect: Dialect): Message | Malformed {
  if (bytes.length < HEADER_BYTES) return badLength(bytes, `a message of ${bytes.length} bytes`)
  const malformed = checkHeader(bytes, dialect.maxBytes)
  if (malformed !== null) return malformed
  const length = ((bytes[16] ?? 0) << 8) | (bytes[17] ?? 0)
  if (length !== bytes.length) return badLength(bytes, `${bytes.length} bytes that claim to be ${length}`)
  switch (bytes[18]) {
    case MESSAGE_TYPES.open:
      return decodeOpen(bytes)
    case MESSAGE_TYPES.update:
      return decodeUpdate(bytes, dialect)
    case MESSAGE_TYPES.notification:
      return decodeNotification(bytes)
    case MESSAGE_TYPES.routeRefresh:
      return decodeRouteRefresh(bytes)
    default:
      return { type: 'keepalive' } // the header was checked: there is no other type
  }
}

/**
 * The bytes of a message, header included. One longer than `dialect.maxBytes` is a bug: `reachUpdates` and
 * `unreachUpdates` split.
 */
export function encode(message: Message, dialect: Dialect): Uint8Array {
  const bytes = encodeByType(message, dialect)
  assert(bytes.length <= dialect.maxBytes, `a message of ${bytes.length} bytes`)
  return bytes
}

function encodeByType(message: Message, dialect: Dialect): Uint8Array {
  switch (message.type) {
    case 'open':
      return encodeOpen(message)
    case 'update':
      return encodeUpdate(message, dialect)
    case 'notification':
      return encodeNotification(message, dialect)
    case 'keepalive':
      return withHeader(MESSAGE_TYPES.keepalive, new Uint8Array(0))
    case 'routeRefresh':
      return encodeRouteRefresh(message)
  }
}
