// SPDX-License-Identifier: Apache-2.0
import type { PoolCounters } from '../../ipam/ledger.ts'
import type { Clock, Timer } from '../../lib/clock.ts'
import { jsonInteger } from '../../lib/json-integer.ts'
import type { Writer } from './writer.ts'

/** One write a second and pool at most: counters are for people and dashboards, and each write wakes every watcher. */
const INTERVAL_MS = 1000

/** Keeps the status of IPAddressPools equal to the ledger's counters, writing only what changed, after the fact. */
export class PoolStatus {
  readonly #counters: () => readonly PoolCounters[]
  readonly #writer: Writer
  readonly #clock: Clock
  readonly #namespace: string
  readonly #written = new Map<string, string>()
  #timer: Timer | null = null
  #lastMs = Number.NEGATIVE_INFINITY

  constructor(options: { counters: () => readonly PoolCounters[]; writer: Writer; clock: Clock; namespace: string }) {
    this.#counters = options.counters
    this.#writer = options.writer
    this.#clock = options.clock
    this.#namespace = options.namespace
  }

  /** Something may have changed: write soon. */
  poke(): void {
    if (this.#timer) return
    const delayMs = Math.max(0, this.#lastMs + INTERVAL_MS - this.#clock.monotonicMs())
    this.#timer = this.#clock.after(delayMs, () => this.#write())
  }

  /** Writes what is due at once, then nothing more. */
  close(): void {
    if (!this.#timer) return
    this.#timer.cancel()
    this.#write()
  }

  #write(): void {
    this.#timer = null
    this.#lastMs = this.#clock.monotonicMs()
    const counters = this.#counters()
    for (const { name, ...fields } of counters) {
      const status = Object.fromEntries(Object.entries(fields).map(([field, count]) => [field, jsonInteger(count)]))
      const text = JSON.stringify(status)
      if (this.#written.get(name) === text) continue
      this.#written.set(name, text)
      const object = { kind: 'IPAddressPool', namespace: this.#namespace, name }
      this.#writer.status({ object, status, annotations: {} })
    }
    const names = new Set(counters.map(({ name }) => name))
    for (const name of this.#written.keys()) if (!names.has(name)) this.#written.delete(name)
  }
}
