// SPDX-License-Identifier: Apache-2.0
/**
 * Which refused Services wait for room in which pools, so that freed room wakes those that it can serve, and no others.
 *
 * Services that ask for the same thing on the same terms stand in one queue, in the order in which all Services are
 * converged. What was freed once serves at most two of a queue (an address of each family), so only that many are woken:
 * if room was freed and the first in a queue cannot have it, nobody behind can.
 */
import type { Ledger } from '../../ipam/ledger.ts'
import { requestOf } from '../../ipam/request.ts'
import { formatIp } from '../../lib/ip.ts'
import type { Service } from '../../model/service.ts'

/** How many of a queue one piece of freed room can serve. */
const SERVED = 2

type Waiter = Readonly<{ key: string; createdMs: number }>
type Place = Readonly<{ waiter: Waiter; queue: string; pools: readonly string[] }>

export class Waiting {
  readonly #places = new Map<string, Place>()
  /** Pool → what is asked for → who asks, in order. */
  readonly #queues = new Map<string, Map<string, Waiter[]>>()
  /** Pool → how often room was freed in it since the last `wake`. */
  readonly #freed = new Map<string, number>()

  /** Replaces what this Service waits for; an empty list ends its waiting. */
  set(service: Service, pools: readonly string[]): void {
    this.remove(service.key)
    if (pools.length === 0) return
    const waiter = { key: service.key, createdMs: service.createdMs }
    const queue = queueOf(service, pools)
    this.#places.set(service.key, { waiter, queue, pools })
    for (const pool of pools) {
      const queues = this.#queues.get(pool) ?? new Map<string, Waiter[]>()
      this.#queues.set(pool, queues)
      const waiters = queues.get(queue) ?? []
      queues.set(queue, waiters)
      waiters.splice(rankIn(waiters, waiter), 0, waiter)
    }
  }

  /** The Service is gone, or waits no more. */
  remove(key: string): void {
    const place = this.#places.get(key)
    if (!place) return
    this.#places.delete(key)
    for (const pool of place.pools) {
      const waiters = this.#queues.get(pool)?.get(place.queue)
      waiters?.splice(rankIn(waiters, place.waiter), 1)
      if (waiters?.length === 0) this.#queues.get(pool)?.delete(place.queue)
    }
  }

  /** Room was freed once in each of these pools, as `Ledger` tells. */
  free(pools: ReturnType<Ledger['release']>): void {
    for (const pool of pools) this.#freed.set(pool, (this.#freed.get(pool) ?? 0) + 1)
  }

  /** Who is to be looked at for what was freed since the last call. */
  wake(): readonly string[] {
    const woken = new Set<string>()
    for (const [pool, times] of this.#freed) {
      for (const waiters of this.#queues.get(pool)?.values() ?? []) {
        for (const { key } of waiters.slice(0, times * SERVED)) woken.add(key)
      }
    }
    this.#freed.clear()
    return [...woken]
  }
}

/** Two Services with the same one are given or refused the same by any ledger. */
function queueOf(service: Service, pools: readonly string[]): string {
  const { wanted, stack, pool, terms } = requestOf(service)
  return JSON.stringify([
    pools,
    pool,
    stack,
    service.ipFamilyPolicy,
    service.ipFamilies[0] ?? '',
    wanted.ok ? wanted.ips.map(formatIp) : [],
    service.ingress.map(({ ip }) => ip),
    terms.key,
    terms.key === '' ? [] : terms.ports,
  ])
}

/** Where the waiter stands or would stand: older ones first, then by key. */
function rankIn(waiters: readonly Waiter[], { key, createdMs }: Waiter): number {
  let [low, high] = [0, waiters.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    const other = waiters[middle]
    const isBefore = other && (other.createdMs - createdMs || (other.key < key ? -1 : other.key > key ? 1 : 0)) < 0
    if (isBefore) low = middle + 1
    else high = middle
  }
  return low
}
