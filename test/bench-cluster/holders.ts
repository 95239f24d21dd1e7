// SPDX-License-Identifier: Apache-2.0
/** Who holds which address, followed without a gap: an address held twice, and one that is lost, is noted for good. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ApiClient, Manifest, WatchEvent } from '../../lab/cluster/api-client.ts'
import { fieldAt } from '../../lab/cluster/field.ts'
import { supervise } from '../../src/lib/supervise.ts'

const SERVICES = '/api/v1/namespaces/default/services'
const AGAIN_MS = 500

export class Holders {
  /** In words; at most one for each change of a Service. */
  readonly violations: string[] = []
  readonly #addresses = new Map<string, string>()
  readonly #holders = new Map<string, string>()
  readonly #leaving = new AbortController()

  /** How many hold an address. */
  get count(): number {
    return this.#addresses.size
  }

  /** Follows from now on, also beyond the end of an API server that comes back. */
  start(client: ApiClient): void {
    supervise('following who holds what', this.#follow(client))
  }

  stop(): void {
    this.#leaving.abort()
  }

  /** Takes what stands in a list: who is not in it is gone. */
  replace(items: readonly Manifest[]): void {
    const present = new Set(items.map(({ metadata }) => metadata.name))
    for (const name of this.#addresses.keys()) if (!present.has(name)) this.#release(name)
    for (const item of items) this.#look(item)
  }

  /** Takes an event of a watch. */
  see({ type, object }: WatchEvent): void {
    if (type === 'DELETED') this.#release(object.metadata.name)
    else if (type === 'ADDED' || type === 'MODIFIED') this.#look(object)
  }

  #look(object: Manifest): void {
    const { name } = object.metadata
    const ip = fieldAt(object, 'status', 'loadBalancer', 'ingress', 0, 'ip')
    const before = this.#addresses.get(name)
    if (ip === before) return
    if (before !== undefined) {
      this.violations.push(`${name} lost ${before}${typeof ip === 'string' ? ` and got ${ip}` : ''}`)
      this.#release(name)
    }
    if (typeof ip !== 'string') return
    const other = this.#holders.get(ip)
    if (other !== undefined) this.violations.push(`${ip} went to ${name} while ${other} held it`)
    this.#addresses.set(name, ip)
    this.#holders.set(ip, name)
  }

  #release(name: string): void {
    const ip = this.#addresses.get(name)
    this.#addresses.delete(name)
    if (ip !== undefined && this.#holders.get(ip) === name) this.#holders.delete(ip)
  }

  async #follow(client: ApiClient): Promise<void> {
    while (!this.#leaving.signal.aborted) {
      try {
        const { items, metadata } = await client.list(SERVICES)
        this.replace(items)
        const events = client.watch(SERVICES, metadata.resourceVersion, this.#leaving.signal)
        for await (const event of events) this.see(event)
      } catch {
        await sleep(AGAIN_MS) // an API server that is away is part of the story
      }
    }
  }
}
