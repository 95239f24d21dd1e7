// SPDX-License-Identifier: Apache-2.0
/** Counts what a session does, and keeps what went wrong last. */
import type { Malformed, Message } from './codec/message.ts'
import type { OnMessage } from './session-options.ts'
import type { Counters, LastError, MessageCounts } from './view.ts'

type Writable = { -readonly [Name in keyof Counters]: Counters[Name] }

/** By the type's number (RFC 4271 §4.1). */
const TYPES: readonly Message['type'][] = ['open', 'update', 'notification', 'keepalive', 'routeRefresh']

export class Counting {
  readonly counters: Writable = {
    sent: none(),
    received: none(),
    ups: 0,
    downs: 0,
    failures: 0,
    malformed: 0,
    flaws: 0,
  }

  lastError: LastError | null = null
  readonly #onMessage: OnMessage | null

  constructor(onMessage: OnMessage | null = null) {
    this.#onMessage = onMessage
  }

  up(): void {
    this.counters.ups++
  }

  ended(type: 'down' | 'failed', error: LastError): void {
    this.counters[type === 'down' ? 'downs' : 'failures']++
    this.lastError = error
  }

  received(message: Message | Malformed): void {
    if ('malformed' in message) this.counters.malformed++
    else this.counters.received[message.type]++
    if ('flaw' in message && message.flaw !== null) this.counters.flaws++
    this.#onMessage?.('received', message)
  }

  /** One whole message. */
  sent(bytes: Uint8Array): void {
    const type = TYPES[(bytes[18] ?? 0) - 1]
    if (type !== undefined) this.counters.sent[type]++
    this.#onMessage?.('sent', bytes)
  }
}

function none(): MessageCounts {
  return { open: 0, update: 0, notification: 0, keepalive: 0, routeRefresh: 0 }
}
