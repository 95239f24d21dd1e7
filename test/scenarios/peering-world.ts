// SPDX-License-Identifier: Apache-2.0
/**
 * A node as the program runs it, with routers beside it, in simulated time: the real Speaker and Peering over objects of
 * an API server, and TCP, BFD, links and router advertisements in memory.
 */
import assert from 'node:assert/strict'
import type { Config } from '../../src/bgp/session.ts'
import { Responder } from '../../src/l2/responder.ts'
import { createLog, type Log } from '../../src/lib/log.ts'
import { Metrics } from '../../src/lib/metrics.ts'
import type { Link } from '../../src/lib/net.ts'
import type { KubeObject } from '../../src/lib/object.ts'
import { supervise } from '../../src/lib/supervise.ts'
import { registerPeerMetrics } from '../../src/programs/speaker/bgp-metrics.ts'
import { Peering, type PeeringOptions } from '../../src/programs/speaker/peering.ts'
import { Speaker } from '../../src/programs/speaker/speaker.ts'
import * as objects from '../model/objects.ts'
import { SimBfdReflex } from '../sim/bfd-reflex.ts'
import { MemoryObjects } from '../sim/memory-objects.ts'
import { SimReflex } from '../sim/neighbor-reflex.ts'
import { SimNetwork } from '../sim/network.ts'
import type { SimPeerSockets } from '../sim/peer-sockets.ts'
import { SimRouters } from '../sim/routers.ts'
import { SimLinks } from '../sim/wire.ts'
import * as bfd from './bfd-routers.ts'
import { Router, type RouterSession, SpeakerWorld } from './bgp-speaker-world.ts'

export const NODE = '10.0.0.11'
export const NODE_SIX = 'fd00::11'
export const NODE_LOCAL = 'fe80::11'
export const TOR = '10.0.0.1'
export const SPINE = '10.0.0.2'
export const PREFIX = '192.0.2.1/32'
export const OUR_ASN = 64_500
export const THEIR_ASN = 64_600
/** GRACEFUL_SHUTDOWN, RFC 8326. */
export const GSHUT = 0xffff_0000
export const DRAIN_MS = 3000

export const ETH0: Link = {
  index: 2,
  name: 'eth0',
  mac: '02:00:00:00:00:11',
  up: true,
  carrier: true,
  broadcast: true,
  noArp: false,
  multicast: true,
  hasMaster: false,
  master: null,
  linkLocal: NODE_LOCAL,
  addresses: [
    { address: NODE, prefixBits: 24 },
    { address: NODE_SIX, prefixBits: 64 },
  ],
}

/** A BGPPeer of the router at TOR, unless told otherwise. */
export const torPeer = (spec: object = {}, name = 'tor'): KubeObject =>
  objects.peer(name, { myASN: OUR_ASN, peerASN: THEIR_ASN, peerAddress: TOR, ...spec })

export const spinePeer = (spec: object = {}): KubeObject => torPeer({ peerAddress: SPINE, ...spec }, 'spine')

/** The node under test; `iris2` serves, too, and has no speaker here. */
export const iris1 = (labels: Record<string, string> = {}, status: object = {}): KubeObject =>
  objects.node('iris1', labels, { addresses: [{ type: 'InternalIP', address: NODE }], ...status })

export function service(name: string, ips: readonly string[], spec: object = {}): readonly KubeObject[] {
  const meta = { namespace: 'default' }
  const sections = {
    spec: { type: 'LoadBalancer', ports: [{ port: 80 }], ...spec },
    status: { loadBalancer: { ingress: ips.map((ip) => ({ ip })) } },
  }
  const endpoints = [{ addresses: ['10.244.0.9'], nodeName: 'iris1', conditions: { ready: true } }]
  const slice = objects.core('EndpointSlice', name, { endpoints, addressType: 'IPv4' }, meta)
  const labels = { 'kubernetes.io/service-name': name }
  return [
    objects.core('Service', name, sections, meta),
    { ...slice, apiVersion: 'discovery.k8s.io/v1', metadata: { ...slice.metadata, labels } },
  ]
}

/** One Service at 192.0.2.1 announced to all peers. */
export const BASE: readonly KubeObject[] = [
  objects.namespace('default'),
  objects.node('iris2'),
  iris1(),
  objects.pool('v4', ['192.0.2.0/24']),
  objects.bgp('all'),
  ...service('web', ['192.0.2.1']),
]

const QUIET = createLog('none')

/** The network, and the API server. */
export class PeeringWorld {
  readonly bgp = new SpeakerWorld()
  readonly clock = this.bgp.clock
  readonly datagrams = new SimNetwork(this.clock)
  readonly api = new MemoryObjects()

  constructor(...all: readonly KubeObject[]) {
    this.api.apply(...BASE, ...all)
  }

  until(condition: () => boolean, limitMs: number, what: string): Promise<void> {
    return this.bgp.until(condition, limitMs, what)
  }

  /** Lets so much time pass, with turns of the real event loop in it. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 50) await this.clock.advance(Math.min(50, left))
  }

  /** A router that lets the node dial it. `nodes`: what the node shows itself as. */
  router(address: string, config: Partial<Config> = {}, nodes: readonly string[] = [NODE]): Promise<Router> {
    return Router.at(this.bgp, address, nodes, { localAsn: THEIR_ASN, remoteAs: OUR_ASN, ...config })
  }

