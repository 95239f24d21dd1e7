// SPDX-License-Identifier: Apache-2.0
import type { Clock } from '../lib/clock.ts'

/** First pause after the second failure in a row; doubles with each. */
const FIRST_PAUSE_MS = 500
/** Long enough to spare an API server that has just come back from all its clients, short enough for people. */
const LONGEST_PAUSE_MS = 30_000
/** Longest pause that a server can ask for. */
const LONGEST_ASKED_MS = 120_000

/**
 * How long to wait before the next try. The first failure costs nothing: connections are cut in the best of networks,
 * by a proxy's idle time or a server's restart. `random` is between 0 and 1: pauses are 50 to 100 % of the full one.
 */
export function pauseMs(failures: number, retryAfterMs: number | null, random: number): number {
  const full = failures <= 1 ? 0 : Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (failures - 2))
  const own = full * (0.5 + random / 2)
  // Nobody comes back earlier than asked, and not all at once.
  const asked = Math.min(retryAfterMs ?? 0, LONGEST_ASKED_MS) * (1 + random / 4)
  return Math.max(own, asked)
}

/** Waits; returns earlier when the signal aborts. */
export function sleep(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve()
      return
    }
    const end = (): void => {
      timer.cancel()
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = clock.after(delayMs, end)
    signal.addEventListener('abort', end)
  })
}
