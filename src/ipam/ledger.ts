// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { type Family, formatIp, type Ip } from '../lib/ip.ts'
import type { Pool } from '../model/pool.ts'
import { PoolIndex } from '../model/pool-index.ts'
import { isBuggy } from './ranges.ts'
import { Room } from './room.ts'
import type { Conflict, Terms } from './sharing.ts'

/** Addresses a Service holds, canonical text in the order they were assigned, all from one pool. */
export type Lease = Readonly<{ pool: string; ips: readonly string[] }>

export type PoolCounters = Readonly<{
  name: string
  assignedIPv4: bigint
  availableIPv4: bigint
  assignedIPv6: bigint
  /** 9223372036854775807 minus the assigned ones where it is unbounded. */
  availableIPv6: bigint
}>

/** Addresses of one pool for a Service, and the terms under which it shares them. */
export type Bid = Readonly<{ pool: string; ips: readonly Ip[]; terms: Terms }>

type Rooms = Readonly<{ pool: Pool; ipv4: Room; ipv6: Room }>
type Holding = Readonly<{ lease: Lease; ips: readonly Ip[]; terms: Terms }>

/**
 * Who holds which address. A ledger only books: what a Service may have is decided in review.ts and allocate.ts.
 * It has no clock, no I/O and no memory of refusals; it is rebuilt from the Services' own status after a restart.
 * Every call but `setPools` and `counters` costs O(log n) in the number of Services.
 */
export class Ledger {
  #pools: readonly Pool[] = []
  #index = new PoolIndex([])
  #rooms: ReadonlyMap<string, Rooms> = new Map()
  #holdings = new Map<string, Holding>()

  constructor(pools: readonly Pool[]) {
    this.setPools(pools)
  }

  /**
   * A new configuration. Leases whose addresses are no longer inside one pool are dropped; those whose pool has
   * another name now belong to that one. Whether a Service may stay there is decided when it is next converged.
   */
  setPools(pools: readonly Pool[]): void {
    this.#pools = pools.toSorted((a, b) => (a.name < b.name ? -1 : 1))
    this.#index = new PoolIndex(pools)
    this.#rooms = new Map(
      pools.map((pool) => [pool.name, { pool, ipv4: new Room(pool, 'ipv4'), ipv6: new Room(pool, 'ipv6') }]),
    )
    const before = this.#holdings
    this.#holdings = new Map()
    for (const [service, { ips, lease, terms }] of before) {
      const pool = this.#index.findAll(ips)
      if (!pool || (pool.avoidBuggyIps && ips.some(isBuggy))) continue
      this.#enter(service, { ips, terms, lease: { pool: pool.name, ips: lease.ips } })
    }
  }

  /** By name. */
  get pools(): readonly Pool[] {
    return this.#pools
  }

  pool(name: string): Pool | undefined {
    return this.#rooms.get(name)?.pool
  }

  poolAt(ip: Ip): Pool | undefined {
    return this.#index.find(ip)
  }

  leaseOf(service: string): Lease | null {
    return this.#holdings.get(service)?.lease ?? null
  }

  /** Why the other users of these addresses of `pool` keep `service` out; null when they do not. */
  conflict(service: string, { pool, ips, terms }: Bid): (Conflict & { ip: Ip }) | null {
    const rooms = this.#roomsOf(pool)
    for (const ip of ips) {
      const conflict = rooms[ip.family].conflict(ip.bits, service, terms)
      if (conflict) return { ...conflict, ip }
    }
    return null
  }

  /** The first address of the pool, in the order of its spec, that a Service without one can have. */
  firstUsable(pool: string, family: Family, terms: Terms): Ip | null {
    return this.#roomsOf(pool)[family].firstUsable(terms)
  }

  /** How full a pool is in one family. */
  fill(pool: string, family: Family): Readonly<{ assigned: bigint; capacity: bigint }> {
    return this.#roomsOf(pool)[family]
  }

  /**
   * Makes exactly these addresses the lease of `service`, whatever it held before. They are inside the pool and free
   * of conflicts: that was checked. Answers the pools that got room.
   */
  claim(service: string, bid: Bid): readonly string[] {
    const before = this.#holdings.get(service)
    if (before && isSame(before, bid)) return []
    const freed = before ? roomLeftBy(before, bid) : []
    if (before) this.#leave(service, before)
    this.#enter(service, { ...bid, lease: { pool: bid.pool, ips: bid.ips.map(formatIp) } })
    return freed
  }

  /** The pools that would get room if `bid` became the lease of `service`; null: if it gave up all it holds. */
  roomLeftBy(service: string, bid: Bid | null): readonly string[] {
    const holding = this.#holdings.get(service)
    if (!holding) return []
    return bid ? roomLeftBy(holding, bid) : [holding.lease.pool]
  }

  /** Ends the lease of `service`, if any. Answers the pools that got room. */
  release(service: string): readonly string[] {
    const holding = this.#holdings.get(service)
    if (!holding) return []
    this.#leave(service, holding)
    return [holding.lease.pool]
  }

  /** Counters of every pool, by name. */
  counters(): PoolCounters[] {
    return this.#pools.map(({ name }) => {
      const { ipv4, ipv6 } = this.#roomsOf(name)
      return {
        name,
        assignedIPv4: ipv4.assigned,
        availableIPv4: ipv4.capacity - ipv4.assigned,
        assignedIPv6: ipv6.assigned,
        availableIPv6: ipv6.capacity - ipv6.assigned,
      }
    })
  }

  #roomsOf(pool: string): Rooms {
    const rooms = this.#rooms.get(pool)
    assert(rooms, `pool ${pool} is configured`)
    return rooms
  }

  #enter(service: string, holding: Holding): void {
    const rooms = this.#roomsOf(holding.lease.pool)
    for (const { family, bits } of holding.ips) rooms[family].add(bits, service, holding.terms)
    this.#holdings.set(service, holding)
  }

  #leave(service: string, { ips, lease, terms }: Holding): void {
    const rooms = this.#roomsOf(lease.pool)
    for (const { family, bits } of ips) rooms[family].remove(bits, service, terms)
    this.#holdings.delete(service)
  }
}

function isSame({ lease, ips, terms }: Holding, bid: Bid): boolean {
  return (
    lease.pool === bid.pool &&
    ips.length === bid.ips.length &&
    ips.every((ip, i) => isEqual(ip, bid.ips[i])) &&
    terms.sharingKey === bid.terms.sharingKey &&
    terms.backendKey === bid.terms.backendKey &&
    terms.ports.length === bid.terms.ports.length &&
    terms.ports.every((port, i) => port === bid.terms.ports[i])
  )
}

/** Room comes from an address given up, and on a shareable one from a new key or a port given up. */
function roomLeftBy({ lease, ips, terms }: Holding, bid: Bid): readonly string[] {
  const gaveUpAddress = ips.some((ip) => !bid.ips.some((other) => isEqual(ip, other)))
  const ports = new Set(bid.terms.ports)
  const reopened = bid.terms.key !== '' && (terms.key !== bid.terms.key || terms.ports.some((port) => !ports.has(port)))
  return gaveUpAddress || reopened ? [lease.pool] : []
}

function isEqual(a: Ip, b: Ip | undefined): boolean {
  return a.bits === b?.bits && a.family === b.family
}
