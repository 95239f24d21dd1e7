// SPDX-License-Identifier: Apache-2.0
import type { Clock, Timer } from '../../src/lib/clock.ts'

type Waiting = { readonly dueMs: number; readonly fire: () => void; timer: Timer }

/**
 * The clock of a machine that can sleep, as Node reads it (CLOCK_MONOTONIC): while the machine sleeps it stands still, and
 * timers have as long to go afterwards as they had before.
 */
export class SleepingClock implements Clock {
  readonly #clock: Clock
  readonly #waiting = new Set<Waiting>()
  #sleptMs = 0
  #sinceMs: number | null = null

  constructor(clock: Clock) {
    this.#clock = clock
  }

  monotonicMs(): number {
    return (this.#sinceMs ?? this.#clock.monotonicMs()) - this.#sleptMs
  }

  wallMs(): number {
    return this.#clock.wallMs()
  }

  after(delayMs: number, fire: () => void): Timer {
    const waiting: Waiting = { dueMs: this.monotonicMs() + Math.max(0, delayMs), fire, timer: { cancel: () => {} } }
    this.#waiting.add(waiting)
    if (this.#sinceMs === null) this.#arm(waiting)
    return {
      cancel: () => {
        this.#waiting.delete(waiting)
        waiting.timer.cancel()
      },
    }
  }

  sleep(): void {
    this.#sinceMs ??= this.#clock.monotonicMs()
    for (const { timer } of this.#waiting) timer.cancel()
  }

  wake(): void {
    if (this.#sinceMs === null) return
    this.#sleptMs += this.#clock.monotonicMs() - this.#sinceMs
    this.#sinceMs = null
    for (const waiting of this.#waiting) this.#arm(waiting)
  }

  #arm(waiting: Waiting): void {
    waiting.timer = this.#clock.after(waiting.dueMs - this.monotonicMs(), () => {
      this.#waiting.delete(waiting)
      waiting.fire()
    })
  }
}
