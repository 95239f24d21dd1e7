// SPDX-License-Identifier: Apache-2.0
import { entryAt, first, insert, rankOf, remove, sizeOf, type Tree } from './sorted-tree.ts'

type Positions = Tree<null>

/**
 * The addresses of one room whose users have one sharing key, so that "the first of them whose ports are free" is
 * found without looking at each.
 */
export class SharedAddresses {
  #all: Positions = null
  /** For each port in use: where. Always a subset of #all. */
  readonly #byPort = new Map<string, Positions>()

  get isEmpty(): boolean {
    return this.#all === null
  }

  /** A further user of `position` occupies `ports` there. */
  occupy(position: bigint, ports: readonly string[]): void {
    this.#all = insert(this.#all, position, null)
    for (const port of ports) this.#byPort.set(port, insert(this.#byPort.get(port) ?? null, position, null))
  }

  /** A user left; `isLast` when it was the only one. */
  vacate(position: bigint, ports: readonly string[], isLast: boolean): void {
    if (isLast) this.#all = remove(this.#all, position)
    for (const port of ports) {
      const left = remove(this.#byPort.get(port) ?? null, position)
      if (left === null) this.#byPort.delete(port)
      else this.#byPort.set(port, left)
    }
  }

  /**
   * The first position where none of `ports` is in use. Each port takes us to the first position where it is free,
   * until all agree: O(log² n) for each such jump, and first-fit allocation leaves few.
   */
  firstWithout(ports: readonly string[]): bigint | null {
    const taken = ports.map((port) => this.#byPort.get(port)).filter((positions) => positions !== undefined)
    let position = first(this.#all)?.key ?? null
    for (let agreed = 0, i = 0; agreed < taken.length && position !== null; i++) {
      const next = firstOutside(this.#all, taken[i % taken.length] ?? null, position)
      agreed = next === position ? agreed + 1 : 1
      position = next
    }
    return position
  }
}

/**
 * The first element of `all` from `from` on that is not in its subset `some`. From `from` on the two run in step
 * until there, so a binary search over their n-th elements finds it.
 */
function firstOutside(all: Positions, some: Positions, from: bigint): bigint | null {
  const [offset, someOffset] = [rankOf(all, from), rankOf(some, from)]
  let [low, high] = [0, sizeOf(some) - someOffset]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (entryAt(all, offset + middle)?.key === entryAt(some, someOffset + middle)?.key) low = middle + 1
    else high = middle
  }
  return entryAt(all, offset + low)?.key ?? null
}
