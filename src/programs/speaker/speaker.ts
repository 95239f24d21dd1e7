// SPDX-License-Identifier: Apache-2.0
/**
 * The speaker's loop: objects in, claims out.
 *
 * Any change marks Services dirty (a change of configuration or Nodes marks all); on the next turn of the event loop
 * each dirty Service is planned and the responder is told the whole set of its claims. The responder finds the
 * difference, so a lost event heals at the next one.
 */
import type { Responder } from '../../l2/responder.ts'
import type { Log } from '../../lib/log.ts'
import { Loop } from '../../lib/loop.ts'
import type { ObjectEvent, ObjectSource } from '../../lib/object.ts'
import type { Problem } from '../../lib/problem.ts'
import type { Model } from '../../model/model.ts'
import { list } from '../../model/wording.ts'
import type { BgpPlan } from '../../plan/bgp.ts'
import { type Gate, gateOf } from '../../plan/gate.ts'
import { electL2, type L2Plan, planL2 } from '../../plan/l2.ts'
import type { World } from '../../plan/world.ts'
import { Configuration } from '../configuration.ts'
import { ProblemLog } from '../problem-log.ts'
import { Catalog, type Known } from './catalog.ts'
import { type ConflictReadings, NO_CONFLICTS } from './conflicts.ts'
import { Decisions, type Words } from './decisions.ts'
import type { RingView } from './ring-view.ts'

export type SpeakerOptions = Readonly<{
  source: ObjectSource
  responder: Responder
  log: Log
  /** Where metallb.io objects count. */
  namespace: string
  /** Our name among the Nodes. */
  node: string
  /** --lb-class, empty where it is not given. */
  classes: readonly string[]
  ignoreExcludeLabel: boolean
  fillDefaults: boolean
  /** Without it every Node counts as having a live speaker, as in MetalLB with its member list off. */
  membership?: Membership
  /** Further readers of what was decided and why: they hear of it after the announcer did. */
  observer?: SpeakerObserver
  /** Stations that claim what is announced here, for metrics and documents to read. */
  conflicts?: ConflictReadings
}>

/** Who else is there to announce. */
export interface Membership {
  /** Null: not known yet, and nothing is to be planned. */
  view(): RingView | null
  /** Finds the others; resolves soon, found or not. */
  join(): Promise<void>
  /** All that is ours is planned and answered. */
  announces(): void
  /** The configuration has changed. */
  configured(model: Model): void
  /** The process did not run for a while: hears what happened meanwhile. */
  resync(): Promise<void>
  /** Lets others take over so many Services while we still answer. */
  leave(services: number): Promise<void>
  close(): void
}

/** What this node does for one Service. Both plans null: the Service is gone, or is not ours. */
export type Planned = Readonly<{
  key: string
  uid: string
  l2: L2Plan | null
  bgp: BgpPlan | null
  gate: Gate | null
}>

export interface SpeakerObserver {
  /** Told each time that a Service was planned, whether or not the plan is another one. */
  planned(planned: Planned): void
  /** All problems that the configuration has now. */
  problems(problems: readonly Problem[]): void
}

/** The state of a running speaker, to be read. */
export type SpeakerView = Readonly<{
  node: string
  /** Errors that objects brought so far. */
  errors(): number
  configuration: Pick<Configuration, 'model' | 'problems'>
  /** What this node does for each Service, as last decided: by its key, what is announced or else why not. */
  decisions(): Iterable<readonly [string, Words]>
  /** Nodes that count as having a live speaker. */
  members(): Iterable<string>
  /** Who answers for each address of each Service on Layer 2, as this node sees it; null: nobody. Costs an election each. */
  leaders(): Iterable<Readonly<{ ip: string; service: string; leader: string | null }>>
  counters(): ReturnType<Responder['counters']>
  conflicts: ConflictReadings
}>

