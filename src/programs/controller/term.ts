// SPDX-License-Identifier: Apache-2.0
/**
 * The time during which one controller decides who gets which address. It begins as after a restart, from what the
 * Services themselves say they hold, and when it ends all that was decided and not yet written is forgotten.
 *
 * A change of pools makes every Service dirty, a change of a Service that one, freed room those that it can serve; what
 * is dirty converges in the order of `convergeInSteps`. Decisions are synchronous and in one place; the writer carries them
 * out and never holds them up. A write that came too late for its object is decided anew on the newer one.
 */
import { isDeepStrictEqual } from 'node:util'
import type { Verdict } from '../../ipam/converge.ts'
import { convergeInSteps } from '../../ipam/converge-all.ts'
import { Ledger, type PoolCounters } from '../../ipam/ledger.ts'
import { requestOf } from '../../ipam/request.ts'
import { review } from '../../ipam/review.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import { type KubeObject, type ObjectSink, refOf, type StatusWrite, type WriteOutcome } from '../../lib/object.ts'
import type { Problem } from '../../lib/problem.ts'
import type { Pool } from '../../model/pool.ts'
import type { Allocations } from './allocations.ts'
import { ConfigurationStatus } from './configuration-status.ts'
import { desiredOf, differs, type Holding, withHolding, writeOf, written } from './holding.ts'
import { PoolStatus } from './pool-status.ts'
import type { Change, Entry, Services } from './services.ts'
import type { Statuses } from './statuses.ts'
import { Waiting } from './waiting.ts'
import { Writer } from './writer.ts'

export type TermOptions = Readonly<{
  services: Services
  statuses: Statuses
  sink: ObjectSink
  log: Log
  clock: Clock
  namespace: string
  /** Told of every verdict. */
  allocations: Allocations
  /** There is work to do. */
  poke(): void
}>

type Sent = Readonly<{ key: string; base: KubeObject; desired: Holding; write: StatusWrite }>

export class Term {
  readonly #options: TermOptions
  readonly #ledger = new Ledger([])
  readonly #waiting = new Waiting()
  readonly #dirty = new Set<string>()
  readonly #writer: Writer
  readonly #poolStatus: PoolStatus
  readonly #configurationStatus: ConfigurationStatus
  /** What every Service was last converged with as a whole. */
  #pools: readonly Pool[] | null = null
  #ended = false

