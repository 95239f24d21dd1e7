// SPDX-License-Identifier: Apache-2.0
/**
 * Keys of things to bring to the world's attention: each key is worked on by one worker at a time, a key added while
 * it is worked on is worked on again, and a key whose work met a fault comes back after a growing, jittered pause.
 */
import type { Clock } from './clock.ts'
import { Fault } from './fault.ts'
import { supervise } from './supervise.ts'

/** First pause after a fault; doubles per fault in a row. Short, as most faults are conflicts or a busy disk. */
const FIRST_PAUSE_MS = 10
/** Longest pause: long enough to spare a struggling API server, short enough that nobody restarts us by hand. */
const LONGEST_PAUSE_MS = 30_000

export type WorkQueueOptions = Readonly<{
  name: string
  /** How many keys are worked on at once. */
  workers: number
  work(key: string): Promise<void>
  onFault(key: string, fault: Error, retryMs: number): void
  clock: Clock
  /** 0 ≤ x < 1, for jitter. */
  random(): number
}>

export class WorkQueue {
  readonly #options: WorkQueueOptions
  readonly #ready = new Set<string>()
  readonly #busy = new Set<string>()
  readonly #faults = new Map<string, number>()
  #pausing = 0
  #closed = false
  #waiting: (() => void)[] = []

  constructor(options: WorkQueueOptions) {
    this.#options = options
  }

  add(key: string): void {
    this.#ready.add(key)
    this.#fill()
  }

  /** Resolves when every key added so far was worked on without a fault. */
  idle(): Promise<void> {
    if (this.#isIdle()) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  /** Starts no further work; what runs comes to its end. */
  close(): void {
    this.#closed = true
  }

  #isIdle(): boolean {
    return this.#ready.size === 0 && this.#busy.size === 0 && this.#pausing === 0
  }

  #fill(): void {
    if (this.#closed) return
    for (const key of this.#ready) {
      if (this.#busy.size >= this.#options.workers) return
      if (this.#busy.has(key)) continue
      this.#ready.delete(key)
      this.#busy.add(key)
      supervise(`${this.#options.name} of ${key}`, this.#run(key))
    }
  }

  async #run(key: string): Promise<void> {
    try {
      await this.#options.work(key)
      this.#faults.delete(key)
    } catch (thrown) {
      if (!(thrown instanceof Fault)) throw thrown
      this.#pause(key, thrown)
    }
    this.#busy.delete(key)
    this.#fill()
    if (this.#isIdle()) for (const resolve of this.#waiting.splice(0)) resolve()
  }

  #pause(key: string, fault: Error): void {
    const before = this.#faults.get(key) ?? 0
    this.#faults.set(key, before + 1)
    const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** before)
    const retryMs = longest * (0.5 + this.#options.random() / 2)
    this.#options.onFault(key, fault, retryMs)
    this.#pausing++
    this.#options.clock.after(retryMs, () => {
      this.#pausing--
      this.add(key)
    })
  }
}
