// SPDX-License-Identifier: Apache-2.0
/** The timers of one session, by name. */
import type { Clock, Timer } from '../lib/clock.ts'
import { jitteredMs, LAST_LOOK_MS, type TimerName } from './timing.ts'

export type TimersOptions = Readonly<{ clock: Clock; random: () => number; onExpired(timer: TimerName): void }>

export class Timers {
  readonly #options: TimersOptions
  readonly #armed = new Map<TimerName, Readonly<{ timer: Timer; atMs: number }>>()

  constructor(options: TimersOptions) {
    this.#options = options
  }

  /** Also one that runs: it begins anew. */
  arm(name: TimerName, ms: number): void {
    const { clock, random, onExpired } = this.#options
    this.#armed.get(name)?.timer.cancel()
    const delayMs = jitteredMs(name, ms, random())
    const atMs = clock.monotonicMs() + delayMs
    const expire = (): void => {
      this.#armed.delete(name)
      onExpired(name)
    }
    // A process that was stalled has its timers go off before it reads what has come meanwhile.
    const due = (): void => void this.#armed.set(name, { timer: clock.after(LAST_LOOK_MS, expire), atMs })
    this.#armed.set(name, { timer: clock.after(delayMs, name === 'hold' ? due : expire), atMs })
  }

  disarm(name: TimerName): void {
    this.#armed.get(name)?.timer.cancel()
    this.#armed.delete(name)
  }

  /** Milliseconds that are left of each that runs. */
  leftMs(): Partial<Record<TimerName, number>> {
    const nowMs = this.#options.clock.monotonicMs()
    return Object.fromEntries([...this.#armed].map(([name, { atMs }]) => [name, Math.max(0, atMs - nowMs)]))
  }
}
