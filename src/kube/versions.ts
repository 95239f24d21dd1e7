// SPDX-License-Identifier: Apache-2.0
/**
 * The newest version of each watched object that anybody here has seen, in a watch or in the answer to a write of our
 * own. News older than that would take back what we know, so the source drops it: what is newer is on its way.
 */
export class Versions {
  readonly #newest = new Map<string, string>()

  /** An object came from the API server. `key` as of `keyOf`. False: it is older than what is known. */
  saw(key: string, resourceVersion: string): boolean {
    const newest = this.#newest.get(key)
    if (newest !== undefined && compareVersions(resourceVersion, newest) < 0) return false
    this.#newest.set(key, resourceVersion)
    return true
  }

  /** A write of ours was answered with this version. An object that nobody watches, or that is gone, is not kept. */
  wrote(key: string, resourceVersion: string): void {
    if (this.#newest.has(key)) this.saw(key, resourceVersion)
  }

  /** The object is gone, or nobody watches it any more. */
  forget(key: string): void {
    this.#newest.delete(key)
  }

  /** How many objects are known. */
  get size(): number {
    return this.#newest.size
  }
}

/** Negative: `a` is older than `b`. Versions are decimal integers of any length without leading zeros. */
export function compareVersions(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length
  return a < b ? -1 : a > b ? 1 : 0
}
