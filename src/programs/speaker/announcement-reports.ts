// SPDX-License-Identifier: Apache-2.0
/**
 * What this node says in the cluster about the Services it announces on Layer 2: the answer for their ServiceL2Status,
 * and events by MetalLB's names. `nodeAssigned` is said when this node begins to announce a Service, `announceFailed`
 * when none of the interfaces that its advertisements name is here; on changes only, where MetalLB says the first one
 * each time that it looks at a Service.
 */
import type { Claim } from '../../l2/claims.ts'
import type { EventWrite } from '../../lib/object.ts'
import type { L2Answer } from './l2-status.ts'
import type { Planned } from './speaker.ts'

export type AnnouncementReportsOptions = Readonly<{
  node: string
  /** Names of the interfaces that an advertisement may name here, up or down. */
  localInterfaces(): ReadonlySet<string>
  event(event: EventWrite): void
  /** What the ServiceL2Status is to say; null: this node does not answer. */
  answer(service: string, answer: L2Answer | null): void
}>

type Told = Readonly<{ planned: Planned; ips: string; failed: string }>

export class AnnouncementReports {
  readonly #options: AnnouncementReportsOptions
  /** Services that this node is to announce. */
  readonly #told = new Map<string, Told>()
  /** Those of them whose advertisements name interfaces. */
  readonly #restricted = new Set<string>()

  constructor(options: AnnouncementReportsOptions) {
    this.#options = options
  }

  planned(planned: Planned): void {
    const { key, l2 } = planned
    this.#restricted.delete(key)
    if (!l2?.announce) {
      this.#told.delete(key)
      this.#options.answer(key, null)
      return
    }
    const failed = l2.claims.filter((claim) => this.#isNowhere(claim)).map(({ ip }) => ip)
    const before = this.#told.get(key)
    const now = { planned, ips: l2.claims.map(({ ip }) => ip).join(), failed: failed.join() }
    this.#told.set(key, now)
    if (l2.claims.some(({ interfaces }) => interfaces !== 'all')) this.#restricted.add(key)
    this.#options.answer(key, this.#answerFor(l2.claims))
    if (before && before.ips !== now.ips) this.begins(key)
    if (before?.failed !== now.failed) for (const ip of failed) this.#fails(key, ip)
  }

  /** Other interfaces are here than before. */
  interfacesChanged(): void {
    const restricted = Array.from(this.#restricted) // planning anew takes them out and puts them in again
    for (const key of restricted) {
      const told = this.#told.get(key)
      if (told) this.planned(told.planned)
    }
  }

  /** This node announces the Service and did not before, whatever process ran here. */
  begins(key: string): void {
    const message = `announcing from node "${this.#options.node}" with protocol "layer2"`
    this.#say(key, { type: 'Normal', reason: 'nodeAssigned', message })
  }

  #fails(key: string, ip: string): void {
    const { node } = this.#options
    const message = `the interfaces specified by LB IP "${ip}" doesn't exist in assigned node "${node}" with protocol "layer2"`
    this.#say(key, { type: 'Warning', reason: 'announceFailed', message })
  }

  /** Interfaces are those of the first address that is answered, as MetalLB says them. */
  #answerFor(claims: readonly Claim[]): L2Answer | null {
    const first = claims.find((claim) => !this.#isNowhere(claim))
    if (!first) return null
    return { interfaces: first.interfaces === 'all' ? null : first.interfaces }
  }

  #isNowhere({ interfaces }: Claim): boolean {
    return interfaces !== 'all' && interfaces.every((name) => !this.#options.localInterfaces().has(name))
  }

  #say(key: string, said: Pick<EventWrite, 'type' | 'reason' | 'message'>): void {
    const told = this.#told.get(key)
    if (!told) return
    const [namespace = '', name = ''] = key.split('/')
    const { uid } = told.planned
    this.#options.event({ object: { kind: 'Service', namespace, name }, ...said, ...(uid === '' ? {} : { uid }) })
  }
}
