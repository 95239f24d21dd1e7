// SPDX-License-Identifier: Apache-2.0
/**
 * The controller's part of a step: who holds which address. One ledger lives through all steps, as in a running
 * controller; it is told the pools first, then who is gone, and then all Services converge in the order of work.
 */
import type { Verdict } from '../../../ipam/converge.ts'
import { convergeAll } from '../../../ipam/converge-all.ts'
import { Ledger, type PoolCounters } from '../../../ipam/ledger.ts'
import { notConfigured, type Refusal } from '../../../ipam/refusal.ts'
import type { ServiceEvent } from '../../../ipam/review.ts'
import { formatIp, parseIp } from '../../../lib/ip.ts'
import type { Model } from '../../../model/model.ts'
import { handles, type Service } from '../../../model/service.ts'
import { desiredOf, type Holding, holdingOf, withHolding } from '../../controller/holding.ts'
import { standInFor } from '../../controller/stand-in.ts'
import { Waiting } from '../../controller/waiting.ts'
import type { Cluster, Stored } from './cluster.ts'

/** What became of a Service in a step. `service` carries its addresses as its status then does. */
export type Assigned = Readonly<{
  service: Service
  handled: boolean
  ips: readonly string[]
  pool: string | null
  refusal: Refusal | null
  events: readonly ServiceEvent[]
}>

/** By key of the Service. */
export type Assignment = ReadonlyMap<string, Assigned>

type Draft = { service: Service; holding: Holding; refusal: Refusal | null; events: ServiceEvent[] }

export class Allocator {
  readonly #classes: readonly string[]
  readonly #ledger = new Ledger([])
  /** What each Service holds after the last step, and the manifest of it that said so. */
  #held = new Map<string, Readonly<{ stored: Stored; holding: Holding }>>()
  /** Events of the last verdict of each Service: what stays as it was is told once. */
  #said = new Map<string, ReadonlySet<string>>()

  /** `classes` are those of --lb-class. */
  constructor(classes: readonly string[]) {
    this.#classes = classes
  }

  /** Counters of the pools, by name; none while there is no configuration. */
  counters(): readonly PoolCounters[] {
    return this.#ledger.counters()
  }

  /** One step. `model` is the configuration in use; without one nothing is given and nothing taken. */
  step(cluster: Cluster, model: Model | null): Assignment {
    const holdings = this.#carryOver(cluster)
    const services = [...holdings].map(([, { stored, holding }]) => serviceOf(stored, holding))
    const ours = services.filter((service) => this.#isOurs(service))
    const drafts = new Map(ours.map((service) => [service.key, draftOf(service, holdings.get(service.key)?.holding)]))
    if (model) {
      this.#ledger.setPools(model.pools)
      for (const key of this.#held.keys()) if (!drafts.has(key)) this.#ledger.release(key)
      this.#converge(drafts, this.#standIns(cluster))
    } else for (const draft of drafts.values()) if (lacksAddress(draft)) draft.refusal = notConfigured()
    this.#held = new Map(
      [...holdings].map(([key, { stored, holding }]) => {
        return [key, { stored, holding: drafts.get(key)?.holding ?? holding }]
      }),
    )
    return new Map(services.map((service) => [service.key, assigned(service, drafts.get(service.key), model)]))
  }

  /** Addresses carry over from the step before, unless a new manifest has a status of its own. */
  #carryOver({ objects }: Cluster): Map<string, Readonly<{ stored: Stored; holding: Holding }>> {
    const holdings = new Map<string, Readonly<{ stored: Stored; holding: Holding }>>()
    for (const stored of objects.values()) {
      if (!stored.service) continue
      const before = this.#held.get(stored.service.key)
      const isNew = before?.stored.object !== stored.object && (stored.object['status'] ?? null) !== null
      const holding = before && !isNew ? before.holding : holdingOf(stored.object)
      holdings.set(stored.service.key, { stored, holding })
    }
    return holdings
  }

  /** As the controller: a Service of type LoadBalancer and another class is left alone, one of another type is cleared. */
  #isOurs(service: Service): boolean {
    return service.type !== 'LoadBalancer' || handles(this.#classes, service)
  }

  #standIns({ unreadable }: Cluster): ReadonlyMap<string, Service> {
    const standIns = [...unreadable.values()].map((object) => standInFor(object)).filter((service) => service !== null)
    return new Map(standIns.filter((one) => handles(this.#classes, one)).map((service) => [service.key, service]))
  }

  #converge(drafts: ReadonlyMap<string, Draft>, standIns: ReadonlyMap<string, Service>): void {
    const waiting = new Waiting()
    const said = new Map<string, ReadonlySet<string>>()
    let dirty: readonly Service[] = [...Array.from(drafts.values(), ({ service }) => service), ...standIns.values()]
    while (dirty.length > 0) {
      for (const [{ key }, verdict] of convergeAll(this.#ledger, dirty)) {
        const draft = drafts.get(key)
        let { freed } = verdict
        if (draft) {
          settle(draft, verdict, said.get(key) ?? this.#said.get(key))
          said.set(key, new Set(verdict.events.map(wordsOf)))
          waiting.set(draft.service, verdict.waitsFor)
        } else if (!keeps(standIns.get(key), verdict)) freed = this.#ledger.release(key)
        waiting.free(freed)
      }
      dirty = waiting.wake().flatMap((key) => drafts.get(key)?.service ?? [])
    }
    this.#said = said
  }
}

function serviceOf({ service, object }: Stored, holding: Holding): Service {
  if (!service) throw new TypeError(`${object.kind} ${object.metadata.name} is no Service`)
  return withHolding(service, holding)
}

function draftOf(service: Service, holding: Holding | undefined): Draft {
  return {
    service,
    holding: holding ?? { ips: [], pool: null, condition: null, announced: null },
    refusal: null,
    events: [],
  }
}

function settle(draft: Draft, verdict: Verdict, said: ReadonlySet<string> | undefined): void {
  draft.holding = desiredOf(verdict)
  draft.service = withHolding(draft.service, draft.holding)
  draft.refusal = verdict.refusal
  const news = verdict.events.filter((event) => !said?.has(wordsOf(event)))
  const reasons = new Map<string, ServiceEvent>()
  for (const event of [...draft.events, ...news]) if (!reasons.has(event.reason)) reasons.set(event.reason, event)
  draft.events = [...reasons.values()]
}

function wordsOf({ reason, message }: ServiceEvent): string {
  return `${reason} ${message}`
}

/** A stand-in that cannot keep what it holds is given nothing else (the controller's rule). */
function keeps(standIn: Service | undefined, { lease }: Verdict): boolean {
  return standIn?.ingress.map(({ ip }) => ip).join() === lease?.ips.join()
}

function lacksAddress({ service, holding }: Draft): boolean {
  return service.type === 'LoadBalancer' && holding.ips.length === 0
}

function assigned(service: Service, draft: Draft | undefined, model: Model | null): Assigned {
  const current = draft?.service ?? service
  const parsed = current.ingress.flatMap(({ ip }) => parseIp(ip) ?? [])
  const isWhole = parsed.length === current.ingress.length
  return {
    service: current,
    handled: draft !== undefined,
    ips: isWhole ? parsed.map(formatIp) : current.ingress.map(({ ip }) => ip),
    pool: (isWhole && parsed.length > 0 && model?.poolIndex.findAll(parsed)?.name) || null,
    refusal: draft?.refusal ?? null,
    events: draft?.events ?? [],
  }
}
