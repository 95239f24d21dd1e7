// SPDX-License-Identifier: Apache-2.0
/**
 * Notices that the process was stopped (SIGSTOP, a frozen VM, a starved container) by timers that fire late. While it was
 * away answers were not heard, and what was due meanwhile says nothing about others.
 */
export class Pulse {
  readonly #lateMs: number
  #lastMs: number

  /** Timers later than `lateMs` mean a pause. */
  constructor(lateMs: number, nowMs: number) {
    this.#lateMs = lateMs
    this.#lastMs = nowMs
  }

  /** A timer due at `dueMs` fires: for how long we may have been away at most; 0: we were here. */
  beat(dueMs: number, nowMs: number): number {
    const lastMs = this.#lastMs
    this.#lastMs = nowMs
    // Several timers are late for one pause; the first one tells it, and then `lastMs` is behind it.
    return nowMs - Math.max(dueMs, lastMs) > this.#lateMs ? nowMs - lastMs : 0
  }
}
