// SPDX-License-Identifier: Apache-2.0
/** Which pools a Service may use, and in which order. */
import type { Pool } from '../model/pool.ts'
import { matches, type Requirement, type Selector } from '../model/selector.ts'
import type { Service } from '../model/service.ts'
import { join, list } from '../model/wording.ts'

/**
 * Why serviceAllocation keeps the pool from this Service, as the end of a sentence about the pool; null when it does
 * not. Namespaces and selectors must both agree, one of each list is enough, and an empty list restricts nothing.
 */
export function mismatchOf({ allocation }: Pool, service: Service): string | null {
  if (!allocation) return null
  const { namespaces, serviceSelectors } = allocation
  if (namespaces.size > 0 && !namespaces.has(service.namespace)) {
    return `is pinned to ${namespaces.size === 1 ? 'namespace' : 'namespaces'} ${list([...namespaces])}`
  }
  if (serviceSelectors.length === 0) return null
  if (serviceSelectors.some((selector) => matches(selector, service.labels))) return null
  return `is not for this Service: it wants ${join(serviceSelectors.map(describe), ' or ')}`
}

function describe({ requirements }: Selector): string {
  return join(requirements.map(describeRequirement), ' and ')
}

function describeRequirement({ key, operator, values }: Requirement): string {
  switch (operator) {
    case 'In':
      return values.length === 1 ? `label ${key}=${values[0]}` : `label ${key} in (${join(values, ', ')})`
    case 'NotIn':
      return `label ${key} not in (${join(values, ', ')})`
    case 'Exists':
      return `label ${key}`
    case 'DoesNotExist':
      return `no label ${key}`
  }
}

/**
 * The groups of pools to try for a Service that names none: first those pinned to it, then those for anyone. A group
 * is searched through before the next one counts. `pools` come by name, the order of every tie.
 */
export function automaticGroups(pools: readonly Pool[], service: Service): readonly (readonly Pool[])[] {
  const pinned = pools.filter((pool) => isPinnedTo(pool, service)).toSorted((a, b) => rank(a) - rank(b))
  return [pinned, pools.filter(({ autoAssign, allocation }) => autoAssign && !allocation)]
}

/** A serviceAllocation that selects nothing pins the pool to nobody, although anyone may name it. */
function isPinnedTo(pool: Pool, service: Service): boolean {
  const { autoAssign, allocation } = pool
  if (!autoAssign || !allocation) return false
  return (
    (allocation.namespaces.size > 0 || allocation.serviceSelectors.length > 0) && mismatchOf(pool, service) === null
  )
}

/** Lower numbers first; unset (0) and nonsense (below 0) last. */
function rank({ allocation }: Pool): number {
  const priority = allocation?.priority ?? 0
  return priority > 0 ? priority : Number.MAX_SAFE_INTEGER
}
