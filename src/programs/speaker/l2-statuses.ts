// SPDX-License-Identifier: Apache-2.0
/**
 * ServiceL2Status objects: there is to be one for each Service, so those of other nodes are looked for when this one
 * begins to answer, by one list for all Services of that moment, or one for each where they are few.
 */
import type { Timer } from '../../lib/clock.ts'
import type { KubeObject, ObjectEvent } from '../../lib/object.ts'
import { WorkQueue } from '../../lib/workqueue.ts'
import { L2_STATUS, type L2Answer } from './l2-status.ts'
import { type ServiceStatusApi, ServiceStatuses, type ServiceStatusesOptions } from './service-statuses.ts'

/** Throws KubeFault, as the other calls do. */
export interface L2StatusApi extends ServiceStatusApi<L2Answer> {
  /** Those of other nodes: of one Service, or of all where it is null. */
  others(service: string | null): Promise<readonly KubeObject[]>
}

export type L2StatusesOptions = Omit<ServiceStatusesOptions<L2Answer>, 'form' | 'api'> & Readonly<{ api: L2StatusApi }>

/** Services that this node took over within this time are looked up together. */
const LOOK_MS = 2000
/** More than this many are looked up by one list of all. */
const FEW = 4

export class L2Statuses {
  readonly #options: L2StatusesOptions
  readonly #statuses: ServiceStatuses<L2Answer>
  /** Services whose objects by other nodes are still to be looked for. */
  readonly #unsure = new Set<string>()
  readonly #looking: WorkQueue
  #timer: Timer | undefined

  constructor(options: L2StatusesOptions) {
    this.#options = options
    this.#statuses = new ServiceStatuses({ ...options, form: L2_STATUS })
    this.#looking = new WorkQueue({
      name: 'others’ ServiceL2Status',
      workers: 1,
      work: () => this.#look(),
      onFault: (_, fault) => this.#statuses.complain(fault),
      clock: options.clock,
      random: Math.random,
    })
  }

  /** As ServiceStatuses. */
  take(event: ObjectEvent): boolean {
    return this.#statuses.take(event)
  }

  /** As ServiceStatuses. */
  begin(): void {
    this.#statuses.begin()
  }

  /** What this node answers for the Service, or null. */
  set(service: string, answer: L2Answer | null): void {
    if (answer === null) this.#unsure.delete(service)
    else if (!this.#statuses.has(service)) this.#lookSoon(service)
    this.#statuses.set(service, answer)
  }

  /** Writes no more. */
  close(): void {
    this.#timer?.cancel()
    this.#statuses.close()
    this.#looking.close()
  }

  /** Resolves when everything that is known to be wrong is put right. */
  async settled(): Promise<void> {
    await this.#looking.idle()
    await this.#statuses.settled()
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
      for (const object of await api.others(service)) this.#statuses.found(object)
    }
    for (const service of services) this.#unsure.delete(service)
  }
}
