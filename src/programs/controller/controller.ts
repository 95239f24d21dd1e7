// SPDX-License-Identifier: Apache-2.0
/**
 * The controller's loop: objects in, addresses out.
 *
 * Events are collected and looked at once per turn of the event loop. A change of pools makes every Service dirty, a
 * change of a Service that one, freed room those that wait for it; what is dirty converges in the order of
 * `convergeAll`. Decisions are synchronous and in one place; the writer carries them out and never holds them up.
 */
import { isDeepStrictEqual } from 'node:util'
import type { Verdict } from '../../ipam/converge.ts'
import { convergeAll } from '../../ipam/converge-all.ts'
import { Ledger } from '../../ipam/ledger.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import { Loop } from '../../lib/loop.ts'
import { type KubeObject, type ObjectEvent, type ObjectSink, type ObjectSource, refOf } from '../../lib/object.ts'
import type { Problem } from '../../lib/problem.ts'
import type { Pool } from '../../model/pool.ts'
import { handles, parseService, type Service } from '../../model/service.ts'
import { Configuration } from '../configuration.ts'
import { ProblemLog } from '../problem-log.ts'
import { ConfigurationStatus } from './configuration-status.ts'
import { desiredOf, differs, type Holding, holdingOf, withHolding, writeOf } from './holding.ts'
import { PoolStatus } from './pool-status.ts'
import { standInFor } from './stand-in.ts'
import { Waiting } from './waiting.ts'
import { Writer } from './writer.ts'

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
}>

type Entry = {
  object: KubeObject
  service: Service
  /** What the API says. */
  held: Holding
  /** What is on its way there, and already true for every decision. */
  writing: Holding | null
  /** False: nothing of it could be read yet but what it holds (stand-in.ts). It is neither written nor told anything. */
  readable: boolean
  /** Events of the last verdict: a refusal that stays as it is, is told once. */
  said: ReadonlySet<string>
}

export class Controller {
  readonly #options: ControllerOptions
  readonly #configuration: Configuration
  readonly #ledger = new Ledger([])
  readonly #services = new Map<string, Entry>()
  readonly #dirty = new Set<string>()
  readonly #waiting = new Waiting()
  readonly #loop = new Loop(() => this.#turn())
  readonly #writer: Writer
  readonly #poolStatus: PoolStatus
  readonly #configurationStatus: ConfigurationStatus
  readonly #problemLog: ProblemLog
  readonly #serviceProblems = new Map<string, readonly Problem[]>()
  /** What every Service was last converged with as a whole. */
  #pools: readonly Pool[] | null = null
  #sourceProblems: readonly Problem[] = []
  #inbox: ObjectEvent[] = []

