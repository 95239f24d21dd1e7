// SPDX-License-Identifier: Apache-2.0
import { uptime } from 'node:os'

/** Time as the shells see it; the simulator hands in one that jumps. Pure code gets times with its events instead. */
export type Timer = Readonly<{ cancel(): void }>

export interface Clock {
  /** Milliseconds since an arbitrary start; never goes back. */
  monotonicMs(): number
  /** Milliseconds since 1970, for people and timestamps only. */
  wallMs(): number
  after(delayMs: number, fire: () => void): Timer
}

export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  after(delayMs, fire) {
    const handle = setTimeout(fire, delayMs)
    return { cancel: () => clearTimeout(handle) }
  },
}

/**
 * Milliseconds since the machine started, those of its sleep included, which monotonicMs leaves out (CLOCK_BOOTTIME, in
 * steps of 10 ms): for promises that others rely on while we sleep.
 */
export function bootMs(): number {
  return uptime() * 1000
}
