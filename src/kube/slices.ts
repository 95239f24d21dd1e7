// SPDX-License-Identifier: Apache-2.0

/** Together with what else happens in a turn it stays below the 20 ms that timers and sockets may wait. */
const SLICE_MS = 8

/**
 * Long work of several promises at once, cut so that all of it together takes one slice of each turn of the event loop.
 * Whoever works asks `isOver` between two steps and rests when it is.
 */
export class Slices {
  #endMs = 0
  readonly #resting: (() => void)[] = []
  #turning = false

  /** Whether this turn had its share of work. */
  get isOver(): boolean {
    if (!this.#turning) this.#beginTurn()
    return performance.now() >= this.#endMs
  }

  /** Resolves in a turn that has time left; those who wait come one in each turn. */
  rest(): Promise<void> {
    return new Promise((resolve) => this.#resting.push(resolve))
  }

  #beginTurn(): void {
    this.#turning = true
    this.#endMs = performance.now() + SLICE_MS
    setImmediate(() => {
      this.#turning = false
      const next = this.#resting.shift()
      if (!next) return
      this.#beginTurn()
      next()
    })
  }
}
