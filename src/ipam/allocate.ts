// SPDX-License-Identifier: Apache-2.0
/**
 * Finds addresses for a Service that holds none: exactly the requested ones, or the first of the requested pool, or
 * the first that an automatic pool offers. All of them come from one pool. Nothing is booked here.
 */
import { type Family, type Ip, otherFamily } from '../lib/ip.ts'
import type { Pool } from '../model/pool.ts'
import { admit, type Found, no, place } from './admit.ts'
import { familiesOf, stackOf } from './family.ts'
import type { Bid, Ledger } from './ledger.ts'
import { automaticGroups, mismatchOf } from './pools.ts'
import {
  autoAssignOff,
  type Fill,
  familyMismatch,
  noAvailablePool,
  poolExhausted,
  poolLacksFamily,
  poolMismatch,
  poolNotForService,
  singleStackWithTwo,
  unknownFamily,
  unknownPool,
} from './refusal.ts'
import type { Request } from './request.ts'

/** Addresses that a Service without any may claim now, or the refusal. */
export function allocate(ledger: Ledger, request: Request): Found {
  const { service, wanted, pool, stack } = request
  if (!wanted.ok) return no(wanted.refusal)
  if (stack === null) return no(unknownFamily(service.headless))
  if (wanted.ips.length > 0) return allocateExactly(ledger, request, wanted.ips)
  if (stack === 'dual' && service.ipFamilyPolicy === 'SingleStack') return no(singleStackWithTwo())
  return pool === '' ? allocateAutomatically(ledger, request) : allocateFromPool(ledger, request)
}

function allocateExactly(ledger: Ledger, request: Request, ips: readonly Ip[]): Found {
  const { pool, stack } = request
  if (stack !== null && stackOf(ips.map(({ family }) => family)) !== stack) return no(familyMismatch(ips, stack))
  const placed = place(ledger, request, ips)
  if (!placed.ok) return placed
  const { bid } = placed
  if (pool !== '' && pool !== bid.pool) return no(poolMismatch(ips, { holds: bid.pool, asked: pool }))
  return admit(ledger, request, bid)
}

function allocateFromPool(ledger: Ledger, request: Request): Found {
  const pool = ledger.pool(request.pool)
  if (!pool) return no(unknownPool(request.pool, names(ledger.pools)))
  const mismatch = mismatchOf(pool, request.service)
  if (mismatch !== null) return no(poolNotForService(pool.name, mismatch))
  return choose(ledger, request, [pool]) ?? exhausted(ledger, request, [pool])
}

function allocateAutomatically(ledger: Ledger, request: Request): Found {
  const groups = automaticGroups(ledger.pools, request.service)
  for (const group of groups) {
    const found = choose(ledger, request, group)
    if (found) return found
  }
  const candidates = groups.flat()
  return candidates.length > 0 ? exhausted(ledger, request, candidates) : noneAutomatic(ledger, request)
}

/**
 * The first of `pools` that offers what the families and their policy ask for. PreferDualStack takes one of each
 * where some pool has both, else one of the primary family, else one of the other.
 */
function choose(ledger: Ledger, request: Request, pools: readonly Pool[]): Found | null {
  const { service, terms, stack } = request
  const families = stack === null ? [] : familiesOf(stack)
  const primary: Family = service.ipFamilies[0] ?? 'ipv4'
  let fallback: Bid | null = null
  for (const { name } of pools) {
    const ips = families.map((family) => ledger.firstUsable(name, family, terms)).filter((ip) => ip !== null)
    if (ips.length === families.length) return { ok: true, bid: { pool: name, ips, terms } }
    const better = fallback === null || (fallback.ips[0]?.family !== primary && ips[0]?.family === primary)
    if (ips.length > 0 && better) fallback = { pool: name, ips, terms }
  }
  return fallback && service.ipFamilyPolicy === 'PreferDualStack' ? { ok: true, bid: fallback } : null
}

/** The refusal when `pools` are the right ones, but offered nothing. */
function exhausted(ledger: Ledger, { service, pool: asked, stack }: Request, pools: readonly Pool[]): Found {
  if (stack === null) return no(unknownFamily(service.headless))
  const families = familiesOf(stack)
  const has = (pool: Pool, family: Family) => ledger.fill(pool.name, family).capacity > 0n
  const suits = (pool: Pool) =>
    service.ipFamilyPolicy === 'PreferDualStack'
      ? families.some((family) => has(pool, family))
      : families.every((family) => has(pool, family))
  const suitable = pools.filter(suits)
  if (suitable.length === 0) return no(poolLacksFamily(names(pools), stack))
  const fills: Fill[] = suitable.flatMap((pool) =>
    families.map((family) => {
      const { assigned, capacity } = ledger.fill(pool.name, family)
      return { pool: pool.name, family, only: !has(pool, otherFamily(family)), assigned, capacity }
    }),
  )
  const full = fills.filter(({ assigned, capacity }) => capacity > 0n && assigned >= capacity)
  return no(poolExhausted(asked, full), names(suitable))
}

/** The refusal when no pool hands this Service an address unasked. */
function noneAutomatic({ pools }: Ledger, { service }: Request): Found {
  const byName = pools.filter((pool) => !pool.autoAssign && mismatchOf(pool, service) === null)
  if (byName.length > 0) return no(autoAssignOff(names(byName)))
  // A pool with autoAssign that lets this Service in and is still no candidate has a section that selects nothing.
  const why = (pool: Pool) => mismatchOf(pool, service) ?? 'has a serviceAllocation that selects nothing'
  const reasons = pools.map((pool) => `pool ${pool.name} ${why(pool)}`)
  return no(noAvailablePool(reasons))
}

function names(pools: readonly Pool[]): readonly string[] {
  return pools.map(({ name }) => name)
}
