// SPDX-License-Identifier: Apache-2.0
import type { Ip } from '../lib/ip.ts'
import type { Bid, Ledger } from './ledger.ts'
import { mismatchOf } from './pools.ts'
import { isBuggy } from './ranges.ts'
import {
  addressAvoided,
  addressesInTwoPools,
  addressInNoPool,
  addressTaken,
  poolNotForService,
  type Refusal,
} from './refusal.ts'
import type { Request } from './request.ts'

/** Addresses that may be claimed now, or why not. */
export type Found =
  | Readonly<{ ok: true; bid: Bid }>
  /** `waitsFor`: pools where freed room could cure the refusal. */
  | Readonly<{ ok: false; refusal: Refusal; waitsFor: readonly string[] }>

/** A refusal; `waitsFor` is empty where no freed room could cure it. */
export function no(refusal: Refusal, waitsFor: readonly string[] = []): Found {
  return { ok: false, refusal, waitsFor }
}

/**
 * Whether the configuration lets the Service have exactly these addresses: all inside one pool that is for it.
 * autoAssign does not matter here.
 */
export function place(ledger: Ledger, { service, terms }: Request, ips: readonly Ip[]): Found {
  const pools = ips.map((ip) => ledger.poolAt(ip))
  const homeless = ips.filter((_, i) => !pools[i])
  const [pool] = pools
  if (!pool || homeless.length > 0) return no(addressInNoPool(ips, homeless))
  if (pools.some((other) => other !== pool)) {
    const names = pools.map((other) => other?.name ?? '')
    return no(addressesInTwoPools(ips, names))
  }
  const buggy = pool.avoidBuggyIps ? ips.find(isBuggy) : undefined
  if (buggy) return no(addressAvoided(buggy, pool.name))
  const mismatch = mismatchOf(pool, service)
  if (mismatch !== null) return no(poolNotForService(pool.name, mismatch, ips))
  return { ok: true, bid: { pool: pool.name, ips, terms } }
}

/** Whether the other users of these addresses let the Service share them; a bid that `place` answered. */
export function admit(ledger: Ledger, { service }: Request, bid: Bid): Found {
  const conflict = ledger.conflict(service.key, bid)
  return conflict ? no(addressTaken(service.key, bid.terms, conflict), [bid.pool]) : { ok: true, bid }
}
