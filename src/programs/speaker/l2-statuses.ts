// SPDX-License-Identifier: Apache-2.0
/**
 * Keeps the ServiceL2Status objects of this node's Services right, after the fact and at a bounded rate: announcing
 * never waits for it, and what matters is the latest state, not the way to it.
 *
 * A node watches its own objects only: with a thousand nodes and ten thousand Services nobody should hold everybody's.
 * Those of other nodes are looked for when this one begins to answer, by one list for all Services of that moment, or
 * one for each where they are few.
 */
import type { Clock, Timer } from '../../lib/clock.ts'
import { Fault } from '../../lib/fault.ts'
import type { Log } from '../../lib/log.ts'
import type { KubeObject, ObjectEvent } from '../../lib/object.ts'
import { WorkQueue } from '../../lib/workqueue.ts'
import { decideL2Status, type L2Answer, type L2Status, type L2Step, readL2Status } from './l2-status.ts'
import type { Pace } from './pace.ts'

/** The API server's side of it. All calls throw KubeFault. */
export interface L2StatusApi {
  /** Answers the name of the new object, which has no status yet. */
  create(service: string): Promise<string>
  /** False: there is no such object any more. */
  write(service: string, name: string, answer: L2Answer): Promise<boolean>
  delete(name: string): Promise<void>
  /** Those of other nodes: of one Service, or of all where it is null. */
  others(service: string | null): Promise<readonly KubeObject[]>
}

export type L2StatusesOptions = Readonly<{
  api: L2StatusApi
  node: string
  pace: Pace
  clock: Clock
  log: Log
  /** This node has begun to answer for a Service for which it did not before, in this life of the process or another. */
  onBegin(service: string): void
}>

const WORKERS = 8
/** Services that this node took over within this time are looked up together. */
const LOOK_MS = 2000
/** More than this many are looked up by one list of all. */
const FEW = 4
/** The same fault of many Services is one line. */
const SAY_AGAIN_MS = 60_000

export class L2Statuses {
  readonly #options: L2StatusesOptions
  readonly #wanted = new Map<string, L2Answer>()
  /** By Service. */
  readonly #known = new Map<string, readonly L2Status[]>()
  readonly #queue: WorkQueue
  /** Services whose objects by other nodes are still to be looked for. */
  readonly #unsure = new Set<string>()
  readonly #looking: WorkQueue
  #timer: Timer | undefined
  #started = false
  #saidAtMs = Number.NEGATIVE_INFINITY

