// SPDX-License-Identifier: Apache-2.0
/** Which refused Services wait for room in which pools, so that freed room wakes exactly those. */
export class Waiting {
  readonly #poolsOf = new Map<string, readonly string[]>()
  readonly #waitersOf = new Map<string, Set<string>>()

  /** Replaces what this Service waits for; an empty list ends its waiting. */
  set(service: string, pools: readonly string[]): void {
    for (const pool of this.#poolsOf.get(service) ?? []) this.#waitersOf.get(pool)?.delete(service)
    this.#poolsOf.delete(service)
    if (pools.length === 0) return
    this.#poolsOf.set(service, pools)
    for (const pool of pools) {
      const waiters = this.#waitersOf.get(pool)
      if (waiters) waiters.add(service)
      else this.#waitersOf.set(pool, new Set([service]))
    }
  }

  /** Services waiting for room in any of these pools. */
  waitersFor(pools: readonly string[]): readonly string[] {
    return [...new Set(pools.flatMap((pool) => [...(this.#waitersOf.get(pool) ?? [])]))]
  }
}
