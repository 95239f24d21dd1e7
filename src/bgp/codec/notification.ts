// SPDX-License-Identifier: Apache-2.0
/** NOTIFICATION (RFC 4271 §4.5): code, subcode, data; in some Ceases the data is a text (RFC 9003). */
import { HEADER_BYTES, MESSAGE_TYPES, withHeader } from './header.ts'
import type { Dialect, Notification } from './message.ts'
import { readText, writeText } from './text.ts'

export const CEASE = 6
/** RFC 4486, RFC 8538, RFC 9384. */
export const CEASE_SUBCODES = {
  maximumPrefixes: 1,
  administrativeShutdown: 2,
  peerDeconfigured: 3,
  administrativeReset: 4,
  connectionRejected: 5,
  otherConfigurationChange: 6,
  connectionCollision: 7,
  outOfResources: 8,
  hardReset: 9,
  bfdDown: 10,
} as const
const WITH_TEXT: ReadonlySet<number> = new Set([
  CEASE_SUBCODES.administrativeShutdown,
  CEASE_SUBCODES.administrativeReset,
])
const LONGEST_TEXT_BYTES = 255

/** Reads a message whose header was checked: at least 21 bytes. */
export function decodeNotification(bytes: Uint8Array): Notification {
  const [code = 0, subcode = 0] = bytes.subarray(HEADER_BYTES)
  const data = bytes.slice(HEADER_BYTES + 2)
  return { type: 'notification', code, subcode, data, reason: reasonIn(code, subcode, data) }
}

function reasonIn(code: number, subcode: number, data: Uint8Array): string {
  if (code !== CEASE) return ''
  if (subcode === CEASE_SUBCODES.hardReset) {
    const inner = hardResetCause(data)
    return inner === null || inner.subcode === subcode ? '' : reasonIn(inner.code, inner.subcode, data.subarray(2))
  }
  const length = data[0] ?? 0
  // RFC 9003 §4: a length that cannot be leaves no text.
  return WITH_TEXT.has(subcode) && length < data.length ? readText(data.subarray(1, 1 + length)) : ''
}

/** RFC 8538 §3.1: the data of a hard reset is a code, a subcode and their data. Null: it is not. */
export function hardResetCause(data: Uint8Array): Readonly<{ code: number; subcode: number }> | null {
  const [code, subcode] = data
  return code === undefined || subcode === undefined ? null : { code, subcode }
}

/** With its data, cut to what a message can hold; without data, with the reason where the subcode can carry one. */
export function encodeNotification(notification: Notification, { maxBytes }: Dialect): Uint8Array {
  const { code, subcode, data, reason } = notification
  const tells = data.length === 0 && reason !== '' && code === CEASE && WITH_TEXT.has(subcode)
  const rest = tells ? writeText(reason, LONGEST_TEXT_BYTES) : data.subarray(0, maxBytes - HEADER_BYTES - 2)
  return withHeader(MESSAGE_TYPES.notification, Uint8Array.of(code, subcode, ...rest))
}
