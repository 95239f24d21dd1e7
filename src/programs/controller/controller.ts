// SPDX-License-Identifier: Apache-2.0
/**
 * The controller's loop: objects in, addresses out.
 *
 * Events are collected and looked at once per turn of the event loop. Any number of controllers may run: all keep the
 * objects at hand, and the one that leads decides and writes (term.ts).
 */
import type { PoolCounters } from '../../ipam/ledger.ts'
import type { Clock } from '../../lib/clock.ts'
import { Fault } from '../../lib/fault.ts'
import type { Log } from '../../lib/log.ts'
import { Loop } from '../../lib/loop.ts'
import type { ObjectEvent, ObjectSink, ObjectSource } from '../../lib/object.ts'
import type { Problem } from '../../lib/problem.ts'
import type { Model } from '../../model/model.ts'
import type { Service } from '../../model/service.ts'
import type { Unannounced } from '../../plan/unannounced.ts'
import { Configuration } from '../configuration.ts'
import { ProblemLog } from '../problem-log.ts'
import { Allocations } from './allocations.ts'
import { AnnouncedConditions } from './announced.ts'
import { Services } from './services.ts'
import { Statuses } from './statuses.ts'
import { Term } from './term.ts'

export type ControllerOptions = Readonly<{
  source: ObjectSource
  sink: ObjectSink
  log: Log
  clock: Clock
  /** Where metallb.io objects count. */
  namespace: string
  /** --lb-class, empty where it is not given. */
  classes: readonly string[]
  /** Whether fields of Services that an API server fills in have to be filled in here (files). */
  fillDefaults: boolean
  /** Decides on nothing before `lead` is called. */
  standby?: boolean
  /**
   * Says why no node announces a Service, where speakers write what they announce: then the condition
   * metallb.io/Announced is kept. Throws Fault where it cannot be found out now.
   */
  diagnose?: (service: Service, model: Model) => Promise<Unannounced>
}>

/** The state of a running controller, to be read. */
export type ControllerView = Readonly<{
  leads(): boolean
  counters(): readonly PoolCounters[]
  /** Errors that objects brought so far. */
  errors(): number
  configuration: Pick<Configuration, 'model' | 'problems'>
  services: Pick<Services, 'keys' | 'get'>
  allocations: Allocations
}>

export class Controller {
  readonly #options: ControllerOptions
  readonly #configuration: Configuration
  readonly #services: Services
  readonly #statuses: Statuses
  readonly #allocations: Allocations
  readonly #loop = new Loop(() => this.#turn())
  readonly #problemLog: ProblemLog
  readonly #announced: AnnouncedConditions | null
  #sourceProblems: readonly Problem[] = []
  #inbox: ObjectEvent[] = []
  /** Null while another one leads. */
  #term: Term | null = null
  /** Whether a term is to begin with the next turn, when all that the source delivered so far was taken. */
  #isDue: boolean
  /** Counts calls of `lead` and `follow`: an older one that is still waiting is void. */
  #calls = 0

  constructor(options: ControllerOptions) {
    const { source, log, namespace } = options
    this.#options = options
    this.#configuration = new Configuration(namespace)
    this.#services = new Services(options)
    this.#statuses = new Statuses(namespace)
    this.#allocations = new Allocations(options.clock)
    this.#problemLog = new ProblemLog(log, (problem) => source.locate(problem))
    this.#isDue = options.standby !== true
    this.#announced = options.diagnose ? this.#announcedConditions(options.diagnose) : null
  }

  /** Resolves when all objects are at hand and, unless on standby, every Service was decided on and written. */
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
    await this.settled()
    const pools = this.#configuration.model?.pools.length ?? 0
    this.#options.log.info('ready', { pools, services: this.#services.size })
  }

  /**
   * This one decides from now on. First it looks at everything anew: the one before may have written what no watch told
   * us yet. Resolves when the term begins, or when that is void.
   */
  async lead(): Promise<void> {
    if (this.#term) return
    const call = ++this.#calls
    await this.#options.source.refresh()
    if (call !== this.#calls) return
    this.#isDue = true
    this.#loop.poke()
    await this.#loop.idle()
  }

  /** Another one decides from now on: nothing more is sent, and what was not written is forgotten. */
  follow(): void {
    this.#calls++
    this.#isDue = false
    this.#announced?.rest()
    this.#term?.drop()
    this.#term = null
    this.#services.dropWrites()
    this.#statuses.dropWrites()
  }

  /** Whether this one decides. */
  get leads(): boolean {
    return this.#term !== null
  }

  /** Counters of the pools, by name; none while another one leads. */
  counters(): readonly PoolCounters[] {
    return this.#term?.counters() ?? []
  }

  /** What metrics and documents read, always as it is now. */
  get view(): ControllerView {
    return {
      leads: () => this.leads,
      counters: () => this.counters(),
      errors: () => this.#problemLog.errors,
      configuration: this.#configuration,
      services: this.#services,
      allocations: this.#allocations,
    }
  }

  /** Resolves when nothing is left to decide or to write. */
  async settled(): Promise<void> {
    for (;;) {
      await this.#loop.idle()
      await this.#term?.flushed()
      if (this.#loop.isIdle) return
    }
  }

  /** Takes no more events, lets running writes end, and stops. */
  async stop(): Promise<void> {
    await this.#options.source.stop()
    await this.#loop.idle()
    this.#loop.close()
    this.#announced?.rest()
    await this.#term?.close()
  }

  *#turn(): Generator<void> {
    while (this.#inbox.length > 0) {
      for (const event of this.#inbox.splice(0)) {
        this.#take(event)
        yield
      }
    }
    if (this.#configuration.stale) this.#configuration.reload()
    if (this.#isDue) this.#begin()
    this.#report()
    const { model } = this.#configuration
    if (!this.#term || !model) return
    this.#term.configure(model.pools)
    yield* this.#term.work()
  }

  #take(event: ObjectEvent): void {
    this.#statuses.take(event)
    if (this.#configuration.apply(event)) return
    if (this.#announced?.take(event)) return
    const change = this.#services.take(event)
    if (!change) return
    this.#term?.take(change, event.object)
    const held = this.#services.get(change.key)?.held
    if (held) this.#announced?.service(change.key, { holds: held.ips.length > 0, condition: held.announced })
    else this.#announced?.forget(change.key)
  }

  #announcedConditions(diagnose: NonNullable<ControllerOptions['diagnose']>): AnnouncedConditions {
    const { clock, log } = this.#options
    return new AnnouncedConditions({
      clock,
      log,
      diagnose: async (key) => {
        const service = this.#services.get(key)?.service
        const { model } = this.#configuration
        if (!service || !model) throw new Fault({ code: 'unknown' }, `${key} is not known yet`)
        return await diagnose(service, model)
      },
      write: (key, condition) => {
        const entry = this.#services.get(key)
        if (!entry || !this.#term) return
        entry.announced = condition
        this.#term.touch(key)
      },
    })
  }

  #begin(): void {
    this.#isDue = false
    const { sink, log, clock, namespace } = this.#options
    this.#term = new Term({
      services: this.#services,
      statuses: this.#statuses,
      sink,
      log,
      clock,
      namespace,
      allocations: this.#allocations,
      poke: () => this.#loop.poke(),
    })
    this.#announced?.lead()
  }

  #report(): void {
    const ofConfiguration = [...this.#sourceProblems, ...this.#configuration.problems]
    this.#problemLog.report([...ofConfiguration, ...this.#services.problems()])
    this.#term?.report(ofConfiguration)
  }
}
