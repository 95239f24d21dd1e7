// SPDX-License-Identifier: Apache-2.0
/**
 * How long turns of the event loop take: the time in which nothing else could happen. Counted in C once a turn, which
 * costs some 100 ns and wakes nobody up; perf_hooks.monitorEventLoopDelay wakes an idle process 50 times a second.
 */
import { bytesOf } from '../lib/bytes.ts'
import { loadNative } from './native.ts'

export type LoopTurns = Readonly<{
  longestMs: number
  totalMs: number
  /** How many turns took at most that bound and more than the one before; one more count than bounds. */
  counts: readonly number[]
}>

/** Starts counting; answers a function that reads the counts since then. Throws Fault `noAddon`. */
export function watchLoopTurns(boundsMs: readonly number[]): () => LoopTurns {
  const native = loadNative()
  const turns = native.turnsWatch(bytesOf(Float64Array.from(boundsMs)))
  return () => {
    const values = new Float64Array(boundsMs.length + 3)
    native.turnsRead(turns, bytesOf(values))
    const [longestMs = 0, totalMs = 0, ...counts] = values
    return { longestMs, totalMs, counts }
  }
}
