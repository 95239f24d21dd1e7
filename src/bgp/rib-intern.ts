// SPDX-License-Identifier: Apache-2.0
/** Values that say the same, kept once: thousands of routes share a handful. Counted, so that nothing outlives its use. */
import assert from 'node:assert/strict'

export class Interned<T extends Readonly<{ key: string }>> {
  readonly #kept = new Map<string, { readonly value: T; uses: number }>()

  /** The value kept under this one's key, which from now on is this one unless there was one. One more use of it. */
  take(value: T): T {
    const kept = this.#kept.get(value.key)
    if (!kept) {
      this.#kept.set(value.key, { value, uses: 1 })
      return value
    }
    kept.uses++
    return kept.value
  }

  /** The value kept under this key, made if there is none. One more use of it. */
  use(key: string, make: (key: string) => T): T {
    const kept = this.#kept.get(key)
    if (!kept) return this.take(make(key))
    kept.uses++
    return kept.value
  }

  /** One use less; after the last one the value is forgotten. */
  release({ key }: T): void {
    const kept = this.#kept.get(key)
    assert(kept, 'only what was taken can be released')
    if (--kept.uses === 0) this.#kept.delete(key)
  }

  get size(): number {
    return this.#kept.size
  }
}
