// SPDX-License-Identifier: Apache-2.0
/** The timers of a session, by name; each that fires says how late it is to the pulse first. */
import type { Clock, Timer } from '../lib/clock.ts'
import { Pulse } from './session-pulse.ts'

export type TimerName = 'probe' | 'gossip' | 'pushPull' | 'suspicion' | 'relays' | 'inbox'

export class Timers {
  readonly #clock: Clock
  readonly #pulse: Pulse
  readonly #onPause: (pausedMs: number, nowMs: number) => void
  readonly #armed = new Map<TimerName, Timer>()
  #isClosed = false

  /** `lateMs`: a timer that is later was not late, but we were away. */
  constructor(clock: Clock, lateMs: number, onPause: (pausedMs: number, nowMs: number) => void) {
    this.#clock = clock
    this.#pulse = new Pulse(lateMs, clock.monotonicMs())
    this.#onPause = onPause
  }

  isArmed(name: TimerName): boolean {
    return this.#armed.has(name)
  }

  /** In place of the one of that name. */
  arm(name: TimerName, atMs: number, fire: (nowMs: number) => void): void {
    if (this.#isClosed) return
    this.cancel(name)
    const armedMs = this.#clock.monotonicMs()
    const dueMs = Math.max(atMs, armedMs)
    const timer = this.#clock.after(dueMs - armedMs, () => {
      this.#armed.delete(name)
      const nowMs = this.#clock.monotonicMs()
      const pausedMs = this.#pulse.beat(dueMs, nowMs)
      if (pausedMs > 0) this.#onPause(pausedMs, nowMs)
      fire(nowMs)
    })
    this.#armed.set(name, timer)
  }

  cancel(name: TimerName): void {
    this.#armed.get(name)?.cancel()
    this.#armed.delete(name)
  }

  close(): void {
    this.#isClosed = true
    for (const timer of this.#armed.values()) timer.cancel()
    this.#armed.clear()
  }
}
