// SPDX-License-Identifier: Apache-2.0
import type { Family, Ip } from '../lib/ip.ts'
import type { Pool } from './pool.ts'

type Entry = Readonly<{ first: bigint; last: bigint; pool: Pool }>

/** Which pool holds an address, by binary search: pools of one model never overlap. */
export class PoolIndex {
  readonly #entries: Readonly<Record<Family, readonly Entry[]>>

  constructor(pools: readonly Pool[]) {
    const entries: Record<Family, Entry[]> = { ipv4: [], ipv6: [] }
    for (const pool of pools) {
      for (const { range } of pool.blocks) entries[range.family].push({ first: range.first, last: range.last, pool })
    }
    for (const family of ['ipv4', 'ipv6'] as const) entries[family].sort((a, b) => (a.first < b.first ? -1 : 1))
    this.#entries = entries
  }

  find({ family, bits }: Ip): Pool | undefined {
    const entries = this.#entries[family]
    let low = 0
    let high = entries.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((entries[middle]?.first ?? 0n) <= bits) low = middle + 1
      else high = middle
    }
    const entry = entries[low - 1]
    return entry && bits <= entry.last ? entry.pool : undefined
  }

  /** The one pool that holds all of these addresses. */
  findAll(ips: readonly Ip[]): Pool | undefined {
    const pools = new Set(ips.map((ip) => this.find(ip)))
    return pools.size === 1 ? [...pools][0] : undefined
  }
}