export class Speaker {
  readonly #options: SpeakerOptions
  readonly #configuration: Configuration
  readonly #catalog: Catalog
  readonly #dirty = new Set<string>()
  readonly #loop = new Loop(() => this.#turn())
  readonly #problemLog: ProblemLog
  readonly #decisions: Decisions
  /** The world in which each announced Service was announced. */
  readonly #announcedIn = new Map<string, World>()
  #world: World | null = null
  #sourceProblems: readonly Problem[] = []
  #inbox: ObjectEvent[] = []
  #membersStale = false
  /** Fingerprint of the membership's view that the world was made with. */
  #convened: string | undefined
  #confirmWanted = false
  #pauses = 0
  /** Others count on us from `announces` on. */
  #stage: 'begun' | 'joined' | 'announces' = 'begun'

  constructor(options: SpeakerOptions) {
    this.#options = options
    this.#configuration = new Configuration(options.namespace)
    this.#catalog = new Catalog(options)
    this.#decisions = new Decisions(options.node, options.log)
    this.#problemLog = new ProblemLog(options.log, (problem) => options.source.locate(problem))
  }

  /** Resolves when everything that is ours is announced. */
  async start(): Promise<void> {
    await this.#options.source.start({
      onEvents: (events) => {
        for (const event of events) this.#inbox.push(event)
        this.#loop.poke()
      },
      onProblems: (problems) => {
        this.#sourceProblems = problems
        this.#loop.poke()
      },
    })
    await this.#loop.idle()
    const { membership } = this.#options
    if (!membership) return
    await membership.join()
    this.#stage = 'joined'
    this.memberChanged()
    await this.#loop.idle()
  }

  /** What the membership has to say is another view. */
  memberChanged(): void {
    this.#membersStale = true
    this.#loop.poke()
  }

  /**
   * The reflex was paused and is silent: read all objects anew, since news of the time between may still be on its
   * way, plan everything, then let it speak. A further pause starts this over.
   */
  async replan(): Promise<void> {
    const pause = ++this.#pauses
    this.#confirmWanted = false
    await Promise.all([this.#options.source.refresh(), this.#options.membership?.resync()])
    if (pause !== this.#pauses) return
    this.#confirmWanted = true
    for (const key of this.#catalog.keys()) this.#dirty.add(key)
    this.#loop.poke()
  }

  /** Others may have announced what is ours: says again that it is. */
  announceAgain(): void {
    this.#options.responder.announceAgain()
  }

  /** Resolves when everything that came so far is planned. */
  settled(): Promise<void> {
    return this.#loop.idle()
  }

  /** What metrics and documents read, always as it is now. */
  get view(): SpeakerView {
    return {
      node: this.#options.node,
      errors: () => this.#problemLog.errors,
      configuration: this.#configuration,
      decisions: () => this.#decisions.all(),
      members: () => this.#world?.speakers ?? [],
      leaders: () => this.#leaders(),
      counters: () => this.#options.responder.counters(),
      conflicts: this.#options.conflicts ?? NO_CONFLICTS,
    }
  }

  /**
   * Lets others take over what we answer for, then withdraws everything; resolves when the source, which may still have
   * to write, has stopped too.
   */
  async stop(): Promise<void> {
    const { membership } = this.#options
    this.#loop.close()
    if (membership) await membership.leave(this.#decisions.announced())
    this.#options.responder.close()
    membership?.close()
    await this.#options.source.stop()
  }

  *#turn(): Generator<void> {
    for (const event of this.#inbox.splice(0)) {
      if (!this.#configuration.apply(event)) for (const key of this.#catalog.apply(event)) this.#dirty.add(key)
      yield
    }
    if (this.#configuration.stale) this.#reconfigure()
    if (this.#membersStale) this.#reconvene()
    this.#problemLog.report([...this.#sourceProblems, ...this.#configuration.problems, ...this.#catalog.problems()])
    this.#options.observer?.problems(this.#configuration.problems)
    if (!this.#world) return
    for (const key of this.#dirty) {
      this.#dirty.delete(key)
      this.#plan(key, this.#world)
      yield
    }
    if (this.#confirmWanted) {
      this.#confirmWanted = false
      this.#options.responder.confirm()
    }
    if (this.#stage === 'joined') this.#announces()
  }

  /** Not before there is a valid configuration: those who had one before it was spoilt go on by that. */
  #announces(): void {
    this.#stage = 'announces'
    queueMicrotask(() => this.#options.membership?.announces()) // the responder answers by then
  }

  #reconfigure(): void {
    if (!this.#configuration.reload()) return
    const { model } = this.#configuration
    if (!model) return
    this.#options.membership?.configured(model)
    this.#world = this.#worldOf(model)
    if (!model.nodes.has(this.#options.node)) {
      const known = list([...model.nodes.keys()]) || 'none'
      this.#options.log.warn(
        `there is no Node "${this.#options.node}", so nothing is announced from here; Nodes are: ${known}`,
      )
    }
    for (const key of this.#catalog.keys()) this.#dirty.add(key)
  }

  /** Who is there has changed, or what they have. */
  #reconvene(): void {
    this.#membersStale = false
    const { model } = this.#configuration
    const fingerprint = this.#options.membership?.view()?.fingerprint
    if (!model || fingerprint === this.#convened) return
    const before = this.#world?.speakers ?? new Set()
    this.#world = this.#worldOf(model)
    // First those that nobody answers for now.
    const gone = before.difference(this.#world?.speakers ?? new Set())
    for (const key of gone.size > 0 ? this.#decisions.ownedBy(gone) : []) this.#dirty.add(key)
    for (const key of this.#catalog.keys()) this.#dirty.add(key)
  }

  #worldOf(model: Model): World | null {
    const { ignoreExcludeLabel, membership } = this.#options
    if (!membership) {
      return { model, speakers: new Set(model.nodes.keys()), interfaces: new Map(), ignoreExcludeLabel }
    }
    const view = membership.view()
    this.#convened = view?.fingerprint
    return view && { model, ...view, ignoreExcludeLabel }
  }

  *#leaders(): Generator<Readonly<{ ip: string; service: string; leader: string | null }>> {
    const world = this.#world
    for (const key of world ? this.#catalog.keys() : []) {
      const known = this.#catalog.get(key)
      if (!world || !known) continue
      const { owner } = electL2(known.service, known.endpoints, world)
      for (const { ip } of known.service.ingress) yield { ip, service: key, leader: owner }
    }
  }

  #plan(key: string, world: World): void {
    const { responder } = this.#options
    const known = this.#catalog.get(key)
    if (!known) {
      responder.delete(key)
      this.#announcedIn.delete(key)
      this.#decisions.decided(key, null)
      this.#options.observer?.planned({ key, uid: '', l2: null, bgp: null, gate: null })
      return
    }
    const { plan, within } = this.#planIn(world, known)
    if (plan.announce) {
      responder.set(key, plan.claims)
      this.#announcedIn.set(key, within)
    } else {
      responder.delete(key)
      this.#announcedIn.delete(key)
    }
    this.#decisions.decided(key, plan)
    this.#options.observer?.planned({ key, uid: known.uid, l2: plan, bgp: null, gate: gateOf(known.service) })
  }

  /**
   * An announced address that no pool holds any more stays announced, by the configuration that it was announced in,
   * until the controller moves the Service: it may be slow or down, and clients are not to wait for it.
   */
  #planIn(world: World, { service, endpoints }: Known): { plan: L2Plan; within: World } {
    const { node, log } = this.#options
    const plan = planL2(service, endpoints, { world, node })
    const before = this.#announcedIn.get(service.key)
    if (!before || plan.announce || plan.reason !== 'ipNotAllowed') return { plan, within: world }
    const former = planL2(service, endpoints, { world: before, node })
    if (!former.announce) return { plan, within: world }
    log.warn(`${plan.message}; until then it stays announced`, { service: service.key, reason: plan.reason })
    return { plan: former, within: before }
  }
}
