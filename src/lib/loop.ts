// SPDX-License-Identifier: Apache-2.0
/**
 * Runs a piece of work once per turn of the event loop however often it is poked, and cuts it into slices.
 *
 * The work is a generator that yields wherever it may be interrupted; after SLICE_MS it goes on in the next turn, so
 * that timers and sockets wait at most that long (the house's limit is 20 ms). A poke during the work starts it again
 * afterwards.
 */
const SLICE_MS = 8

export class Loop {
  readonly #work: () => Generator<void>
  #running: Generator<void> | null = null
  #poked = false
  #scheduled = false
  #closed = false
  #waiting: (() => void)[] = []

  constructor(work: () => Generator<void>) {
    this.#work = work
  }

  /** Makes the work run in the next turn. */
  poke(): void {
    this.#poked = true
    this.#schedule()
  }

  /** Resolves when nothing is left to do; at once when that is so already. */
  idle(): Promise<void> {
    if (!this.#scheduled) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  /** Nothing is left to do. */
  get isIdle(): boolean {
    return !this.#scheduled
  }

  close(): void {
    this.#closed = true
  }

  #schedule(): void {
    if (this.#scheduled || this.#closed) return
    this.#scheduled = true
    setImmediate(() => this.#turn())
  }

  #turn(): void {
    this.#scheduled = false
    if (this.#closed) return
    if (!this.#running) {
      this.#poked = false
      this.#running = this.#work()
    }
    const end = performance.now() + SLICE_MS
    while (performance.now() < end) {
      if (this.#running.next().done === true) {
        this.#running = null
        break
      }
    }
    if (this.#running || this.#poked) this.#schedule()
    else for (const resolve of this.#waiting.splice(0)) resolve()
  }
}
