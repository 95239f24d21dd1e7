// SPDX-License-Identifier: Apache-2.0
/**
 * How well we do ourselves (Lifeguard's local health): 0 is well. Who is late, cut off or accused by others is slower to
 * accuse: its probes take `score + 1` times as long.
 */
export class Awareness {
  readonly #bound: number
  #score = 0

  /** The score stays below `bound`. */
  constructor(bound: number) {
    this.#bound = bound
  }

  get score(): number {
    return this.#score
  }

  apply(delta: number): void {
    this.#score = Math.max(0, Math.min(this.#score + delta, this.#bound - 1))
  }

  scale(durationMs: number): number {
    return durationMs * (this.#score + 1)
  }
}
