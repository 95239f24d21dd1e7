// SPDX-License-Identifier: Apache-2.0
/**
 * The speaker's loop: objects in, claims and routes out.
 *
 * Any change marks Services dirty (a change of configuration or Nodes marks all); on the next turn of the event loop
 * each dirty Service is planned, the responder is told the whole set of its claims, and the routers' sessions that of
 * its routes. They find the difference, so a lost event heals at the next one.
 */
import type { Responder } from '../../l2/responder.ts'
import type { Log } from '../../lib/log.ts'
import { Loop } from '../../lib/loop.ts'
import type { ObjectEvent, ObjectSource } from '../../lib/object.ts'
import type { ObjectRef, Problem } from '../../lib/problem.ts'
import type { Model } from '../../model/model.ts'
import { list } from '../../model/wording.ts'
import { type BgpPlan, type PeerRoute, planBgp } from '../../plan/bgp.ts'
import { type Gate, gateOf } from '../../plan/gate.ts'
import { electL2, type L2Plan, planL2 } from '../../plan/l2.ts'
import type { World } from '../../plan/world.ts'
import { Configuration } from '../configuration.ts'
import { ProblemLog } from '../problem-log.ts'
import { Catalog, type Known } from './catalog.ts'
import { type ConflictReadings, NO_CONFLICTS } from './conflicts.ts'
import { Decisions, type Protocol, type Words } from './decisions.ts'
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
  /** Without it nothing is announced by BGP. */
  routing?: Routing
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

