// SPDX-License-Identifier: Apache-2.0
/** Where other speakers may be, for a member list that wants to find them: by their Pods, or by the Nodes there are. */
import { type KubeApi, KubeFault } from '../../kube/api.ts'
import { listAll } from '../../kube/list.ts'
import { PODS, pathOf } from '../../kube/resource.ts'
import { Slices } from '../../kube/slices.ts'
import { Trimmer } from '../../kube/trim.ts'
import type { Clock } from '../../lib/clock.ts'
import { Fault } from '../../lib/fault.ts'
import { type Family, formatIp, type Ip, parseIp } from '../../lib/ip.ts'
import type { Log } from '../../lib/log.ts'
import type { KubeObject } from '../../lib/object.ts'
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

/** As MetalLB asks. Who comes later finds us. */
const RELIST_MS = 5 * 60_000
/** After a failure; who calls may be in a hurry, and the API server in trouble. */
const RETRY_MS = 10_000
/** Who begins should not wait for an API server that hangs: the Nodes will do meanwhile. */
const PATIENCE_MS = 1000

/** By the InternalIP addresses of the Nodes: each may run a speaker. */
export function nodeDiscovery({ nodes, port, own }: Common): Discovery {
  return { peers: () => Promise.resolve(peersAt(addressesOfNodes(nodes(), own), port, own)) }
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
  #pods: readonly KubeObject[] | null = null
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
    const addresses = this.#pods
      ? addressesOfPods(this.#pods, new Map([...nodes()].map((node) => [node.name, node])), own)
      : addressesOfNodes(nodes(), own)
    return peersAt(addresses, port, own)
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

  async #list(): Promise<readonly KubeObject[]> {
    const { api, namespace, labels } = this.#options
    const trimmer = new Trimmer(PODS)
    const { objects } = await listAll({
      api,
      slices: this.#slices,
      signal: new AbortController().signal, // the client ends it when it is closed
      path: pathOf(PODS, { namespace }),
      query: { labelSelector: labels },
      take: (pod) => trimmer.trim(pod),
    })
    return objects
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

/** A Pod that has no address yet will have that of its Node, whose network it is in. */
function addressesOfPods(
  pods: readonly KubeObject[],
  nodes: ReadonlyMap<string, Pick<Node, 'name' | 'addresses'>>,
  own: Common['own'],
): (Ip | undefined)[] {
  const family = familyOf(own)
  return pods.map((pod) => {
    const node = textAt(pod, 'spec', 'nodeName')
    if (node === own.node || ['Failed', 'Succeeded'].includes(textAt(pod, 'status', 'phase'))) return undefined
    const texts = [textAt(pod, 'status', 'podIP'), ...listAt(pod, 'status', 'podIPs').map((one) => textAt(one, 'ip'))]
    const ofPod = texts.map(parseIp).find((ip) => ip?.family === family)
    return ofPod ?? nodes.get(node)?.addresses.find((ip) => ip.family === family)
  })
}

function addressesOfNodes(nodes: Iterable<Pick<Node, 'name' | 'addresses'>>, own: Common['own']): (Ip | undefined)[] {
  const family = familyOf(own)
  return [...nodes].map(({ name, addresses }) =>
    name === own.node ? undefined : addresses.find((ip) => ip.family === family),
  )
}

function familyOf({ address }: Common['own']): Family {
  return address.includes(':') ? 'ipv6' : 'ipv4'
}

/** Each once, and not our own, whatever Node or Pod claims to have it. */
function peersAt(addresses: readonly (Ip | undefined)[], port: number, own: Common['own']): readonly SocketAddress[] {
  const others = new Set(addresses.flatMap((ip) => (ip ? [formatIp(ip)] : [])))
  others.delete(own.address)
  return [...others].map((address) => ({ address, port }))
}
