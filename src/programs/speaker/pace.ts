// SPDX-License-Identifier: Apache-2.0
import type { Clock } from '../../lib/clock.ts'

/** Lets things happen at most so often: whoever wants to do one waits for its turn, in order of arrival. */
export class Pace {
  readonly #clock: Clock
  readonly #gapMs: number
  readonly #burst: number
  #nextMs = Number.NEGATIVE_INFINITY

  /** A second's worth may come at once after a quiet time. */
  constructor(clock: Clock, perSecond: number) {
    this.#clock = clock
    this.#gapMs = 1000 / perSecond
    this.#burst = perSecond
  }

  /** Resolves when it is time. */
  turn(): Promise<void> {
    const nowMs = this.#clock.monotonicMs()
    const earliestMs = nowMs - (this.#burst - 1) * this.#gapMs
    const atMs = Math.max(this.#nextMs, earliestMs)
    this.#nextMs = atMs + this.#gapMs
    if (atMs <= nowMs) return Promise.resolve()
    return new Promise((resolve) => this.#clock.after(atMs - nowMs, resolve))
  }
}