  constructor(options: L2StatusesOptions) {
    const { clock } = options
    const shared = { clock, random: Math.random, onFault: (_: string, fault: Error) => this.#say(fault) }
    this.#options = options
    this.#queue = new WorkQueue({
      ...shared,
      name: 'ServiceL2Status',
      workers: WORKERS,
      work: (service) => this.#work(service),
    })
    this.#looking = new WorkQueue({ ...shared, name: 'others’ ServiceL2Status', workers: 1, work: () => this.#look() })
  }

  /** True when the event is about such an object; only those that carry this node's label are expected. */
  take({ type, object }: ObjectEvent): boolean {
    if (object.kind !== 'ServiceL2Status') return false
    this.#take(object, type === 'applied')
    return true
  }

  /**
   * It was told what there is; nothing is written before. What was not `set` by now is not wanted: what an earlier
   * process of this node left of it goes.
   */
  begin(): void {
    this.#started = true
    for (const service of new Set([...this.#wanted.keys(), ...this.#known.keys()])) this.#queue.add(service)
  }

  /** What this node answers for the Service, or null. */
  set(service: string, answer: L2Answer | null): void {
    if (answer) {
      if (!this.#wanted.has(service)) this.#lookSoon(service)
      this.#wanted.set(service, answer)
    } else {
      this.#wanted.delete(service)
      this.#unsure.delete(service)
      for (const { name, node } of this.#known.get(service) ?? []) {
        if (node !== this.#options.node) this.#forget(service, name) // another node's now, and not watched
      }
    }
    if (this.#started) this.#queue.add(service)
  }

  /** Writes no more. */
  close(): void {
    this.#timer?.cancel()
    this.#queue.close()
    this.#looking.close()
  }

  /** Resolves when everything that is known to be wrong is put right. */
  async settled(): Promise<void> {
    await this.#looking.idle()
    await this.#queue.idle()
  }

  async #work(service: string): Promise<void> {
    for (;;) {
      if (!this.#next(service)) break
      await this.#options.pace.turn()
      const step = this.#next(service) // what is right may have changed during the wait
      if (!step) break
      try {
        await this.#carryOut(service, step)
      } catch (thrown) {
        if (!(thrown instanceof Fault) || thrown.kind.code !== 'invalid') throw thrown
        this.#options.log.error('the API server refuses a ServiceL2Status', { service, error: thrown.message })
        return
      }
    }
  }

  #next(service: string): L2Step | undefined {
    const known = this.#known.get(service) ?? []
    return decideL2Status(this.#wanted.get(service) ?? null, { node: this.#options.node, known })[0]
  }

  async #carryOut(service: string, step: L2Step): Promise<void> {
    const { api, node } = this.#options
    switch (step.type) {
      case 'create':
        this.#learn(service, { name: await api.create(service), node, status: null })
        return this.#options.onBegin(service)
      case 'write':
        if (!(await api.write(service, step.name, step.answer))) return this.#forget(service, step.name)
        return this.#learn(service, { name: step.name, node, status: step.answer })
      case 'delete':
        await api.delete(step.name)
        return this.#forget(service, step.name)
    }
  }

  #take(object: KubeObject, present: boolean): void {
    const read = readL2Status(object)
    if (!read) return this.#takeBare(object.metadata.name, present)
    const { service, status } = read
    const before = this.#known.get(service)?.find(({ name }) => name === status.name)
    // News of its creation, after we wrote its status.
    if (present && before?.status && !status.status) return
    if (present) this.#learn(service, status)
    else this.#forget(service, status.name)
    if (this.#started) this.#queue.add(service)
  }

  /** What is gone may be told without its labels. */
  #takeBare(name: string, present: boolean): void {
    if (present) return
    for (const [service, statuses] of this.#known) {
      if (!statuses.some((status) => status.name === name)) continue
      this.#forget(service, name)
      if (this.#started) this.#queue.add(service)
    }
  }

  #learn(service: string, status: L2Status): void {
    const others = (this.#known.get(service) ?? []).filter(({ name }) => name !== status.name)
    this.#known.set(service, [...others, status])
  }

  #forget(service: string, gone: string): void {
    const left = (this.#known.get(service) ?? []).filter(({ name }) => name !== gone)
    if (left.length > 0) this.#known.set(service, left)
    else this.#known.delete(service)
  }

  #lookSoon(service: string): void {
    this.#unsure.add(service)
    this.#timer ??= this.#options.clock.after(LOOK_MS, () => {
      this.#timer = undefined
      this.#looking.add('all')
    })
  }

  async #look(): Promise<void> {
    const { api, pace } = this.#options
    const services = [...this.#unsure]
    const lists = services.length > FEW ? [null] : services
    for (const service of lists) {
      await pace.turn()
      for (const object of await api.others(service)) {
        const read = readL2Status(object)
        if (!read || read.status.node === this.#options.node || !this.#wanted.has(read.service)) continue
        this.#learn(read.service, read.status)
        this.#queue.add(read.service)
      }
    }
    for (const service of services) this.#unsure.delete(service)
  }

  #say(fault: Error): void {
    const nowMs = this.#options.clock.monotonicMs()
    if (nowMs - this.#saidAtMs < SAY_AGAIN_MS) return
    this.#saidAtMs = nowMs
    this.#options.log.warn('ServiceL2Status objects cannot be written, will be retried', { error: fault.message })
  }
}
