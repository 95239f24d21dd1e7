// SPDX-License-Identifier: Apache-2.0
/** A controller among others on one API in memory, whose news and writes may be late, and which may die at any moment. */
import { systemClock } from '../../src/lib/clock.ts'
import { Fault } from '../../src/lib/fault.ts'
import { createLog } from '../../src/lib/log.ts'
import type { ObjectEvent, ObjectListener, ObjectSink, ObjectSource } from '../../src/lib/object.ts'
import { supervise } from '../../src/lib/supervise.ts'
import type { Controller, ControllerOptions } from '../../src/programs/controller/controller.ts'
import type { MemoryObjects } from './memory-objects.ts'

export type ReplicaOptions = Readonly<{
  /** How a controller is made: nothing imports programs but tests, which hand this in. */
  create(options: ControllerOptions): Controller
  /** How many turns of the event loop the next batch of news, or the next request, takes. */
  delay(): number
}>

export class Replica {
  readonly controller: Controller
  /** While it is not resolved, requests that were sent are on their way and do not arrive. */
  onTheWay: Promise<void> = Promise.resolve()
  /** What the sink asks right before it sends. */
  mayWrite = false
  #dead = false
  #late: (readonly ObjectEvent[])[] = []
  #listener: ObjectListener | null = null
  readonly #delay: () => number

  constructor(api: MemoryObjects, { create, delay }: ReplicaOptions) {
    const client = api.open()
    this.#delay = delay
    this.controller = create({
      source: this.#source(client),
      sink: this.#sink(client),
      log: createLog('none'),
      clock: { ...systemClock, after: (delayMs, fire) => systemClock.after(Math.min(delayMs, 1), fire) },
      namespace: 'metallb-system',
      classes: [],
      fillDefaults: true,
      standby: true,
    })
  }

  async lead(): Promise<void> {
    this.mayWrite = true
    await this.controller.lead()
  }

  follow(): void {
    this.mayWrite = false
    this.controller.follow()
  }

  /** kill -9: what is on its way may still arrive, nothing else comes out of it. */
  kill(): void {
    this.#dead = true
    this.mayWrite = false
    this.controller.follow()
  }

  #source(client: ObjectSource): ObjectSource {
    return {
      ...client,
      start: (listener) => {
        this.#listener = listener
        return client.start({ ...listener, onEvents: (events) => this.#deliver(events) })
      },
      // A list is as new as the moment it was asked for.
      refresh: async () => this.#flush(),
    }
  }

  #sink(client: ObjectSink): ObjectSink {
    const send = async <T>(request: () => Promise<T>): Promise<T> => {
      if (!this.mayWrite) throw new Fault({ code: 'notLeading' }, 'not leading any more')
      await this.#turns()
      await this.onTheWay
      const answer = await request()
      await this.#turns()
      return answer
    }
    return {
      writeStatus: (write) => send(() => client.writeStatus(write)),
      writeEvent: (event) => send(() => client.writeEvent(event)),
    }
  }

  async #turns(): Promise<void> {
    for (let left = this.#delay(); left > 0; left--) await new Promise(setImmediate)
  }

  #deliver(events: readonly ObjectEvent[]): void {
    this.#late.push(events)
    supervise('late news', this.#deliverNext())
  }

  async #deliverNext(): Promise<void> {
    await this.#turns()
    const batch = this.#late.shift()
    if (batch && !this.#dead) this.#listener?.onEvents(batch)
  }

  #flush(): void {
    for (const batch of this.#late.splice(0)) if (!this.#dead) this.#listener?.onEvents(batch)
  }
}
