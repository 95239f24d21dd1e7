// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import type { Clock, Timer } from '../../src/lib/clock.ts'

/**
 * The clock as one simulated process sees it. While the process is stopped (SIGSTOP) time goes on and its timers do not
 * fire; once it continues, those that are overdue fire at once. A killed one has no timers any more.
 */
export class PausingClock implements Clock {
  readonly #clock: Clock
  #state: 'running' | 'stopped' | 'killed' = 'running'
  /** What came due while the process was stopped, in order. */
  readonly #overdue: Overdue[] = []

  constructor(clock: Clock) {
    this.#clock = clock
  }

  monotonicMs(): number {
    return this.#clock.monotonicMs()
  }

  wallMs(): number {
    return this.#clock.wallMs()
  }

  after(delayMs: number, fire: () => void): Timer {
    const overdue: Overdue = { fire }
    const timer = this.#clock.after(delayMs, () => this.#due(overdue))
    return {
      cancel: () => {
        overdue.fire = null
        timer.cancel()
      },
    }
  }

  stop(): void {
    if (this.#state === 'running') this.#state = 'stopped'
  }

  continue(): void {
    assert.notEqual(this.#state, 'killed', 'a killed process does not continue')
    this.#state = 'running'
    for (const overdue of this.#overdue.splice(0)) this.#clock.after(0, () => this.#due(overdue))
  }

  kill(): void {
    this.#state = 'killed'
    this.#overdue.length = 0
  }

  #due(overdue: Overdue): void {
    if (this.#state === 'running') overdue.fire?.()
    else if (this.#state === 'stopped') this.#overdue.push(overdue)
  }
}

type Overdue = { fire: (() => void) | null }
