// SPDX-License-Identifier: Apache-2.0
/**
 * When to send gratuitous frames on one link: five rounds per address, 1.1 s apart, the first at once; MetalLB's
 * rhythm, so that switches and neighbours that lose one frame hear another. Announcing an address again as new
 * starts its rounds again.
 */
export const ROUNDS = 5
export const ROUND_INTERVAL_MS = 1100

export class Burst {
  readonly #pending = new Map<string, { dueMs: number; rounds: number }>()

  announce(ip: string, nowMs: number): void {
    this.#pending.set(ip, { dueMs: nowMs, rounds: ROUNDS })
  }

  cancel(ip: string): void {
    this.#pending.delete(ip)
  }

  /** At most `limit` addresses whose round is due; each is then due again after the interval, until its last round. */
  take(nowMs: number, limit: number): string[] {
    const due: string[] = []
    for (const [ip, state] of this.#pending) {
      if (due.length === limit) break
      if (state.dueMs > nowMs) continue
      due.push(ip)
      state.rounds -= 1
      // Rounds that a busy process has missed do not follow one another at once.
      state.dueMs = Math.max(state.dueMs + ROUND_INTERVAL_MS, nowMs + ROUND_INTERVAL_MS / 2)
      if (state.rounds === 0) this.#pending.delete(ip)
    }
    return due
  }

  /** When the next round is due; undefined if there is none. */
  nextMs(): number | undefined {
    let next: number | undefined
    for (const { dueMs } of this.#pending.values()) if (next === undefined || dueMs < next) next = dueMs
    return next
  }
}
