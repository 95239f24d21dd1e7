// SPDX-License-Identifier: Apache-2.0
import type { Endpoint } from '../../model/endpoint.ts'

/** What is kept of one EndpointSlice: no two endpoints of it alike. */
export type Serving = readonly Endpoint[]

type Shared = Readonly<{ endpoint: Endpoint; alone: Serving }>

/** Node names come and go with autoscaling; past this many the table starts anew, and costs a few copies. */
const MOST_SHARED = 8192
const NONE: Serving = []

/**
 * Keeps what decides an announcement of a slice's endpoints, in one copy for all slices: every speaker knows every slice
 * of the cluster, as a Service may become a LoadBalancer at any time, and most of them say "ready on that node".
 */
export class ServingTable {
  readonly #shared = new Map<string, Shared>()

  /** The same endpoints without repetition; how many addresses one has counts as none or some. */
  reduce(endpoints: readonly Endpoint[]): Serving {
    const [only, ...rest] = endpoints
    if (!only) return NONE
    if (rest.length === 0) return this.#share(only).alone
    const distinct = [...new Set(endpoints.map((endpoint) => this.#share(endpoint)))]
    const [first, second] = distinct
    return first && !second ? first.alone : distinct.map(({ endpoint }) => endpoint)
  }

  #share({ nodeName, canServe, addresses }: Endpoint): Shared {
    const key = `${canServe ? 's' : '-'}${addresses > 0 ? 'a' : '-'}${nodeName === null ? '' : `/${nodeName}`}`
    const known = this.#shared.get(key)
    if (known) return known
    if (this.#shared.size >= MOST_SHARED) this.#shared.clear()
    const endpoint = { nodeName, canServe, addresses: Math.min(addresses, 1) }
    const shared = { endpoint, alone: [endpoint] }
    this.#shared.set(key, shared)
    return shared
  }
}

/** Whether two slices decide the same; what `reduce` made of equal ones is alike in order only where they were. */
export function sameServing(a: Serving, b: Serving): boolean {
  return a === b || (a.length === b.length && a.every((endpoint, index) => alike(endpoint, b[index])))
}

function alike(a: Endpoint, b: Endpoint | undefined): boolean {
  return a.nodeName === b?.nodeName && a.canServe === b.canServe && a.addresses === b.addresses
}
