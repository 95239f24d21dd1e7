// SPDX-License-Identifier: Apache-2.0
/** Sends the gratuitous frames whose round is due, and counts them. */
import type { Clock, Timer } from '../lib/clock.ts'
import type { Port, Ports } from './ports.ts'

/**
 * Rounds sent before the loop gets its turn, some 2 ms. While thousands of Services are planned, what is decided first
 * must not keep the others waiting for their answers.
 */
const ROUNDS_PER_TURN = 64

export class Announcer {
  readonly #ports: readonly Ports[]
  readonly #clock: Clock
  readonly #sent = new Map<string, number>()
  #timer: Timer | undefined

  constructor(ports: readonly Ports[], clock: Clock) {
    this.#ports = ports
    this.#clock = clock
  }

  /** Starts the rounds of an address on these ports; `run` sends the first. */
  announce(ip: string, ports: Iterable<Port>): void {
    for (const port of ports) port.burst.announce(ip, this.#clock.monotonicMs())
  }

  /** Gratuitous frames sent for an address since it was claimed. */
  sent(ip: string): number {
    return this.#sent.get(ip) ?? 0
  }

  forget(ip: string): void {
    this.#sent.delete(ip)
  }

  /** Sends what is due and arms the timer for the next round; a long list goes out in slices. */
  run(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    const nowMs = this.#clock.monotonicMs()
    let nextMs = Number.POSITIVE_INFINITY
    let left = ROUNDS_PER_TURN
    for (const ports of this.#ports) {
      for (const port of ports.all()) {
        const due = port.burst.take(nowMs, left)
        left -= due.length
        for (const ip of due) this.#sent.set(ip, this.sent(ip) + ports.sendRound(port, ip))
        nextMs = Math.min(nextMs, port.burst.nextMs() ?? nextMs)
      }
    }
    if (nextMs === Number.POSITIVE_INFINITY) return
    this.#timer = this.#clock.after(Math.max(0, nextMs - nowMs), () => this.run())
  }

  stop(): void {
    this.#timer?.cancel()
  }
}
