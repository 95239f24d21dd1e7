// SPDX-License-Identifier: Apache-2.0
/** Pings on behalf of others: the answer goes back to who asked, under their number; in time, or else a nack. */
import type { SocketAddress } from '../lib/sockets.ts'

export type Relay = Readonly<{ to: SocketAddress; sequence: number; wantsNack: boolean }>
type Waiting = Relay & { readonly nackAtMs: number; readonly endMs: number; isNacked: boolean }

/** More who ask at the same time are not served. */
const MOST_RELAYS = 512
/** Of the timeout; who asked waits no longer than the timeout for a nack, its way included (Lifeguard, §IV-A). */
const NACK_AFTER = 0.8

export class Relays {
  readonly #timeoutMs: number
  /** All wait equally long: the first is always the next. */
  readonly #waiting = new Map<number, Waiting>()

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs
  }

  /** False: too many wait already. `ours`: the sequence number of our ping. */
  add(ours: number, relay: Relay, nowMs: number): boolean {
    if (this.#waiting.size >= MOST_RELAYS) return false
    const [nackAtMs, endMs] = [nowMs + this.#timeoutMs * NACK_AFTER, nowMs + this.#timeoutMs]
    this.#waiting.set(ours, { ...relay, nackAtMs, endMs, isNacked: !relay.wantsNack })
    return true
  }

  /** Our ping was answered: whom to tell. */
  ack(ours: number): Relay | undefined {
    const relay = this.#waiting.get(ours)
    this.#waiting.delete(ours)
    return relay
  }

  /** Who is to have a nack now; those whose time is over are forgotten. */
  expire(nowMs: number): Relay[] {
    const nacks: Relay[] = []
    for (const [ours, waiting] of this.#waiting) {
      if (waiting.nackAtMs > nowMs) break
      if (!waiting.isNacked) nacks.push(waiting)
      waiting.isNacked = true
      if (waiting.endMs <= nowMs) this.#waiting.delete(ours)
    }
    return nacks
  }

  /** When `expire` has something to do; undefined: nothing waits. */
  nextMs(): number | undefined {
    let next: number | undefined
    for (const { nackAtMs, endMs, isNacked } of this.#waiting.values()) {
      next = Math.min(next ?? Infinity, isNacked ? endMs : nackAtMs)
      if (!isNacked) break
    }
    return next
  }

  /** We were not there to hear: who asked learns nothing from us. */
  clear(): void {
    this.#waiting.clear()
  }
}
