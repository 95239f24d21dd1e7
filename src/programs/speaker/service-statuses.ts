// SPDX-License-Identifier: Apache-2.0
/**
 * Keeps the status objects of one form right for this node's Services, after the fact and at a bounded rate: announcing
 * never waits for it, and what matters is the latest state, not the way to it.
 *
 * A node watches its own objects only: with a thousand nodes and ten thousand Services nobody should hold everybody's.
 */
import type { Clock } from '../../lib/clock.ts'
import { Fault } from '../../lib/fault.ts'
import type { Log } from '../../lib/log.ts'
import type { KubeObject, ObjectEvent } from '../../lib/object.ts'
import { WorkQueue } from '../../lib/workqueue.ts'
import type { Pace } from './pace.ts'
import { decideStatus, readStatus, type ServiceStatus, type StatusForm, type StatusStep } from './service-status.ts'

/** The API server's side of it. All calls throw KubeFault. */
export interface ServiceStatusApi<Answer> {
  /** Answers the name of the new object, which has no status yet. */
  create(service: string): Promise<string>
  /** False: there is no such object any more. */
  write(service: string, name: string, answer: Answer): Promise<boolean>
  delete(name: string): Promise<void>
}

export type ServiceStatusesOptions<Answer> = Readonly<{
  form: StatusForm<Answer>
  api: ServiceStatusApi<Answer>
  node: string
  pace: Pace
  clock: Clock
  log: Log
  /** This node has begun to announce a Service that it did not before, in this life of the process or another. */
  onBegin(service: string): void
}>

const WORKERS = 8
/** The same fault of many Services is one line. */
const SAY_AGAIN_MS = 60_000

export class ServiceStatuses<Answer> {
  readonly #options: ServiceStatusesOptions<Answer>
  readonly #wanted = new Map<string, Answer>()
  /** By Service. */
  readonly #known = new Map<string, readonly ServiceStatus<Answer>[]>()
  readonly #queue: WorkQueue
  /** What was said last of any Service, by this node or by its objects. */
  #usual: Answer | undefined
  #started = false
  #saidAtMs = Number.NEGATIVE_INFINITY

  constructor(options: ServiceStatusesOptions<Answer>) {
    const { clock, form } = options
    this.#options = options
    this.#queue = new WorkQueue({
      name: form.resource.kind,
      workers: WORKERS,
      work: (service) => this.#work(service),
      onFault: (_, fault) => this.complain(fault),
      clock,
      random: Math.random,
    })
  }

  /** True when the event is about such an object; of those of other nodes nothing is taken. */
  take({ type, object }: ObjectEvent): boolean {
    if (object.kind !== this.#options.form.resource.kind) return false
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

  /** What this node announces for the Service, or null. */
  set(service: string, answer: Answer | null): void {
    if (answer === null) {
      if (!this.#wanted.delete(service) && !this.#known.has(service)) return // most Services of most nodes
      for (const { name, node } of this.#known.get(service) ?? []) {
        if (node !== this.#options.node) this.#forget(service, name) // another node's now, and not watched
      }
    } else this.#wanted.set(service, this.#shared(answer))
    if (this.#started) this.#queue.add(service)
  }

  /** Whether this node announces the Service. */
  has(service: string): boolean {
    return this.#wanted.has(service)
  }

  /** One of another node, which is to go if this node announces the Service. */
  found(object: KubeObject): void {
    const read = readStatus(this.#options.form, object)
    if (!read || read.status.node === this.#options.node || !this.#wanted.has(read.service)) return
    this.#learn(read.service, read.status)
    if (this.#started) this.#queue.add(read.service)
  }

  /** Says that something failed and will be tried again, once a minute. */
  complain(fault: Error): void {
    const { clock, form, log } = this.#options
    const nowMs = clock.monotonicMs()
    if (nowMs - this.#saidAtMs < SAY_AGAIN_MS) return
    this.#saidAtMs = nowMs
    log.warn(`${form.resource.kind} objects cannot be written, will be retried`, { error: fault.message })
  }

  /** Writes no more. */
  close(): void {
    this.#queue.close()
  }

  /** Resolves when everything that is known to be wrong is put right. */
  async settled(): Promise<void> {
    await this.#queue.idle()
  }

  async #work(service: string): Promise<void> {
    const { form, log, pace } = this.#options
    for (;;) {
      if (!this.#next(service)) break
      await pace.turn()
      const step = this.#next(service) // what is right may have changed during the wait
      if (!step) break
      try {
        await this.#carryOut(service, step)
      } catch (thrown) {
        if (!(thrown instanceof Fault) || thrown.kind.code !== 'invalid') throw thrown
        log.error(`the API server refuses a ${form.resource.kind}`, { service, error: thrown.message })
        return
      }
    }
  }

  #next(service: string): StatusStep<Answer> | undefined {
    const { form, node } = this.#options
    const known = this.#known.get(service) ?? []
    return decideStatus(this.#wanted.get(service) ?? null, { form, node, known })[0]
  }

  async #carryOut(service: string, step: StatusStep<Answer>): Promise<void> {
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
    const read = readStatus(this.#options.form, object)
    if (!read) return this.#takeBare(object.metadata.name, present)
    const { service, status } = read
    if (present && status.node !== this.#options.node) return
    const before = this.#known.get(service)?.find(({ name }) => name === status.name)
    // News of its creation, after we wrote its status.
    if (present && before?.status && !status.status) return
    if (present) this.#learn(service, { ...status, status: status.status && this.#shared(status.status) })
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

  /** Most Services are announced alike: what says the same as the one before is kept once. */
  #shared(answer: Answer): Answer {
    if (this.#usual === undefined || !this.#options.form.same(this.#usual, answer)) this.#usual = answer
    return this.#usual
  }

  #learn(service: string, status: ServiceStatus<Answer>): void {
    const others = (this.#known.get(service) ?? []).filter(({ name }) => name !== status.name)
    this.#known.set(service, [...others, status])
  }

  #forget(service: string, gone: string): void {
    const left = (this.#known.get(service) ?? []).filter(({ name }) => name !== gone)
    if (left.length > 0) this.#known.set(service, left)
    else this.#known.delete(service)
  }
}