  /** A router at the other end of BFD. */
  bfdRouter(address: string, ...others: readonly string[]): bfd.Router {
    return new bfd.Router({ clock: this.clock, network: this.datagrams }, address, others)
  }
}

type Fields = Partial<Pick<PeeringOptions, 'drainMs' | 'ignoreExcludeLabel' | 'isRemoved' | 'listen'>> &
  Readonly<{ links?: readonly Link[]; addresses?: readonly string[] }>

/** A speaker of iris1. */
export class PeeringNode {
  readonly world: PeeringWorld
  readonly links: SimLinks
  readonly routers = new SimRouters()
  readonly sockets: SimPeerSockets
  readonly peering: Peering
  readonly speaker: Speaker
  readonly lines: string[] = []
  readonly log: Log = createLog('all', (line) => this.lines.push(line))
  /** `up tor`, `down tor: why`, `failed …`. */
  readonly story: string[] = []
  readonly metrics = new Metrics()
  /** Whether the thread of BFD was asked for. */
  hasReflex = false

  constructor(
    world: PeeringWorld,
    { links = [ETH0], addresses = [NODE, NODE_SIX, NODE_LOCAL], ...fields }: Fields = {},
  ) {
    this.world = world
    this.links = new SimLinks(links)
    this.sockets = world.bgp.peers.host(addresses)
    const network = world.datagrams.host(addresses)
    const { clock } = world
    this.peering = new Peering({
      node: 'iris1',
      links: this.links,
      sockets: this.sockets,
      openRouters: () => this.routers,
      openReflex: () => {
        this.hasReflex = true
        return new SimBfdReflex({ clock, network, random: world.bgp.random })
      },
      clock,
      random: world.bgp.random,
      log: this.log,
      listen: null,
      drainMs: DRAIN_MS,
      ignoreExcludeLabel: fields.ignoreExcludeLabel ?? false,
      onSession: (event) => this.story.push(`${event.type} ${event.peer}${'why' in event ? `: ${event.why}` : ''}`),
      onReplan: () => this.speaker.replanned(),
      ...fields,
    })
    this.speaker = this.#speaker(fields.ignoreExcludeLabel ?? false)
    registerPeerMetrics(this.metrics, this.peering.readings)
  }

  /** Begins to announce. */
  async start(): Promise<this> {
    await this.peering.start()
    await this.speaker.start()
    return this
  }

  /** SIGTERM. Answers how long it took, in milliseconds of the simulated clock. */
  async stop(limitMs = 30_000): Promise<number> {
    const beganMs = this.world.clock.monotonicMs()
    let isStopped = false
    const stop = async () => {
      await this.speaker.stop()
      isStopped = true
    }
    const stopped = stop()
    await this.world.until(() => isStopped, limitMs, 'the speaker has stopped')
    await stopped
    return this.world.clock.monotonicMs() - beganMs
  }

  state(name = 'tor'): string {
    const view = [...this.peering.readings.peers()].find((one) => one.name === name)
    return view ? (view.withheld?.reason ?? view.session.state) : 'none'
  }

  isUp(name = 'tor'): boolean {
    return [...this.peering.readings.peers()].some((one) => one.name === name && one.session.state === 'Established')
  }

  /** How often the session was established. */
  ups(name = 'tor'): number {
    return this.story.filter((line) => line === `up ${name}`).length
  }

  bfdStates(): string[] {
    return [...this.peering.readings.bfd()].map(({ state }) => state)
  }

  /** Events that the log has. */
  events(): string[] {
    return this.lines.map((line) => /"event":"(\w+)"/.exec(line)?.[1] ?? '')
  }

  #speaker(ignoreExcludeLabel: boolean): Speaker {
    const { clock, api } = this.world
    const responder = new Responder({
      reflex: new SimReflex(),
      links: this.links,
      clock,
      log: QUIET,
      excludeInterfaces: [],
      onSuspended: () => supervise('replan', this.speaker.replan()),
      onConflict: () => {},
    })
    return new Speaker({
      source: api.open(),
      responder,
      log: this.log,
      routing: this.peering,
      namespace: objects.NAMESPACE,
      node: 'iris1',
      classes: [],
      ignoreExcludeLabel,
      fillDefaults: true,
    })
  }
}

/** A node with one router at TOR, and the session up with 192.0.2.1 told. */
export async function connected(
  spec: object = {},
  config: Partial<Config> = {},
  fields: Fields & Readonly<{ objects?: readonly KubeObject[] }> = {},
): Promise<Readonly<{ world: PeeringWorld; node: PeeringNode; tor: RouterSession; router: Router }>> {
  const { objects: more = [], ...rest } = fields
  const world = new PeeringWorld(torPeer(spec), ...more)
  const router = await world.router(TOR, config)
  const tor = router.of(NODE)
  const node = await new PeeringNode(world, rest).start()
  await world.until(() => tor.prefixes.includes(PREFIX), 60_000, 'the router has the route')
  return { world, node, tor, router }
}

/** Communities of the route to 192.0.2.1. */
export function communitiesOf(session: RouterSession, prefix = PREFIX): readonly number[] {
  return session.routes.get(prefix)?.attributes.communities ?? []
}

/** What the router's session was told last. */
export function lastOf(session: RouterSession): string {
  return session.log.at(-1) ?? assert.fail('nothing happened to it')
}
