// SPDX-License-Identifier: Apache-2.0
/** How long to leave a peer alone after something went wrong (RFC 4271 §8.1.1, DampPeerOscillations). */

/** The most that is waited after a session, or the attempt at one, has ended. */
export const MOST_IDLE_MS = 120_000
/** Dialling costs one packet, and a router that has come back is to be noticed soon. */
export const MOST_RETRY_MS = 30_000

const FIRST_MS = 1000

/** After the `failures`-th end in a row: at once, then 1, 2, 4 … seconds. */
export function idleHoldMs(failures: number): number {
  return failures <= 1 ? 0 : doubled(failures - 2, MOST_IDLE_MS)
}

/** After the `failures`-th dial in a row that reached nobody: 1, 2, 4 … seconds, or always what the user asked for. */
export function connectRetryMs(failures: number, connectMs: number | null): number {
  return connectMs ?? doubled(failures - 1, MOST_RETRY_MS)
}

function doubled(times: number, mostMs: number): number {
  return Math.min(FIRST_MS * 2 ** Math.max(times, 0), mostMs)
}
