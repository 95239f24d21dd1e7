// SPDX-License-Identifier: Apache-2.0
/** What must hold before anybody announces a Service, and which nodes may answer for it on Layer 2. */
import { formatIp, type Ip, parseIp } from '../lib/ip.ts'
import type { L2Advertisement } from '../model/advertisement.ts'
import type { Endpoint } from '../model/endpoint.ts'
import type { Model } from '../model/model.ts'
import type { Pool } from '../model/pool.ts'
import type { Service } from '../model/service.ts'
import { list, quote } from '../model/wording.ts'
import { type Gate, gateKey, gateOf } from './gate.ts'
import { type Silence, type SilenceReason, silence } from './silence.ts'
import type { World } from './world.ts'

/** What a Service holds: addresses of one pool by canonical text, in the order of its status. `ip` is the first. */
export type Holding = Readonly<{ ok: true; ips: ReadonlyMap<string, Ip>; ip: string; pool: Pool }>

/** A decision that ended before it came to nodes. */
export type Silenced = Readonly<{ ok: false; silence: Silence }>

export function silenced(reason: SilenceReason, message: string): Silenced {
  return { ok: false, silence: silence(reason, message) }
}

/** The part of the decision that both protocols share. Pools are asked regardless of avoidBuggyIPs. */
export function holdingOf(service: Service, model: Model): Holding | Silenced {
  const { key, type, ingress } = service
  if (type !== 'LoadBalancer') {
    return silenced('notLoadBalancer', `${key} is of type ${type}; only Services of type LoadBalancer are announced`)
  }
  const ips = new Map<string, Ip>()
  for (const { ip: text } of ingress) {
    const ip = parseIp(text)
    if (!ip) {
      const found = text === '' ? 'an entry without ip' : `${quote(text)}, which is not an IP address`
      return silenced('invalidIP', `status.loadBalancer.ingress of ${key} has ${found}; nothing of it is announced`)
    }
    ips.set(formatIp(ip), ip)
  }
  const [first] = ips.keys()
  if (first === undefined) return silenced('noIPAllocated', `${key} has no address in status.loadBalancer.ingress yet`)
  const pool = model.poolIndex.findAll([...ips.values()])
  if (pool) return { ok: true, ips, ip: first, pool }
  const held = list([...ips.keys()])
  return silenced('ipNotAllowed', `no single IPAddressPool holds ${held} of ${key}; the controller will assign it anew`)
}

/** What decides which nodes may answer for a Service, once its advertisements are known. */
export type Qualification = Readonly<{
  world: World
  /** Those of the pool that select the Service, on whatever node. */
  ads: readonly L2Advertisement[]
  /** Nodes with an endpoint that can serve, or null where their place does not matter (policy Cluster). */
  serving: ReadonlySet<string> | null
  /** What each node probes on itself for this Service; null: nothing. */
  gate: Gate | null
}>

/** Qualification of a Service. The place of an endpoint counts for externalTrafficPolicy Local only. */
export function qualify(
  service: Service,
  endpoints: readonly Endpoint[],
  from: Pick<Qualification, 'world' | 'ads'>,
): Qualification {
  const gate = gateOf(service)
  if (service.externalTrafficPolicy === 'Cluster') return { ...from, serving: null, gate }
  const serving = new Set<string>()
  for (const { canServe, nodeName } of endpoints) if (canServe && nodeName !== null) serving.add(nodeName)
  return { ...from, serving, gate }
}

/**
 * Nodes that may answer, in no particular order. A health check that passes only on nodes that may not is as one that
 * passes nowhere: it never takes the last one away.
 */
export function candidatesOf(qualification: Qualification): string[] {
  const { gate, world } = qualification
  const ungated = { ...qualification, gate: null }
  const able: string[] = []
  for (const node of world.speakers) if (obstacleOn(node, ungated) === null) able.push(node)
  const healthy = gate ? able.filter((node) => !failsGate(node, gate, world)) : able
  return healthy.length > 0 ? healthy : able
}

/** What keeps `node` from answering, as the second half of a sentence about it; null if nothing does. */
export function obstacleOn(node: string, { world, ads, serving, gate }: Qualification): string | null {
  const state = world.model.nodes.get(node)
  if (!world.speakers.has(node)) return 'has no live speaker'
  if (state?.networkUnavailable) return 'has the condition NetworkUnavailable'
  if (state?.excluded && !world.ignoreExcludeLabel) {
    return 'carries the label node.kubernetes.io/exclude-from-external-load-balancers'
  }
  if (!ads.some(({ nodes }) => nodes.has(node))) return 'is selected by no L2Advertisement in force'
  if (!ads.some((ad) => ad.nodes.has(node) && hasInterface(node, ad, world))) {
    return 'has none of the interfaces that the L2Advertisement names'
  }
  if (serving && !serving.has(node)) return 'has no ready endpoint, which externalTrafficPolicy Local asks for'
  if (gate && failsGate(node, gate, world)) return `fails the health check ${wordsOf(gate)}, which others pass`
  return null
}

/** Whether a node is to be passed over because of its health: never, where no node is known to be better. */
export function failsGate(node: string, gate: Gate, { failing }: World): boolean {
  return failing?.get(gateKey(gate))?.has(node) ?? false
}

function wordsOf({ port, path }: Gate): string {
  return `on port ${port}${path === '/' ? '' : ` (${path})`}`
}

/** A node that is not known to lack every interface of the advertisement counts as having one. */
function hasInterface(node: string, { interfaces }: L2Advertisement, world: World): boolean {
  const known = world.interfaces.get(node)
  return interfaces.length === 0 || known === undefined || interfaces.some((name) => known.has(name))
}