/** The sessions with routers. */
export interface Routing {
  /** This node is to leave: it still announces, and asks routers to prefer others. Changes are told (`replanned`). */
  readonly isDraining: boolean
  /** The configuration has changed. */
  configured(model: Model): void
  /** All that this node announces for the Service from now on. */
  set(service: string, routes: readonly PeerRoute[]): void
  /** All Services were set once: what a peer has of us beside it is old. */
  planned(): void
  /** All that was to be planned is, and was `set`. */
  settled(): void
  /** Takes leave of the routers, each as it was agreed with it. */
  stop(): Promise<void>
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
  /**
   * What this node does for each Service, as last decided: by its key, what is announced or else why not. On BGP only of
   * Services that some BGPAdvertisement is for.
   */
  decisions(protocol: Protocol): Iterable<readonly [string, Words]>
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
  readonly #decisions: Readonly<Record<Protocol, Decisions>>
  /** The world in which each announced Service was announced. */
  readonly #announcedIn = new Map<string, World>()
  #world: World | null = null
  #sourceProblems: readonly Problem[] = []
  #inbox: ObjectEvent[] = []
  #membersStale = false
  #worldStale = false
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
    this.#decisions = { layer2: new Decisions(options, 'layer2'), bgp: new Decisions(options, 'bgp') }
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
    if (membership) await membership.join()
    this.#stage = 'joined'
    this.memberChanged()
    await this.#loop.idle()
  }

  /** What the membership has to say is another view. */
  memberChanged(): void {
    this.#membersStale = true
    this.#loop.poke()
  }

  /** Whether this node is to leave may be another matter now. */
  replanned(): void {
    this.#worldStale = true
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

  /** Of an object of the configuration, where it has one. */
  uidOf(object: ObjectRef): string | undefined {
    return this.#configuration.uidOf(object)
  }

  /** What metrics and documents read, always as it is now. */
  get view(): SpeakerView {
    return {
      node: this.#options.node,
      errors: () => this.#problemLog.errors,
      configuration: this.#configuration,
      decisions: (protocol) => this.#decisions[protocol].all(),
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
    const { membership, routing, responder } = this.#options
    this.#loop.close()
    const leaveRing = async () => {
      if (membership) await membership.leave(this.#decisions.layer2.announced())
      responder.close()
      membership?.close()
    }
    await Promise.all([leaveRing(), routing?.stop()])
    await this.#options.source.stop()
  }

  *#turn(): Generator<void> {
    for (const event of this.#inbox.splice(0)) {
      if (!this.#configuration.apply(event)) for (const key of this.#catalog.apply(event)) this.#dirty.add(key)
      yield
    }
    if (this.#configuration.stale) this.#reconfigure()
    if (this.#membersStale) this.#reconvene()
    if (this.#worldStale) this.#remake()
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
    this.#options.routing?.settled()
  }

  /** Not before there is a valid configuration: those who had one before it was spoilt go on by that. */
  #announces(): void {
    this.#stage = 'announces'
    this.#options.routing?.planned()
    queueMicrotask(() => this.#options.membership?.announces()) // the responder answers by then
  }

  #reconfigure(): void {
    if (!this.#configuration.reload()) return
    const { model } = this.#configuration
    if (!model) return
    this.#options.membership?.configured(model)
    this.#options.routing?.configured(model)
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
    for (const key of gone.size > 0 ? this.#decisions.layer2.ownedBy(gone) : []) this.#dirty.add(key)
    for (const key of this.#catalog.keys()) this.#dirty.add(key)
  }

  #remake(): void {
    this.#worldStale = false
    const { model } = this.#configuration
    if (!model) return
    this.#world = this.#worldOf(model)
    for (const key of this.#catalog.keys()) this.#dirty.add(key)
  }

  #worldOf(model: Model): World | null {
    const { ignoreExcludeLabel, membership, routing } = this.#options
    const own = { model, ignoreExcludeLabel, draining: routing?.isDraining ?? false }
    if (!membership) return { ...own, speakers: new Set(model.nodes.keys()), interfaces: new Map() }
    const view = membership.view()
    this.#convened = view?.fingerprint
    return view && { ...own, ...view }
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
    const { responder, routing, observer } = this.#options
    const known = this.#catalog.get(key)
    if (!known) {
      responder.delete(key)
      routing?.set(key, [])
      this.#announcedIn.delete(key)
      for (const decisions of Object.values(this.#decisions)) decisions.decided(key, null)
      observer?.planned({ key, uid: '', l2: null, bgp: null, gate: null })
      return
    }
    const { plans, within } = this.#planIn(world, known)
    const { l2, bgp } = plans
    if (l2.announce) responder.set(key, l2.claims)
    else responder.delete(key)
    routing?.set(key, bgp?.announce ? bgp.routes : [])
    if (l2.announce || bgp?.announce) this.#announcedIn.set(key, within)
    else this.#announcedIn.delete(key)
    this.#decide(known, plans)
    observer?.planned({ key, uid: known.uid, l2, bgp, gate: gateOf(known.service) })
  }

  #decide({ service }: Known, { l2, bgp }: Plans): void {
    const { layer2, bgp: routed } = this.#decisions
    layer2.decided(service.key, l2.announce ? { announce: true, ips: l2.claims.map(({ ip }) => ip) } : l2)
    const ips = service.ingress.map(({ ip }) => ip)
    routed.decided(service.key, bgp?.announce ? { announce: true, ips } : bgp)
  }

  /**
   * An announced address that no pool holds any more stays announced, by the configuration that it was announced in,
   * until the controller moves the Service: it may be slow or down, and clients are not to wait for it.
   */
  #planIn(world: World, known: Known): { plans: Plans; within: World } {
    const plans = this.#plansIn(world, known)
    const before = this.#announcedIn.get(known.service.key)
    const { l2 } = plans
    if (!before || l2.announce || l2.reason !== 'ipNotAllowed') return { plans, within: world }
    // Pools and advertisements as they were; who lives, and whether this node leaves, as it is.
    const { nodes, peers } = world.model
    const former = this.#plansIn({ ...world, model: { ...before.model, nodes, peers } }, known)
    if (!former.l2.announce && !former.bgp?.announce) return { plans, within: world }
    const { key } = known.service
    this.#options.log.warn(`${l2.message}; until then it stays announced`, { service: key, reason: l2.reason })
    return { plans: former, within: before }
  }

  #plansIn(world: World, { service, endpoints }: Known): Plans {
    const site = { world, node: this.#options.node }
    const isRouted = this.#options.routing !== undefined && world.model.bgpByPool.size > 0
    return { l2: planL2(service, endpoints, site), bgp: isRouted ? planBgp(service, endpoints, site) : null }
  }
}

/** `bgp` null: nobody wants anything announced by BGP. */
type Plans = Readonly<{ l2: L2Plan; bgp: BgpPlan | null }>
