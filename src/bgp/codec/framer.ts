// SPDX-License-Identifier: Apache-2.0
/**
 * Cuts a stream of bytes into BGP messages. Asked for one message at a time, because the OPEN changes what the bytes
 * behind it mean, even in the same segment.
 */
import { checkHeader, HEADER_BYTES } from './header.ts'
import type { Malformed } from './message.ts'

const NOTHING: Uint8Array = new Uint8Array(0)

export class Framer {
  #buffer = NOTHING
  #start = 0
  #end = 0

  /** Takes what came from the socket; the caller keeps its hands off these bytes. */
  push(bytes: Uint8Array): void {
    const waiting = this.pendingBytes
    if (waiting === 0) {
      this.#buffer = bytes
      this.#start = 0
      this.#end = bytes.length
      return
    }
    if (this.#end + bytes.length > this.#buffer.length) this.#grow(waiting + bytes.length)
    this.#buffer.set(bytes, this.#end)
    this.#end += bytes.length
  }

  /** Bytes that wait for the rest of their message, or for somebody to ask. */
  get pendingBytes(): number {
    return this.#end - this.#start
  }

  /**
   * The next whole message, header included; null: more bytes are needed. `maxBytes` is the dialect's. After an answer
   * of `malformed` nobody knows where messages begin, and it does not change.
   */
  next(maxBytes: number): Uint8Array | Malformed | null {
    const waiting = this.#buffer.subarray(this.#start, this.#end)
    if (waiting.length < HEADER_BYTES) return null
    const malformed = checkHeader(waiting, maxBytes)
    if (malformed !== null) return malformed
    const length = ((waiting[16] ?? 0) << 8) | (waiting[17] ?? 0)
    if (waiting.length < length) return null
    this.#start += length
    // Whoever idles keeps no buffer.
    if (this.#start === this.#end) this.#reset()
    return waiting.subarray(0, length)
  }

  #reset(): void {
    this.#buffer = NOTHING
    this.#start = 0
    this.#end = 0
  }

  /** Twice what is needed: single bytes are copied a constant number of times. Never into the caller's memory. */
  #grow(needed: number): void {
    const wider = new Uint8Array(needed * 2)
    wider.set(this.#buffer.subarray(this.#start, this.#end))
    this.#end -= this.#start
    this.#start = 0
    this.#buffer = wider
  }
}
