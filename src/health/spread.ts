// SPDX-License-Identifier: Apache-2.0
/** Gives each of many things that recur at one interval its own moment in it, so that they do not come all at once. */
export class Spread {
  readonly #stepMs: number
  /** How many have each moment. */
  readonly #taken: number[]

  constructor({ intervalMs, moments }: Readonly<{ intervalMs: number; moments: number }>) {
    this.#stepMs = intervalMs / moments
    this.#taken = Array.from({ length: moments }, () => 0)
  }

  /** Milliseconds within the interval: of the moments that fewest have the one that comes next after `phaseMs`. */
  take(phaseMs: number): number {
    const count = this.#taken.length
    const fewest = Math.min(...this.#taken)
    let moment = Math.ceil(phaseMs / this.#stepMs) % count
    while (this.#taken[moment] !== fewest) moment = (moment + 1) % count
    this.#taken[moment] = fewest + 1
    return moment * this.#stepMs
  }

  /** Gives back what `take` gave. */
  release(atMs: number): void {
    const moment = Math.round(atMs / this.#stepMs)
    this.#taken[moment] = (this.#taken[moment] ?? 0) - 1
  }
}
