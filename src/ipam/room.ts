// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import type { Family, Ip } from '../lib/ip.ts'
import type { Pool } from '../model/pool.ts'
import { capacityOf, FreeRanges } from './ranges.ts'
import { SharedAddresses } from './shared-addresses.ts'
import { type Conflict, type Terms, Usage } from './sharing.ts'

/** One family of one pool: who uses which address, and which address comes next. */
export class Room {
  readonly family: Family
  /** Addresses that can be handed out. */
  readonly capacity: bigint
  readonly #free: FreeRanges
  readonly #usages = new Map<bigint, Usage>()
  readonly #shared = new Map<string, SharedAddresses>()

  constructor(pool: Pool, family: Family) {
    this.family = family
    this.capacity = capacityOf(pool, family)
    this.#free = new FreeRanges(pool, family)
  }

  /** Distinct addresses in use; a shared one counts once. */
  get assigned(): bigint {
    return BigInt(this.#usages.size)
  }

  /** The address a scan from the pool's first one would stop at: free, or in use by those it may share with. */
  firstUsable(terms: Terms): Ip | null {
    const free = this.#free.firstFree()
    const shared = this.#shared.get(terms.key)?.firstWithout(terms.ports) ?? null
    const position = shared !== null && (free === null || shared < free) ? shared : free
    return position === null ? null : { family: this.family, bits: this.#free.addressAt(position) }
  }

  conflict(bits: bigint, service: string, terms: Terms): Conflict | null {
    return this.#usages.get(bits)?.conflict(service, terms) ?? null
  }

  /** Makes `service`, which does not use it yet, a user of the address. */
  add(bits: bigint, service: string, terms: Terms): void {
    const position = this.#free.positionOf(bits)
    let usage = this.#usages.get(bits)
    if (!usage) {
      this.#free.take(position)
      usage = new Usage()
      this.#usages.set(bits, usage)
    }
    assert(usage.conflict(service, terms) === null, 'the sharing check comes first')
    usage.add(service, terms)
    if (terms.key !== '') this.#sharedBy(terms.key).occupy(position, terms.ports)
  }

  /** Takes the address from `service`, which got it under `terms`. */
  remove(bits: bigint, service: string, terms: Terms): void {
    const usage = this.#usages.get(bits)
    assert(usage, 'the address is in use')
    const position = this.#free.positionOf(bits)
    usage.remove(service)
    const isLast = usage.users === 0
    if (isLast) {
      this.#usages.delete(bits)
      this.#free.giveBack(position)
    }
    if (terms.key === '') return
    const shared = this.#sharedBy(terms.key)
    shared.vacate(position, terms.ports, isLast)
    if (shared.isEmpty) this.#shared.delete(terms.key)
  }

  #sharedBy(key: string): SharedAddresses {
    let shared = this.#shared.get(key)
    if (!shared) {
      shared = new SharedAddresses()
      this.#shared.set(key, shared)
    }
    return shared
  }
}
