// SPDX-License-Identifier: Apache-2.0
import type { ObjectListener, ObjectSource } from '../lib/object.ts'
import type { Problem } from '../lib/problem.ts'

/** A source that counts what it delivers, for metallb_k8s_client_updates_total. */
export class CountedSource implements ObjectSource {
  readonly #source: ObjectSource
  #updates = 0

  constructor(source: ObjectSource) {
    this.#source = source
  }

  /** Objects that were delivered so far, each as often as it came. */
  get updates(): number {
    return this.#updates
  }

  start({ onEvents, onProblems }: ObjectListener): Promise<void> {
    return this.#source.start({
      onEvents: (events) => {
        this.#updates += events.length
        onEvents(events)
      },
      onProblems,
    })
  }

  refresh(): Promise<void> {
    return this.#source.refresh()
  }

  locate(problem: Problem): Problem {
    return this.#source.locate(problem)
  }

  stop(): Promise<void> {
    return this.#source.stop()
  }
}
