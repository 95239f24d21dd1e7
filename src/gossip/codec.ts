// SPDX-License-Identifier: Apache-2.0
/** Messages of the ring on the wire. */
import type { Malformed, Message } from './messages.ts'

/** One message with its leading type byte, as a packet holds it. */
export function encodeMessage(_message: Message): Uint8Array {
  throw new Error('comes with the next commit')
}

/** Reads one message with its leading type byte; what it keeps is copied. */
export function decodeMessage(_bytes: Uint8Array): Message | Malformed {
  throw new Error('comes with the next commit')
}
