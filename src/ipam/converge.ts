// SPDX-License-Identifier: Apache-2.0
/**
 * One Service brought to what its spec and the configuration ask for. The Service's own status says what it holds;
 * the ledger knows who else holds what. In this order (review.ts decides rows 1 to 11, "clear" frees everything):
 *
 *  1 not of type LoadBalancer: clear          2 no pools: clear                3 no cluster IP: clear
 *  4 take the addresses of the status         5 RequireDualStack with fewer than two cluster IPs: clear
 *  6 none in the status: clear                7 families differ from those of the cluster IPs: clear
 *  8 not admitted any more: clear             9 another pool is requested: clear
 * 10 the request is invalid: say so, keep    11 other addresses are requested: clear
 * 12 PreferDualStack with one address: add one of the other family from the same pool
 * 13 none left: allocate
 *
 * Unlike MetalLB, row 12 needs cluster IPs of both families and no requested addresses, or the next convergence would
 * take the second one away again; and cluster IPs without a family (row 7) keep only addresses that row 8 admits.
 */
import { formatIp, otherFamily } from '../lib/ip.ts'
import { LEGACY_PREFIX, PREFIX } from '../model/annotations.ts'
import type { Service } from '../model/service.ts'
import { allocate } from './allocate.ts'
import type { Bid, Lease, Ledger } from './ledger.ts'
import { FAMILY_NAME, quoted, type Refusal } from './refusal.ts'
import { type Request, requestOf } from './request.ts'
import { normal, type Review, review, type ServiceEvent, warning } from './review.ts'

/** The annotation that names the pool of a lease, written beside it. */
export const ALLOCATED_FROM_POOL = `${PREFIX}ip-allocated-from-pool`

export type Verdict = Readonly<{
  /** What the Service holds now. */
  lease: Lease | null
  /** Why it holds nothing, or why its request was not followed; null for a Service that asks for nothing. */
  refusal: Refusal | null
  events: readonly ServiceEvent[]
  /** Pools where freed room could give this Service what it lacks. */
  waitsFor: readonly string[]
  /** Pools that got room by this step. */
  freed: readonly string[]
}>

/** Decides and books. Not to be called before the first valid configuration: until then Services stay as they are. */
export function converge(ledger: Ledger, service: Service): Verdict {
  const request = requestOf(service)
  return settle(ledger, request, review(ledger, request))
}

/** Carries out a review made just now on the same ledger, and rows 12 and 13 after it. */
export function settle(ledger: Ledger, request: Request, { kept, events, settled, refusal }: Review): Verdict {
  const { service } = request
  const freed = kept ? ledger.claim(service.key, kept) : ledger.release(service.key)
  const step = settled ? { events: [], refusal, waitsFor: [] } : complete(ledger, request, kept)
  const lease = ledger.leaseOf(service.key)
  return {
    lease,
    refusal: step.refusal,
    events: [...events, ...step.events, ...deprecations(service, lease)],
    waitsFor: step.waitsFor,
    freed,
  }
}

type Step = Pick<Verdict, 'events' | 'refusal' | 'waitsFor'>

function complete(ledger: Ledger, request: Request, kept: Bid | null): Step {
  if (!kept) return allocateAnew(ledger, request)
  return lacksSecond(request, kept) ? addSecond(ledger, request, kept) : { events: [], refusal: null, waitsFor: [] }
}

/** Whether row 12 applies to a Service that keeps these addresses. */
export function lacksSecond({ service, stack, wanted }: Request, kept: Bid): boolean {
  const isFree = wanted.ok && wanted.ips.length === 0
  return isFree && stack === 'dual' && service.ipFamilyPolicy === 'PreferDualStack' && kept.ips.length === 1
}

function addSecond(ledger: Ledger, request: Request, kept: Bid): Step {
  const { pool, ips, terms } = kept
  const { key } = request.service
  const family = otherFamily(ips[0]?.family ?? 'ipv4')
  const second = ledger.firstUsable(pool, family, terms)
  if (second) {
    ledger.claim(key, { pool, ips: [...ips, second], terms })
    const event = normal('IPAllocated', `Assigned additional IP "${formatIp(second)}"`)
    return { events: [event], refusal: null, waitsFor: [] }
  }
  const { assigned, capacity } = ledger.fill(pool, family)
  const why = capacity === 0n ? `it has no ${FAMILY_NAME[family]} addresses` : `${assigned} of ${capacity} in use`
  const message = `Failed to assign an additional IP for ${key}: no available IPs in pool "${pool}": ${why}`
  return {
    events: [normal('AdditionalAssignFailed', message)],
    refusal: null,
    waitsFor: secondFrom(ledger, request, kept),
  }
}

function allocateAnew(ledger: Ledger, request: Request): Step {
  const { key } = request.service
  const found = allocate(ledger, request)
  if (!found.ok) {
    const message = `Failed to allocate IP for ${key}: ${found.refusal.message}`
    return { events: [warning('AllocationFailed', message)], refusal: found.refusal, waitsFor: found.waitsFor }
  }
  ledger.claim(key, found.bid)
  const event = normal('IPAllocated', `Assigned IP ${quoted(found.bid.ips)}`)
  return { events: [event], refusal: null, waitsFor: secondFrom(ledger, request, found.bid) }
}

/** The pool that may get room for the second address of a Service that could have one, as a list. */
function secondFrom(ledger: Ledger, request: Request, bid: Bid): readonly string[] {
  if (!lacksSecond(request, bid)) return []
  const { capacity } = ledger.fill(bid.pool, otherFamily(bid.ips[0]?.family ?? 'ipv4'))
  return capacity === 0n ? [] : [bid.pool]
}

/** One Warning per key of the older family, when this verdict makes us write the Service. */
function deprecations(service: Service, lease: Lease | null): readonly ServiceEvent[] {
  if (isWritten(service, lease)) return []
  const keys = Object.keys(service.annotations).filter((key) => key.startsWith(LEGACY_PREFIX))
  return keys.toSorted().map((key) => warning('deprecatedAnnotation', `Service uses deprecated annotation ${key}`))
}

/** Whether the Service already says what the lease says. */
function isWritten({ ingress, annotations }: Service, lease: Lease | null): boolean {
  const ips = lease?.ips ?? []
  return (
    annotations[ALLOCATED_FROM_POOL] === lease?.pool &&
    ingress.length === ips.length &&
    ips.every((ip, i) => ip === ingress[i]?.ip)
  )
}