  constructor(options: ControllerOptions) {
    const { source, sink, log, clock, namespace } = options
    this.#options = options
    this.#configuration = new Configuration(namespace)
    this.#writer = new Writer(sink, log, clock)
    this.#poolStatus = new PoolStatus({
      counters: () => this.#ledger.counters(),
      writer: this.#writer,
      clock,
      namespace,
    })
    this.#configurationStatus = new ConfigurationStatus(this.#writer, clock, namespace)
    this.#problemLog = new ProblemLog(log, (problem) => source.locate(problem))
  }

  /** Resolves when every Service there is has been decided on and every result is written. */
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
    this.#options.log.info('ready', { pools: this.#pools?.length ?? 0, services: this.#services.size })
  }

  /** Resolves when nothing is left to decide or to write. */
  async settled(): Promise<void> {
    await this.#loop.idle()
    await this.#writer.flushed()
  }

  /** Takes no more events, lets running writes end, and stops. */
  async stop(): Promise<void> {
    await this.#options.source.stop()
    await this.#loop.idle()
    this.#loop.close()
    this.#poolStatus.close()
    await this.#writer.flushed()
    this.#writer.close()
  }

  *#turn(): Generator<void> {
    for (const event of this.#inbox.splice(0)) {
      if (!this.#configuration.apply(event)) this.#take(event)
    }
    if (this.#configuration.stale && this.#configuration.reload()) this.#reconfigure()
    this.#report()
    if (!this.#configuration.model) return
    while (this.#dirty.size > 0) yield* this.#converge()
    this.#poolStatus.poke()
  }

  /** One pass over what is dirty now, holders first; whom it wakes comes in the next. */
  *#converge(): Generator<void> {
    const services = [...this.#dirty].flatMap((key) => this.#services.get(key)?.service ?? [])
    this.#dirty.clear()
    for (const [service, verdict] of convergeAll(this.#ledger, services)) {
      const entry = this.#services.get(service.key)
      if (entry) this.#settle(entry, verdict)
      yield
    }
  }

  #take({ type, object }: ObjectEvent): void {
    if (object.kind !== 'Service') return
    const key = `${object.metadata.namespace}/${object.metadata.name}`
    if (type === 'deleted') {
      this.#forget(key)
      this.#writer.forget(refOf(object))
      return
    }
    const parsed = parseService(object, { fillDefaults: this.#options.fillDefaults })
    if (!parsed.ok) {
      this.#serviceProblems.set(key, parsed.problems)
      const service = this.#services.get(key)?.readable ? null : standInFor(object)
      if (service && handles(this.#options.classes, service)) this.#remember(object, service, false)
      return
    }
    this.#serviceProblems.delete(key)
    if (parsed.service.type === 'LoadBalancer' && !handles(this.#options.classes, parsed.service))
      return this.#forget(key)
    this.#remember(object, parsed.service, true)
  }

  #remember(object: KubeObject, service: Service, readable: boolean): void {
    const { key } = service
    const before = this.#services.get(key)
    const writing = before?.writing ?? null
    const held = holdingOf(object)
    const entry: Entry = {
      object,
      service: withHolding(service, writing ?? held),
      held,
      writing,
      readable,
      said: before?.said ?? new Set(),
    }
    this.#services.set(key, entry)
    this.#dirty.add(key)
  }

  #forget(key: string): void {
    this.#services.delete(key)
    this.#serviceProblems.delete(key)
    this.#dirty.delete(key)
    this.#waiting.set(key, [])
    this.#wake(this.#ledger.release(key))
  }

  #reconfigure(): void {
    const pools = this.#configuration.model?.pools
    if (!pools || isDeepStrictEqual(pools, this.#pools)) return
    this.#pools = pools
    this.#ledger.setPools(pools)
    for (const key of this.#services.keys()) this.#dirty.add(key)
    this.#options.log.info('configuration in use', { pools: pools.length, services: this.#services.size })
  }

  #settle(entry: Entry, verdict: Verdict): void {
    const { service } = entry
    if (!entry.readable) {
      // What it cannot keep is not replaced: nobody would be told of the new address.
      const keeps = verdict.lease?.ips.join() === entry.held.ips.join()
      this.#wake(keeps ? verdict.freed : this.#ledger.release(service.key))
      return
    }
    const desired = desiredOf(verdict)
    if (differs(entry.writing ?? entry.held, desired)) this.#write(entry, desired)
    const said = new Set(verdict.events.map(({ reason, message }) => `${reason} ${message}`))
    for (const event of verdict.events) {
      if (entry.said.has(`${event.reason} ${event.message}`)) continue
      this.#writer.event({ object: refOf(entry.object), ...event })
      this.#options.log.info(event.message, { event: event.reason, service: service.key })
    }
    entry.said = said
    this.#waiting.set(service.key, verdict.waitsFor)
    this.#wake(verdict.freed)
  }

  #write(entry: Entry, desired: Holding): void {
    const { key } = entry.service
    entry.writing = desired
    entry.service = withHolding(entry.service, desired)
    this.#writer.status(writeOf(entry.object, desired, new Date(this.#options.clock.wallMs()).toISOString()), () => {
      const current = this.#services.get(key)
      if (current?.writing !== desired) return
      current.held = desired
      current.writing = null
    })
  }

  #wake(pools: readonly string[]): void {
    if (pools.length === 0) return
    for (const key of this.#waiting.waitersFor(pools)) this.#dirty.add(key)
    this.#poolStatus.poke()
  }

  #report(): void {
    const problems = [
      ...this.#sourceProblems,
      ...this.#configuration.problems,
      ...[...this.#serviceProblems.values()].flat(),
    ]
    this.#problemLog.report(problems)
    this.#configurationStatus.report([...this.#sourceProblems, ...this.#configuration.problems])
  }
}
