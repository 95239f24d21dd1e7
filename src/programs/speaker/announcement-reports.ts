// SPDX-License-Identifier: Apache-2.0
/**
 * What this node says in the cluster about the Services it announces: the answers for their ServiceL2Status and
 * ServiceBGPStatus, and events by MetalLB's names. `nodeAssigned` is said when this node begins to announce a Service by
 * one of the protocols, `announceFailed` when none of the interfaces that its advertisements name is here; on changes
 * only, where MetalLB says the first one each time that it looks at a Service.
 */
import type { Claim } from '../../l2/claims.ts'
import type { EventWrite } from '../../lib/object.ts'
import { formatCidr } from '../../lib/prefix.ts'
import type { PeerRoute } from '../../plan/bgp.ts'
import { type BgpAnswer, bgpAnswerOf } from './bgp-status.ts'
import type { L2Answer } from './l2-status.ts'
import type { Planned } from './speaker.ts'

export type AnnouncementReportsOptions = Readonly<{
  node: string
  /** Names of the interfaces that an advertisement may name here, up or down. */
  localInterfaces(): ReadonlySet<string>
  event(event: EventWrite): void
  /** What the ServiceL2Status is to say; null: this node does not answer. */
  answer(service: string, answer: L2Answer | null): void
  /** What the ServiceBGPStatus is to say; null: this node sends no routes. */
  routed(service: string, answer: BgpAnswer | null): void
}>

/** As events name it. */
export type Protocol = 'layer2' | 'bgp'

/** Not the whole plan: its routes are many. */
type Answered = Pick<Planned, 'key' | 'uid' | 'l2'>
type Told = Readonly<{ uid: string; l2: Planned['l2']; ips: string; failed: string }>
type Routed = Readonly<{ uid: string; prefixes: string }>

export class AnnouncementReports {
  readonly #options: AnnouncementReportsOptions
  /** Services that this node is to announce on Layer 2. */
  readonly #told = new Map<string, Told>()
  /** Those of them whose advertisements name interfaces. */
  readonly #restricted = new Set<string>()
  /** Services whose routes this node is to send. */
  readonly #routed = new Map<string, Routed>()

  constructor(options: AnnouncementReportsOptions) {
    this.#options = options
  }

  planned(planned: Planned): void {
    this.#answered(planned)
    this.#sent(planned)
  }

  /** Other interfaces are here than before. */
  interfacesChanged(): void {
    const restricted = Array.from(this.#restricted) // planning anew takes them out and puts them in again
    for (const key of restricted) {
      const told = this.#told.get(key)
      if (told) this.#answered({ key, uid: told.uid, l2: told.l2 })
    }
  }

  /** This node announces the Service and did not before, whatever process ran here. */
  begins(key: string, protocol: Protocol): void {
    const message = `announcing from node "${this.#options.node}" with protocol "${protocol}"`
    const uid = protocol === 'bgp' ? this.#routed.get(key)?.uid : this.#told.get(key)?.uid
    this.#say(key, uid, { type: 'Normal', reason: 'nodeAssigned', message })
  }

  #answered({ key, uid, l2 }: Answered): void {
    this.#restricted.delete(key)
    if (!l2?.announce) {
      this.#told.delete(key)
      this.#options.answer(key, null)
      return
    }
    const failed = l2.claims.filter((claim) => this.#isNowhere(claim)).map(({ ip }) => ip)
    const before = this.#told.get(key)
    const now = { uid, l2, ips: l2.claims.map(({ ip }) => ip).join(), failed: failed.join() }
    this.#told.set(key, now)
    if (l2.claims.some(({ interfaces }) => interfaces !== 'all')) this.#restricted.add(key)
    this.#options.answer(key, this.#answerFor(l2.claims))
    if (before && before.ips !== now.ips) this.begins(key, 'layer2')
    if (before?.failed !== now.failed) for (const ip of failed) this.#fails(key, ip)
  }

  #sent({ key, uid, bgp }: Planned): void {
    const answer = bgpAnswerOf(bgp)
    const before = this.#routed.get(key)
    if (bgp?.announce && answer) this.#routed.set(key, { uid, prefixes: prefixesOf(bgp.routes) })
    else this.#routed.delete(key)
    this.#options.routed(key, answer)
    const now = this.#routed.get(key)
    if (before && now && before.prefixes !== now.prefixes) this.begins(key, 'bgp')
  }

  #fails(key: string, ip: string): void {
    const { node } = this.#options
    const message = `the interfaces specified by LB IP "${ip}" doesn't exist in assigned node "${node}" with protocol "layer2"`
    this.#say(key, this.#told.get(key)?.uid, { type: 'Warning', reason: 'announceFailed', message })
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

  /** `uid` undefined: it is announced no more, and there is nothing to say. */
  #say(key: string, uid: string | undefined, said: Pick<EventWrite, 'type' | 'reason' | 'message'>): void {
    if (uid === undefined) return
    const [namespace = '', name = ''] = key.split('/')
    this.#options.event({ object: { kind: 'Service', namespace, name }, ...said, ...(uid === '' ? {} : { uid }) })
  }
}

/** The addresses that routers hear of, whoever they are. */
function prefixesOf(routes: readonly PeerRoute[]): string {
  return [...new Set(routes.map(({ route }) => formatCidr(route.prefix)))].toSorted().join()
}
