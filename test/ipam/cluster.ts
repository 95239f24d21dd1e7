// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { converge, type Verdict } from '../../src/ipam/converge.ts'
import { convergeAll } from '../../src/ipam/converge-all.ts'
import { Ledger } from '../../src/ipam/ledger.ts'
import type { Pool } from '../../src/model/pool.ts'
import type { Service } from '../../src/model/service.ts'
import { written } from './objects.ts'

/** A controller without writes, delays and faults: each Service's status follows its verdict, and freed room wakes. */
export class Cluster {
  readonly ledger: Ledger
  readonly services = new Map<string, Service>()
  readonly verdicts = new Map<string, Verdict>()

  constructor(pools: readonly Pool[]) {
    this.ledger = new Ledger(pools)
  }

  /** Applies a Service; it keeps the status that it has. */
  apply(service: Service): void {
    const before = this.services.get(service.key)
    const annotations = { ...service.annotations, ...poolAnnotation(before) }
    this.services.set(service.key, { ...service, annotations, ingress: before?.ingress ?? [] })
    this.#settle([service.key])
  }

  delete(key: string): void {
    this.services.delete(key)
    this.verdicts.delete(key)
    this.#settle(this.#waitersFor(this.ledger.release(key)))
  }

  configure(pools: readonly Pool[]): void {
    this.ledger.setPools(pools)
    const freed = new Set<string>()
    for (const [service, verdict] of convergeAll(this.ledger, [...this.services.values()])) {
      this.#record(service, verdict)
      for (const pool of verdict.freed) freed.add(pool)
    }
    this.#settle(this.#waitersFor([...freed]))
  }

  #settle(keys: readonly string[]): void {
    const dirty = new Set(keys)
    let rounds = 0
    for (const key of dirty) {
      dirty.delete(key)
      const service = this.services.get(key)
      if (!service) continue
      assert.ok(rounds++ < 1000, 'waking comes to an end')
      const verdict = converge(this.ledger, service)
      this.#record(service, verdict)
      for (const woken of this.#waitersFor(verdict.freed)) dirty.add(woken)
    }
  }

  #record(service: Service, verdict: Verdict): void {
    this.services.set(service.key, written(service, verdict))
    this.verdicts.set(service.key, verdict)
  }

  #waitersFor(pools: readonly string[]): string[] {
    return [...this.verdicts]
      .filter(([, { waitsFor }]) => waitsFor.some((pool) => pools.includes(pool)))
      .map(([key]) => key)
  }
}

function poolAnnotation(before: Service | undefined): Record<string, string> {
  const entries = Object.entries(before?.annotations ?? {})
  return Object.fromEntries(entries.filter(([key]) => key === 'metallb.io/ip-allocated-from-pool'))
}
