// SPDX-License-Identifier: Apache-2.0
/** Where other speakers may be, for a member list that wants to find them: by their Pods, or by the Nodes there are. */
import { type KubeApi, KubeFault } from '../../kube/api.ts'
import { listAll } from '../../kube/list.ts'
import { PODS, pathOf } from '../../kube/resource.ts'
import { Slices } from '../../kube/slices.ts'
import type { Clock } from '../../lib/clock.ts'
import { Fault } from '../../lib/fault.ts'
import { formatIp, type Ip, parseIp } from '../../lib/ip.ts'
import type { Log } from '../../lib/log.ts'
import type { SocketAddress } from '../../lib/sockets.ts'
import { listAt, textAt } from '../../lib/unchecked.ts'
import type { Node } from '../../model/node.ts'

export type Discovery = Readonly<{
  /** All but ourselves, as far as they are known. Never rejects, and answers within a second or so. */
  peers(): Promise<readonly SocketAddress[]>
}>

type Common = Readonly<{
  /** The Nodes as they are known now. */
  nodes(): Iterable<Pick<Node, 'name' | 'addresses'>>
  /** Of the member list, the same everywhere. */
  port: number
  /** Our Node, and our own address in the member list, whose family the others' have. */
  own: Readonly<{ node: string; address: string }>
}>

export type PodDiscoveryOptions = Common &
  Readonly<{
    api: KubeApi
    namespace: string
    /** The selector of --ml-labels. */
    labels: string
    clock: Clock
    log: Log
  }>

/** What is kept of a Pod or Node, of which there may be a thousand. */
type Place = Readonly<{ node: string; addresses: readonly Ip[] }>

/** As MetalLB asks. Who comes later finds us. */
const RELIST_MS = 5 * 60_000
/** After a failure; who calls may be in a hurry, and the API server in trouble. */
const RETRY_MS = 10_000
/** Who begins should not wait for an API server that hangs: the Nodes will do meanwhile. */
const PATIENCE_MS = 1000

/** By the InternalIP addresses of the Nodes: each may run a speaker. */
export function nodeDiscovery({ nodes, port, own }: Common): Discovery {
  return { peers: () => Promise.resolve(peersAt(placesOf(nodes()), port, own)) }
}

/**
 * By the speakers' Pods, listed at the first question and again every 5 minutes. Where they cannot be listed: those that
 * were known before, or else the Nodes.
 */
export function podDiscovery(options: PodDiscoveryOptions): Discovery {
  return new PodDiscovery(options)
}

class PodDiscovery implements Discovery {
  readonly #options: PodDiscoveryOptions
  readonly #slices = new Slices()
  #pods: readonly Place[] | null = null
  #askAtMs = Number.NEGATIVE_INFINITY
  #asking: Promise<void> | null = null
  /** Of the last failure, said once; '' after a success. */
  #failure = ''

  constructor(options: PodDiscoveryOptions) {
    this.#options = options
  }

  async peers(): Promise<readonly SocketAddress[]> {
    const { clock, nodes, port, own } = this.#options
    if (clock.monotonicMs() >= this.#askAtMs) this.#asking ??= this.#ask()
    if (this.#asking) {
      const patience = Promise.withResolvers<void>()
      const timer = clock.after(PATIENCE_MS, patience.resolve)
      await Promise.race([this.#asking, patience.promise])
      timer.cancel()
    }
    return peersAt(this.#pods ? withNodes(this.#pods, nodes()) : placesOf(nodes()), port, own)
  }

  async #ask(): Promise<void> {
    const { clock, log } = this.#options
    try {
      this.#pods = await this.#list()
      this.#askAtMs = clock.monotonicMs() + RELIST_MS
      if (this.#failure !== '') log.info('the Pods of the speakers can be listed again', {})
      this.#failure = ''
    } catch (thrown) {
      if (!(thrown instanceof Fault)) throw thrown
      this.#askAtMs = clock.monotonicMs() + RETRY_MS
      this.#report(thrown)
    } finally {
      this.#asking = null
    }
  }

  async #list(): Promise<readonly Place[]> {
    const { api, namespace, labels } = this.#options
    const places: Place[] = []
    await listAll({
      api,
      slices: this.#slices,
      signal: new AbortController().signal, // the client ends it when it is closed
      path: pathOf(PODS, { namespace }),
      query: { labelSelector: labels },
      take(pod) {
        places.push(...placeOf(pod))
        return null
      },
    })
    return places
  }

  #report(fault: Fault<{ code: string }>): void {
    const { code } = fault.kind
    if (code === this.#failure || code === 'aborted') return
    this.#failure = code
    const instead = this.#pods ? 'those known before count' : 'the addresses of the Nodes are tried'
    const why = fault instanceof KubeFault && code === 'forbidden' ? ' (the right to list pods is missing)' : ''
    this.#options.log.warn(`the Pods of the speakers cannot be listed${why}; ${instead}`, { error: fault.message })
  }
}

/** Of a Pod that may run; none of one that has ended. */
function placeOf(pod: unknown): Place[] {
  if (['Failed', 'Succeeded'].includes(textAt(pod, 'status', 'phase'))) return []
  const texts = [textAt(pod, 'status', 'podIP'), ...listAt(pod, 'status', 'podIPs').map((one) => textAt(one, 'ip'))]
  return [{ node: textAt(pod, 'spec', 'nodeName'), addresses: texts.flatMap((text) => parseIp(text) ?? []) }]
}

type KnownNodes = ReturnType<Common['nodes']>

function placesOf(nodes: KnownNodes): Place[] {
  return Array.from(nodes, ({ name, addresses }) => ({ node: name, addresses }))
}

/** A Pod that has no address yet, or none of our family, has that of its Node, whose network it is in. */
function withNodes(pods: readonly Place[], nodes: KnownNodes): readonly Place[] {
  const known = new Map(Array.from(nodes, ({ name, addresses }) => [name, addresses]))
  return pods.map(({ node, addresses }) => ({ node, addresses: [...addresses, ...(known.get(node) ?? [])] }))
}

/** Each once, and not our own, whatever Node or Pod claims to have it. */
function peersAt(places: readonly Place[], port: number, own: Common['own']): readonly SocketAddress[] {
  const family = own.address.includes(':') ? 'ipv6' : 'ipv4'
  const others = new Set<string>()
  for (const { node, addresses } of places) {
    const ip = node === own.node ? undefined : addresses.find((one) => one.family === family)
    if (ip) others.add(formatIp(ip))
  }
  others.delete(own.address)
  return [...others].map((address) => ({ address, port }))
}
