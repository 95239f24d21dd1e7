// SPDX-License-Identifier: Apache-2.0
/**
 * Every Service, after a restart or a change of pools. Unlike MetalLB, a Service that has to move never gets the
 * address of one that could have stayed: first come those that keep all they have, then the other holders, then the
 * rest; among equals more addresses first, then the older one, then by key. The result depends on nothing else, so
 * that `simulate` foretells it.
 */
import type { Service } from '../model/service.ts'
import { converge, lacksSecond, settle, type Verdict } from './converge.ts'
import type { Ledger } from './ledger.ts'
import { requestOf } from './request.ts'
import { hasAddress, review } from './review.ts'

/** Yields each Service with its verdict, in the order of work. */
export function* convergeAll(ledger: Ledger, services: Iterable<Service>): Generator<[Service, Verdict]> {
  for (const step of convergeInSteps(ledger, services)) if (step) yield step
}

/**
 * The same in steps that each take as long as one Service does, null where one has no verdict yet. The caller may pause
 * between any two, but must not converge other Services meanwhile, as addresses that will be kept may not be booked yet.
 */
export function* convergeInSteps(ledger: Ledger, services: Iterable<Service>): Generator<[Service, Verdict] | null> {
  const extending: Service[] = []
  const moving: Service[] = []
  const rest: Service[] = []
  for (const service of inOrder(services)) {
    const request = requestOf(service)
    const found = review(ledger, request)
    if (found.kept && !lacksSecond(request, found.kept)) {
      yield [service, settle(ledger, request, found)]
      continue
    }
    if (!found.kept) (hasAddress(service) ? moving : rest).push(service)
    else {
      ledger.claim(service.key, found.kept)
      extending.push(service) // what it would take may still belong to one that stays
    }
    yield null
  }
  for (const service of extending) yield [service, converge(ledger, service)]
  // They all give up what they hold. Doing so first lets each of them have what another one leaves.
  const left = new Map<string, readonly string[]>()
  for (const { key } of [...moving, ...rest]) {
    left.set(key, ledger.release(key))
    yield null
  }
  for (const service of [...moving, ...rest]) {
    const verdict = converge(ledger, service)
    yield [service, { ...verdict, freed: [...new Set([...verdict.freed, ...(left.get(service.key) ?? [])])] }]
  }
}

function inOrder(services: Iterable<Service>): Service[] {
  const ranked = Array.from(services, (service) => ({ service, count: countAddresses(service) }))
  ranked.sort(
    (a, b) =>
      b.count - a.count || a.service.createdMs - b.service.createdMs || (a.service.key < b.service.key ? -1 : 1),
  )
  return ranked.map(({ service }) => service)
}

function countAddresses({ ingress }: Service): number {
  return ingress.filter(({ ip }) => ip !== '').length
}
