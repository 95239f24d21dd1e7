// SPDX-License-Identifier: Apache-2.0
/**
 * The Services that are ours to look at, as the source tells of them, and what is on its way to each. Kept by every
 * replica; only the one that leads (term.ts) decides on them.
 */
import type { KubeObject, ObjectEvent } from '../../lib/object.ts'
import type { Problem } from '../../lib/problem.ts'
import { handles, parseService, type Service } from '../../model/service.ts'
import { type Condition, type Holding, holdingOf, withHolding } from './holding.ts'
import { standInFor } from './stand-in.ts'

export type Entry = {
  object: KubeObject
  service: Service
  /** What the API says. */
  held: Holding
  /** What is on its way there, and already true for every decision. */
  writing: Holding | null
  /** The object that `writing` was decided on; null when it turned out to be outdated, and a newer one is to come. */
  base: KubeObject | null
  /** What was on its way before `writing`; the API may still tell of it. */
  before: Holding | null
  /** False: nothing of it could be read yet but what it holds (stand-in.ts). It is neither written nor told anything. */
  readable: boolean
  /** Events of the last verdict: a refusal that stays as it is, is told once. Null before the first verdict. */
  said: ReadonlySet<string> | null
  /** What the condition metallb.io/Announced is to say; null where it is to stay as it is. */
  announced: Condition | null
}

/** What became of a Service of ours by an event: `key` is namespace/name. */
export type Change = Readonly<{ key: string; type: 'changed' | 'gone' }>

export class Services {
  readonly #classes: readonly string[]
  readonly #fillDefaults: boolean
  readonly #entries = new Map<string, Entry>()
  readonly #problems = new Map<string, readonly Problem[]>()

  constructor({ classes, fillDefaults }: { classes: readonly string[]; fillDefaults: boolean }) {
    this.#classes = classes
    this.#fillDefaults = fillDefaults
  }

  get size(): number {
    return this.#entries.size
  }

  get(key: string): Entry | undefined {
    return this.#entries.get(key)
  }

  keys(): Iterable<string> {
    return this.#entries.keys()
  }

  /** What is wrong with Services that cannot be read. */
  problems(): readonly Problem[] {
    return [...this.#problems.values()].flat()
  }

  /** Null where the event is about nothing of ours. */
  take({ type, object }: ObjectEvent): Change | null {
    if (object.kind !== 'Service') return null
    const key = `${object.metadata.namespace}/${object.metadata.name}`
    if (type === 'deleted') return this.#forget(key)
    const parsed = parseService(object, { fillDefaults: this.#fillDefaults })
    if (!parsed.ok) return this.#takeUnreadable(object, key, parsed.problems)
    this.#problems.delete(key)
    const isOurs = parsed.service.type !== 'LoadBalancer' || handles(this.#classes, parsed.service)
    return isOurs ? this.#remember(object, parsed.service, true) : this.#forget(key)
  }

  /** Nobody writes any more: what counts is what the API says. */
  dropWrites(): void {
    for (const entry of this.#entries.values()) {
      Object.assign(entry, { writing: null, base: null, before: null, said: null, announced: null })
      entry.service = withHolding(entry.service, entry.held)
    }
  }

  /** What was understood of it before stays true; without that it is what it holds. */
  #takeUnreadable(object: KubeObject, key: string, problems: readonly Problem[]): Change | null {
    const known = this.#entries.get(key)
    const service = known?.readable ? null : standInFor(object)
    const isStandIn = service !== null && handles(this.#classes, service)
    const change = isStandIn ? this.#remember(object, service, false) : known?.readable ? null : this.#forget(key)
    this.#problems.set(key, problems)
    return change
  }

  #remember(object: KubeObject, service: Service, readable: boolean): Change {
    const { key } = service
    const known = this.#sameObject(key, object)
    const held = holdingOf(object)
    const writing = known && isOverruled(known, held) ? null : (known?.writing ?? null)
    this.#entries.set(key, {
      object,
      service: withHolding(service, writing ?? held),
      held,
      writing,
      base: known?.base ?? null,
      before: known?.before ?? null,
      readable,
      said: known?.said ?? null,
      announced: known?.announced ?? null,
    })
    return { key, type: 'changed' }
  }

  /** What is known of it; nothing, if it is another one by that name, and nobody told us that the former is gone. */
  #sameObject(key: string, { metadata }: KubeObject): Entry | undefined {
    const known = this.#entries.get(key)
    return known?.object.metadata.uid === metadata.uid ? known : undefined
  }

  #forget(key: string): Change | null {
    this.#problems.delete(key)
    return this.#entries.delete(key) ? { key, type: 'gone' } : null
  }
}

/**
 * Whether somebody else, a leader that was paused for instance, gave the Service addresses while ours are on their way.
 * Theirs may have been seen, ours were not, so the next decision starts from theirs.
 */
function isOverruled({ object, held, writing, before }: Entry, now: Holding): boolean {
  if (object.metadata.resourceVersion === undefined || now.ips.length === 0) return false
  return ![held, writing, before].some((known) => known !== null && known.ips.join() === now.ips.join())
}