  constructor(options: TermOptions) {
    const { statuses, sink, log, clock, namespace } = options
    this.#options = options
    this.#writer = new Writer(sink, log, clock)
    const common = { statuses, writer: this.#writer, clock, namespace }
    this.#poolStatus = new PoolStatus({ ...common, counters: () => this.counters() })
    this.#configurationStatus = new ConfigurationStatus(common)
  }

  /** Counters of the pools, by name. */
  counters(): readonly PoolCounters[] {
    return this.#ledger.counters()
  }

  /** Takes what became of a Service. */
  take({ key, type }: Change, object: KubeObject): void {
    this.#waiting.remove(key) // a place that a changed one had would be taken from somebody who still waits
    if (type === 'changed') {
      this.#dirty.add(key)
      return
    }
    this.#dirty.delete(key)
    this.#options.allocations.onGone(key)
    this.#free(this.#ledger.release(key))
    this.#writer.forget(refOf(object))
  }

  /** Something that is written with what a Service holds is to be another. */
  touch(key: string): void {
    this.#dirty.add(key)
    this.#options.poke()
  }

  /** The configuration in use; all Services are converged anew if its pools are others. */
  configure(pools: readonly Pool[]): void {
    if (isDeepStrictEqual(pools, this.#pools)) return
    this.#pools = pools
    this.#ledger.setPools(pools)
    const { services, log } = this.#options
    for (const key of services.keys()) this.#dirty.add(key)
    log.info('configuration in use', { pools: pools.length, services: services.size })
  }

  /** The problems of the configuration, as a whole. */
  report(problems: readonly Problem[]): void {
    this.#configurationStatus.report(problems)
  }

  /** Decides on all that is dirty; may be interrupted at each yield. */
  *work(): Generator<void> {
    if (!this.#pools) return
    for (const key of this.#waiting.wake()) this.#dirty.add(key)
    while (this.#dirty.size > 0 && !this.#ended) yield* this.#converge()
    this.#poolStatus.poke()
  }

  /** Resolves when everything decided so far is written. */
  flushed(): Promise<void> {
    return this.#writer.flushed()
  }

  /** Writes what is still to be written, and ends. */
  async close(): Promise<void> {
    this.#poolStatus.close()
    await this.#writer.flushed()
    this.drop()
  }

  /** Ends at once: somebody else may decide now. */
  drop(): void {
    this.#ended = true
    this.#options.allocations.onTermEnd()
    this.#poolStatus.drop()
    this.#writer.close()
  }

  /** One pass over what is dirty now, holders first; whom it wakes comes in the next. */
  *#converge(): Generator<void> {
    if (this.#dirty.size < this.#options.services.size) yield* this.#foresee()
    const services = [...this.#dirty].flatMap((key) => this.#options.services.get(key)?.service ?? [])
    this.#dirty.clear()
    for (const step of convergeInSteps(this.#ledger, services)) {
      const entry = step && this.#options.services.get(step[0].key)
      if (entry) this.#settle(entry, step[1])
      yield
      if (this.#ended) return
    }
    for (const key of this.#waiting.wake()) this.#dirty.add(key)
  }

  /** What a Service gives up or opens for sharing in this pass goes to whoever is first in order, be it one that waits and did not change. */
  *#foresee(): Generator<void> {
    for (const key of this.#dirty) {
      const service = this.#options.services.get(key)?.service
      if (service) this.#waiting.free(this.#ledger.roomLeftBy(key, review(this.#ledger, requestOf(service)).kept))
      yield
    }
    for (const key of this.#waiting.wake()) this.#dirty.add(key)
  }

  #settle(entry: Entry, verdict: Verdict): void {
    const { service } = entry
    if (!entry.readable) {
      // What it cannot keep is not replaced: nobody would be told of the new address.
      const keeps = verdict.lease?.ips.join() === entry.held.ips.join()
      return this.#free(keeps ? verdict.freed : this.#ledger.release(service.key))
    }
    this.#options.allocations.onVerdict(service, verdict, this.#ledger)
    if (!verdict.lease) entry.announced = null
    const desired = desiredOf(verdict, entry.announced ?? entry.held.announced)
    const isNews = this.#carryOut(entry, desired)
    this.#tell(entry, verdict, isNews)
    this.#waiting.set(entry.service, verdict.waitsFor)
    this.#free(verdict.freed)
  }

  /** Writes where the API says, or is about to say, something else. */
  #carryOut(entry: Entry, desired: Holding): boolean {
    const isNews = differs(entry.writing ?? entry.held, desired)
    const isStale = entry.writing !== null && versionOf(entry.base) !== versionOf(entry.object)
    if (isNews || (isStale && differs(entry.held, desired))) this.#write(entry, desired)
    else if (entry.base === null) entry.writing = null
    return isNews
  }

  /** A Service that already says what this verdict says was told so by whoever decided before us. */
  #tell(entry: Entry, { events }: Verdict, isNews: boolean): void {
    const { said } = entry
    entry.said = new Set(events.map(({ reason, message }) => `${reason} ${message}`))
    if (said === null && !isNews) return
    const { uid } = entry.object.metadata
    for (const event of events) {
      if (said?.has(`${event.reason} ${event.message}`)) continue
      this.#writer.event({ object: refOf(entry.object), ...event, ...(uid === undefined ? {} : { uid }) })
      this.#options.log.info(event.message, { event: event.reason, service: entry.service.key })
    }
  }

  #write(entry: Entry, desired: Holding): void {
    const { key } = entry.service
    const base = entry.object
    if (entry.writing !== desired) entry.before = entry.writing
    entry.writing = desired
    entry.base = base
    entry.service = withHolding(entry.service, desired)
    const write = writeOf(base, desired, new Date(this.#options.clock.wallMs()).toISOString())
    this.#writer.status(write, (outcome) => this.#wrote({ key, base, desired, write }, outcome))
  }

  #wrote({ key, base, desired, write }: Sent, outcome: WriteOutcome): void {
    const entry = this.#options.services.get(key)
    if (!entry || this.#ended) return
    const isLatest = entry.writing === desired
    if (outcome.type === 'outdated') {
      // The newer object brings the next decision; if it came already, that decision was told of this write.
      if (isLatest && entry.base === base) entry.base = null
      if (entry.object === base) return
      this.#dirty.add(key)
      return this.#options.poke()
    }
    if (outcome.type === 'gone') return
    // What came since from an API server with versions is newer than this write; from files it may not be.
    if (entry.object === base || versionOf(base) === undefined) {
      entry.object = written(entry.object, write, outcome.resourceVersion)
      if (isLatest) entry.held = desired
    }
    if (isLatest) {
      entry.writing = null
      entry.before = null
    } else if (entry.writing && versionOf(entry.base) !== versionOf(entry.object)) this.#write(entry, entry.writing)
  }

  #free(pools: readonly string[]): void {
    if (pools.length === 0) return
    this.#waiting.free(pools)
    this.#poolStatus.poke()
  }
}

function versionOf(object: KubeObject | null): string | undefined {
  return object?.metadata.resourceVersion
}
