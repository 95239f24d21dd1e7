// SPDX-License-Identifier: Apache-2.0
/**
 * Events on Services by MetalLB's names: `nodeAssigned` when this node begins to announce one, and `announceFailed` when
 * none of the interfaces that its advertisements name is here. Said on changes only: MetalLB says the first one each
 * time that it looks at a Service.
 */
import type { EventWrite } from '../../lib/object.ts'
import type { Planned } from './speaker.ts'

export type AnnouncementEventsOptions = Readonly<{
  node: string
  /** Names of the interfaces that an advertisement may name here, up or down. */
  localInterfaces(): ReadonlySet<string>
  write(event: EventWrite): void
}>

type Announced = Readonly<{ uid: string; ips: string; failed: string }>

export class AnnouncementEvents {
  readonly #options: AnnouncementEventsOptions
  /** Services that this node announces. */
  readonly #announced = new Map<string, Announced>()

  constructor(options: AnnouncementEventsOptions) {
    this.#options = options
  }

  planned({ key, uid, l2 }: Planned): void {
    if (!l2?.announce) {
      this.#announced.delete(key)
      return
    }
    const before = this.#announced.get(key)
    const unreachable = l2.claims.filter((claim) => this.#isNowhere(claim.interfaces)).map(({ ip }) => ip)
    const now = { uid, ips: l2.claims.map(({ ip }) => ip).join(), failed: unreachable.join() }
    this.#announced.set(key, now)
    if (before && before.ips !== now.ips) this.begins(key)
    if (before?.failed === now.failed) return
    for (const ip of unreachable) {
      const { node } = this.#options
      const message = `the interfaces specified by LB IP "${ip}" doesn't exist in assigned node "${node}" with protocol "layer2"`
      this.#say(key, { type: 'Warning', reason: 'announceFailed', message })
    }
  }

  /** This node announces the Service and did not before, whatever process ran here. */
  begins(key: string): void {
    const message = `announcing from node "${this.#options.node}" with protocol "layer2"`
    this.#say(key, { type: 'Normal', reason: 'nodeAssigned', message })
  }

  #isNowhere(interfaces: 'all' | readonly string[]): boolean {
    return interfaces !== 'all' && interfaces.every((name) => !this.#options.localInterfaces().has(name))
  }

  #say(key: string, said: Pick<EventWrite, 'type' | 'reason' | 'message'>): void {
    const announced = this.#announced.get(key)
    if (!announced) return
    const [namespace = '', name = ''] = key.split('/')
    const object = { kind: 'Service', namespace, name }
    this.#options.write({ object, ...said, ...(announced.uid === '' ? {} : { uid: announced.uid }) })
  }
}
