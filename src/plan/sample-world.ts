// SPDX-License-Identifier: Apache-2.0
/** A small world to plan in, for tests and benches: each builder fills in what a case does not care about. */
import { parseIp } from '../lib/ip.ts'
import { formatCidr, parseCidr, rangeOf } from '../lib/prefix.ts'
import type { BgpAdvertisement, L2Advertisement } from '../model/advertisement.ts'
import type { Community } from '../model/community.ts'
import type { Endpoint } from '../model/endpoint.ts'
import type { Model } from '../model/model.ts'
import type { Node } from '../model/node.ts'
import type { Peer } from '../model/peer.ts'
import type { Pool } from '../model/pool.ts'
import { PoolIndex } from '../model/pool-index.ts'
import type { Labels, Selector } from '../model/selector.ts'
import type { Service } from '../model/service.ts'
import type { World } from './world.ts'

/** Service `default/web` with one address of the pool `a` below. */
export function service(fields: Partial<Service> & { ips?: readonly string[] } = {}): Service {
  const { ips = ['10.0.0.1'], ...rest } = fields
  return {
    key: 'default/web',
    namespace: 'default',
    name: 'web',
    labels: {},
    annotations: {},
    createdMs: 0,
    type: 'LoadBalancer',
    loadBalancerClass: null,
    ipFamilyPolicy: 'SingleStack',
    ipFamilies: ['ipv4'],
    clusterFamilies: ['ipv4'],
    headless: false,
    externalTrafficPolicy: 'Cluster',
    podSelector: {},
    ports: [{ protocol: 'TCP', port: 80 }],
    loadBalancerIp: '',
    healthCheckNodePort: null,
    ingress: ips.map((ip) => ({ ip })),
    ...rest,
  }
}

/** An endpoint that can serve, on that node. */
export function ready(nodeName: string | null): Endpoint {
  return { nodeName, canServe: true, addresses: 1 }
}

export function labelled(key: string, value: string): Selector {
  return { requirements: [{ key, operator: 'In', values: [value] }] }
}

export function node(name: string, fields: Partial<Node> = {}): Node {
  const labels: Labels = {}
  return { name, labels, addresses: [], networkUnavailable: false, excluded: false, leaving: null, ...fields }
}

export function pool(name: string, ...prefixes: string[]): Pool {
  const blocks = prefixes.map((text) => {
    const cidr = parseCidr(text)
    if (!cidr) throw new TypeError(`"${text}" is not a prefix`)
    return { text: formatCidr(cidr), range: rangeOf(cidr), cidrs: [cidr] }
  })
  return { name, labels: {}, blocks, autoAssign: true, avoidBuggyIps: false, allocation: null }
}

export function l2Ad(nodes: Iterable<string>, fields: Partial<L2Advertisement> = {}): L2Advertisement {
  return { name: 'l2', nodes: new Set(nodes), interfaces: [], serviceSelectors: [], scores: new Map(), ...fields }
}

export function bgpAd(nodes: Iterable<string>, fields: Partial<BgpAdvertisement> = {}): BgpAdvertisement {
  return {
    name: 'bgp',
    nodes: new Set(nodes),
    peers: new Set(),
    serviceSelectors: [],
    aggregationLength: 32,
    aggregationLengthV6: 128,
    localPref: null,
    communities: [],
    asPrepend: null,
    med: null,
    ...fields,
  }
}

/** `65000:1`, or `large:65000:1:2`. */
export function community(text: string): Community {
  const numbers = text.replace('large:', '').split(':').map(Number)
  const [a = 0, b = 0, c = 0] = numbers
  return numbers.length === 2
    ? { type: 'standard', value: a * 65_536 + b, text }
    : { type: 'large', global: a, local1: b, local2: c, text: numbers.join(':') }
}

/** An external peer at an IPv4 address, heard by these nodes. */
export function peer(name: string, nodes: Iterable<string>, fields: Partial<Peer> = {}): Peer {
  return {
    name,
    myAsn: 64_500,
    remoteAs: 64_501,
    localAsn: null,
    address: parseIp('192.168.1.1') ?? null,
    interface: null,
    sourceAddress: null,
    port: 179,
    holdMs: null,
    keepaliveMs: null,
    connectMs: null,
    routerId: null,
    nodes: new Set(nodes),
    password: null,
    bfdProfile: null,
    gracefulRestart: null,
    ebgpMultiHop: false,
    vrf: null,
    dualStackAddressFamily: false,
    passive: false,
    ttlSecurityHops: null,
    ...fields,
  }
}

export type Sketch = Readonly<{
  nodes?: readonly Node[]
  pools?: readonly Pool[]
  /** Advertisements of every pool. */
  l2?: readonly L2Advertisement[]
  bgp?: readonly BgpAdvertisement[]
  peers?: readonly Peer[]
}>

/** Every node has a live speaker; the pool is `a`, 10.0.0.0/8 and 2001:db8::/64, where the sketch has none. */
export function world(sketch: Sketch, fields: Partial<World> = {}): World {
  const { nodes = [], pools = [pool('a', '10.0.0.0/8', '2001:db8::/64')], l2 = [], bgp = [], peers = [] } = sketch
  const model: Model = {
    pools,
    poolIndex: new PoolIndex(pools),
    l2ByPool: new Map(pools.map(({ name }) => [name, l2])),
    bgpByPool: new Map(pools.map(({ name }) => [name, bgp])),
    peers,
    bfdProfiles: new Map(),
    nodes: new Map(nodes.map((each) => [each.name, each])),
  }
  const speakers = new Set(model.nodes.keys())
  return { model, speakers, interfaces: new Map(), ignoreExcludeLabel: false, ...fields }
}
