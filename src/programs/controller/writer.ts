// SPDX-License-Identifier: Apache-2.0
/**
 * Carries results to the object sink: the latest state of each object wins, events go out once, faults are retried.
 * It never delays a decision: allocation goes on while writes are under way. An event follows its object's status, and
 * holds up no status: a Service waits for its address, nobody waits for an event.
 */
import type { Clock } from '../../lib/clock.ts'
import { Fault } from '../../lib/fault.ts'
import type { Log } from '../../lib/log.ts'
import type { EventWrite, ObjectSink, StatusWrite, WriteOutcome } from '../../lib/object.ts'
import { keyOf } from '../../lib/object.ts'
import type { ObjectRef } from '../../lib/problem.ts'
import { WorkQueue } from '../../lib/workqueue.ts'

/** Writes under way at once: enough to hide an API server's latency, few enough not to be throttled by it. */
const WORKERS = 16
/** Of events. After a start with thousands of Services they take their time. */
const EVENT_WORKERS = 4

type OnOutcome = (outcome: WriteOutcome) => void
type Pending = { status: StatusWrite | null; events: EventWrite[]; onOutcome: OnOutcome }

export class Writer {
  readonly #sink: ObjectSink
  readonly #pending = new Map<string, Pending>()
  readonly #queue: WorkQueue
  readonly #events: WorkQueue
  #closed = false

  constructor(sink: ObjectSink, log: Log, clock: Clock) {
    this.#sink = sink
    const queue = (name: string, workers: number, work: (key: string) => Promise<void>) =>
      new WorkQueue({
        name,
        workers,
        work,
        onFault: (key, fault, retryMs) => {
          const at = fault instanceof Fault && fault.kind.code === 'notLeading' ? log.debug : log.warn
          at(`${name} failed, will be retried`, { object: key, error: fault.message, retryMs: Math.round(retryMs) })
        },
        clock,
        random: Math.random,
      })
    this.#queue = queue('status write', WORKERS, (key) => this.#write(key))
    this.#events = queue('event write', EVENT_WORKERS, (key) => this.#tell(key))
  }

  /** Replaces what is still to be written for this object; `onOutcome` hears of this write only if it was sent. */
  status(write: StatusWrite, onOutcome: OnOutcome = () => {}): void {
    this.#add(write.object, (pending) => {
      pending.status = write
      pending.onOutcome = onOutcome
    })
  }

  /** Once, if the same is still to be said: while the API server is away they would pile up. */
  event(event: EventWrite): void {
    const says = ({ reason, message, uid }: EventWrite) =>
      reason === event.reason && message === event.message && uid === event.uid
    this.#add(event.object, ({ events }) => events.some(says) || events.push(event))
  }

  /** Drops what is still to be written about an object that is gone. */
  forget({ kind, namespace, name }: ObjectRef): void {
    this.#pending.delete(keyOf(kind, namespace, name))
  }

  /** Resolves when everything handed in so far is written. */
  async flushed(): Promise<void> {
    await this.#queue.idle()
    await this.#events.idle()
  }

  /** Drops what was not sent yet; the outcome of what is under way is still told. */
  close(): void {
    this.#closed = true
    this.#pending.clear()
    this.#queue.close()
    this.#events.close()
  }

  #add({ kind, namespace, name }: ObjectRef, change: (pending: Pending) => void): void {
    if (this.#closed) return
    const key = keyOf(kind, namespace, name)
    const pending = this.#pending.get(key) ?? { status: null, events: [], onOutcome: () => {} }
    change(pending)
    this.#pending.set(key, pending)
    this.#queue.add(key)
  }

  async #write(key: string): Promise<void> {
    const pending = this.#pending.get(key)
    if (!pending) return
    while (pending.status && !this.#closed) {
      const { status, onOutcome } = pending
      const outcome = await this.#sink.writeStatus(status)
      if (pending.status === status) pending.status = null
      onOutcome(outcome)
    }
    if (pending.events.length > 0) this.#events.add(key)
    else this.#finish(key, pending)
  }

  /** What is said about an object whose status is written. */
  async #tell(key: string): Promise<void> {
    const pending = this.#pending.get(key)
    if (!pending) return
    for (let event = pending.events[0]; event && !pending.status && !this.#closed; event = pending.events[0]) {
      await this.#sink.writeEvent(event)
      pending.events.shift()
    }
    this.#finish(key, pending)
  }

  #finish(key: string, pending: Pending): void {
    const isDone = !pending.status && pending.events.length === 0
    if (isDone && this.#pending.get(key) === pending) this.#pending.delete(key)
  }
}
