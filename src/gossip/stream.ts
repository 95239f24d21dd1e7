// SPDX-License-Identifier: Apache-2.0
/** TCP streams of the ring: each side sends one message. */
import type { Malformed, Message } from './messages.ts'
import type { Envelope } from './packet.ts'

/** All bytes to send for one message of `encodeMessage`. */
export function sealStream(_message: Uint8Array, _envelope: Envelope, _options?: { nonce?: Uint8Array }): Uint8Array {
  throw new Error('comes with the next commit')
}

/** Reads the one message of a stream, however it is cut. After an answer it takes no more: bytes behind are ignored. */
export class StreamReader {
  constructor(_envelope: Envelope, _options?: { maxBytes?: number }) {}

  /** null: more is needed; and for everything behind the message. */
  push(_bytes: Uint8Array): Message | Malformed | null {
    throw new Error('comes with the next commit')
  }
}
