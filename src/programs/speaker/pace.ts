// SPDX-License-Identifier: Apache-2.0
import type { Clock } from '../../lib/clock.ts'

export type PaceOptions = Readonly<{
  perSecond: number
  /** Resolves when nothing more urgent is left to do. Without it nothing is. */
  free?(): Promise<void>
}>

/** Whoever has others wait for it for longer than that does so for ever, and what it tells of them would be missed. */
const PATIENCE_MS = 5000

/**
 * Lets things happen at most so often, and not while there is something more urgent to do, which is waited for up to 5 s:
 * whoever wants to do one waits for its turn, in order of arrival.
 */
export class Pace {
  readonly #clock: Clock
  readonly #gapMs: number
  readonly #burst: number
  readonly #free: PaceOptions['free']
  #nextMs = Number.NEGATIVE_INFINITY

  /** A second's worth may come at once after a quiet time. */
  constructor(clock: Clock, { perSecond, free }: PaceOptions) {
    this.#clock = clock
    this.#gapMs = 1000 / perSecond
    this.#burst = perSecond
    this.#free = free
  }

  /** Resolves when it is time. */
  async turn(): Promise<void> {
    if (this.#free) await this.#within(this.#free())
    await this.#next()
  }

  #next(): Promise<void> {
    const nowMs = this.#clock.monotonicMs()
    const earliestMs = nowMs - (this.#burst - 1) * this.#gapMs
    const atMs = Math.max(this.#nextMs, earliestMs)
    this.#nextMs = atMs + this.#gapMs
    if (atMs <= nowMs) return Promise.resolve()
    return new Promise((resolve) => this.#clock.after(atMs - nowMs, resolve))
  }

  async #within(free: Promise<void>): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const patience = this.#clock.after(PATIENCE_MS, resolve)
    await Promise.race([free, promise])
    patience.cancel()
  }
}
