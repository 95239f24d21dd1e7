// SPDX-License-Identifier: Apache-2.0
import type { PoolCounters } from '../../ipam/ledger.ts'
import type { Clock, Timer } from '../../lib/clock.ts'
import { jsonInteger } from '../../lib/json-integer.ts'
import type { Statuses } from './statuses.ts'
import type { Writer } from './writer.ts'

/** One write a second and pool at most: counters are for people and dashboards, and each write wakes every watcher. */
const INTERVAL_MS = 1000
const FIELDS = ['assignedIPv4', 'availableIPv4', 'assignedIPv6', 'availableIPv6'] as const

export type PoolStatusOptions = Readonly<{
  counters(): readonly PoolCounters[]
  statuses: Statuses
  writer: Writer
  clock: Clock
  namespace: string
}>

/** Keeps the status of IPAddressPools equal to the ledger's counters, writing only what changed, after the fact. */
export class PoolStatus {
  readonly #options: PoolStatusOptions
  #timer: Timer | null = null
  #lastMs = Number.NEGATIVE_INFINITY
  #ended = false

  constructor(options: PoolStatusOptions) {
    this.#options = options
  }

  /** Something may have changed: write soon. */
  poke(): void {
    if (this.#timer || this.#ended) return
    const { clock } = this.#options
    const delayMs = Math.max(0, this.#lastMs + INTERVAL_MS - clock.monotonicMs())
    this.#timer = clock.after(delayMs, () => this.#write())
  }

  /** Writes what is due at once, then nothing more. */
  close(): void {
    this.#ended = true
    if (!this.#timer) return
    this.#timer.cancel()
    this.#write()
  }

  /** Writes nothing more. */
  drop(): void {
    this.#ended = true
    this.#timer?.cancel()
  }

  #write(): void {
    const { counters, statuses, writer, clock, namespace } = this.#options
    this.#timer = null
    this.#lastMs = clock.monotonicMs()
    for (const pool of counters()) {
      const { name } = pool
      if (says(statuses.get('IPAddressPool', name), pool)) continue
      const status = Object.fromEntries(FIELDS.map((field) => [field, jsonInteger(pool[field])]))
      statuses.set('IPAddressPool', name, Object.fromEntries(FIELDS.map((field) => [field, Number(pool[field])])))
      const object = { kind: 'IPAddressPool', namespace, name }
      writer.status({ object, status, annotations: {} }, ({ type }) => {
        if (type === 'gone') statuses.unset('IPAddressPool', name) // one of that name that comes knows nothing of it
      })
    }
  }
}

/** As exactly as JSON.parse reads it; of what is too large for that, the assigned ones tell each change. */
function says(status: Readonly<Record<string, unknown>> | undefined, pool: PoolCounters): boolean {
  return FIELDS.every((field) => status?.[field] === Number(pool[field]))
}
