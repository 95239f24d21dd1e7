// SPDX-License-Identifier: Apache-2.0
/** When each Service got its address, as a client of the API server sees it by a watch. */
import type { ApiClient, Manifest } from '../../lab/cluster/api-client.ts'
import { fieldAt } from '../../lab/cluster/field.ts'
import { notObserved } from '../../lab/wait.ts'
import { reasonOf } from '../../src/lib/fault.ts'

const SERVICES = '/api/v1/namespaces/default/services'

export class Assignments {
  /** Name → `performance.now()` of the moment. */
  readonly atMs = new Map<string, number>()
  readonly #leaving = new AbortController()
  readonly #waiting = new Map<string, (atMs: number) => void>()
  #failure: unknown

  /** Starts to watch; Services that have an address by then count as of that moment. */
  async start(client: ApiClient): Promise<void> {
    const { items, metadata } = await client.list(SERVICES)
    for (const item of items) this.#look(item)
    this.#follow(client, metadata.resourceVersion).catch((error: unknown) => (this.#failure = error))
  }

  /** Resolves with the moment at which the Service got an address; throws NotObserved after `deadlineMs`. */
  async of(name: string, deadlineMs: number): Promise<number> {
    const known = this.atMs.get(name)
    if (known !== undefined) return known
    const { promise, resolve, reject } = Promise.withResolvers<number>()
    const late = () => reject(notObserved(`${name} has no address after ${deadlineMs / 1000} s; ${this.#state()}`))
    const timer = setTimeout(late, deadlineMs)
    this.#waiting.set(name, resolve)
    try {
      return await promise
    } finally {
      clearTimeout(timer)
      this.#waiting.delete(name)
    }
  }

  stop(): void {
    this.#leaving.abort()
  }

  #state(): string {
    return this.#failure === undefined ? `${this.atMs.size} have one` : `the watch ended: ${reasonOf(this.#failure)}`
  }

  async #follow(client: ApiClient, resourceVersion: string): Promise<void> {
    for await (const { type, object } of client.watch(SERVICES, resourceVersion, this.#leaving.signal)) {
      if (type === 'DELETED') this.atMs.delete(object.metadata.name)
      else this.#look(object)
    }
  }

  #look(object: Manifest): void {
    const { name } = object.metadata
    if (this.atMs.has(name) || fieldAt(object, 'status', 'loadBalancer', 'ingress', 0, 'ip') === undefined) return
    const now = performance.now()
    this.atMs.set(name, now)
    this.#waiting.get(name)?.(now)
  }
}
