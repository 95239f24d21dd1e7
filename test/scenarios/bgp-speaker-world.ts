// SPDX-License-Identifier: Apache-2.0
/** Speakers with several peers on one simulated network, and routers that remember what they were told. */
import assert from 'node:assert/strict'
import type { OwnAddresses } from '../../src/bgp/attributes.ts'
import { encode } from '../../src/bgp/codec/codec.ts'
import {
  type AddressFamily,
  type Attributes,
  type Dialect,
  INITIAL_DIALECT,
  type Message,
  type Update,
} from '../../src/bgp/codec/message.ts'
import type { PeerEvent, PeerSetup, PeerView } from '../../src/bgp/peer-setup.ts'
import type { PeerRoute } from '../../src/bgp/rib-offers.ts'
import type { Path } from '../../src/bgp/route.ts'
import { type Config, openSession, type Send, type Session } from '../../src/bgp/session.ts'
import { BgpSpeaker } from '../../src/bgp/speaker.ts'
import { formatIp, parseIp } from '../../src/lib/ip.ts'
import { formatCidr, parseCidr } from '../../src/lib/prefix.ts'
import { randomOf } from '../fuzz/mutations.ts'
import { SimClock } from '../sim/clock.ts'
import { PausingClock } from '../sim/clock-pausing.ts'
import { SimNetwork } from '../sim/network.ts'
import { PeerNetwork, type SimPeerSockets } from '../sim/peer-sockets.ts'

export const PORT = 179
const OUR_ASN = 64_500
const STEP_MS = 10

export class SpeakerWorld {
  readonly clock = new SimClock()
  readonly network: SimNetwork
  readonly peers: PeerNetwork
  readonly random: () => number

  constructor(seed = 1) {
    this.network = new SimNetwork(this.clock, { seed })
    this.peers = new PeerNetwork(this.clock, this.network)
    this.random = randomOf(seed)
  }

  /** In steps: between any two of them a speaker has a turn of the real event loop for its UPDATEs. */
  async until(condition: () => boolean, limitMs: number, what: string): Promise<void> {
    const untilMs = this.clock.monotonicMs() + limitMs
    while (!(await this.clock.runUntil(condition, STEP_MS))) {
      assert.ok(this.clock.monotonicMs() < untilMs, `${what}, within ${limitMs / 1000} s`)
    }
  }
}

/** A node with a speaker, and what it told. */
export class NodeUnderTest {
  readonly address: string
  readonly sockets: SimPeerSockets
  readonly speaker: BgpSpeaker
  readonly process: PausingClock
  readonly events: PeerEvent[] = []
  readonly faults: Error[] = []
  own: OwnAddresses

  constructor(world: SpeakerWorld, address: string, { restarting = false }: Readonly<{ restarting?: boolean }> = {}) {
    this.address = address
    this.sockets = world.peers.host([address])
    this.process = new PausingClock(world.clock)
    const ip = parseIp(address) ?? null
    this.own = { ipv4: ip?.family === 'ipv4' ? ip : null, ipv6: ip?.family === 'ipv6' ? ip : null, linkLocal: null }
    this.speaker = new BgpSpeaker({
      sockets: this.sockets,
      clock: this.process,
      random: world.random,
      restarting,
      ownAddresses: () => this.own,
      onEvent: (event) => this.events.push(event),
      onFault: (fault) => this.faults.push(fault),
    })
  }

  view(name: string): PeerView {
    const view = [...this.speaker.peers()].find((one) => one.name === name)
    assert.ok(view, `there is a peer ${name}`)
    return view
  }

  isUp(name: string): boolean {
    return this.view(name).session.state === 'Established'
  }

  /** `up`, `down: why` and so on, of one peer. */
  story(name: string): string[] {
    return this.events
      .filter(({ peer }) => peer === name)
      .map((one) => ('why' in one ? `${one.type}: ${one.why}` : one.type))
  }
}

export const NODE_CONFIG: Config = {
  localAsn: OUR_ASN,
  remoteAs: 'external',
  routerId: 1,
  holdMs: 90_000,
  keepaliveMs: null,
  connectMs: null,
  passive: false,
  families: ['ipv4'],
  extendedNextHop: false,
  gracefulRestart: null,
  hostname: null,
}

/** A peer at this address, dialled. */
export function setupOf(name: string, address: string, config: Partial<Config> = {}): PeerSetup {
  const dial = { to: { address, port: PORT } }
  return { name, config: { ...NODE_CONFIG, ...config }, reach: { dial, withheld: null } }
}

/** A peer that cannot be dialled now. */
export function withheldOf(setup: PeerSetup): PeerSetup {
  const withheld = { reason: 'waitsForBfd', message: 'BFD is not up' } as const
  return { ...setup, reach: { dial: null, withheld } }
}

/** A router: one passive session for each node, and a table of what each told. */
export class Router {
  readonly address: string
  readonly sessions = new Map<string, RouterSession>()

  constructor(address: string) {
    this.address = address
  }

  /** Lets these nodes dial it. */
  static async at(
    world: SpeakerWorld,
    address: string,
    nodes: readonly string[],
    config: Partial<Config> = {},
  ): Promise<Router> {
    const router = new Router(address)
    const sockets = world.peers.host([address])
    for (const node of nodes) router.sessions.set(node, new RouterSession(world, config))
    await sockets.listen({
      local: { address, port: PORT },
      peers: new Map(nodes.map((node) => [node, {}])),
      onStream: (stream) => router.of(stream.remote.address).session.accept(stream),
      onFault: assert.fail,
    })
    return router
  }

  of(node: string): RouterSession {
    const session = this.sessions.get(node)
    assert.ok(session, `${this.address} has a session for ${node}`)
    return session
  }
}

export class RouterSession {
  readonly session: Session
  readonly process: PausingClock
  /** Every UPDATE of this connection. */
  updates: Update[] = []
  readonly log: string[] = []
  /** What the node has told by now, by prefix. */
  readonly routes = new Map<string, Readonly<{ attributes: Attributes; nextHops: readonly string[] }>>()
  #dialect: Dialect = INITIAL_DIALECT
  #send: Send = () => assert.fail('it was never up')

  constructor(world: SpeakerWorld, config: Partial<Config>) {
    this.process = new PausingClock(world.clock)
    this.session = openSession({
      config: { ...NODE_CONFIG, localAsn: 64_600, remoteAs: OUR_ASN, routerId: 99, passive: true, ...config },
      restarting: false,
      clock: this.process,
      random: world.random,
      connect: () => assert.fail('routers do not dial here'),
      onEstablished: ({ dialect }, send) => {
        this.log.push('up')
        this.#dialect = dialect
        this.#send = send
        this.updates = []
        this.routes.clear()
      },
      onDown: (why) => this.log.push(`down: ${why}`),
      onFailed: (why) => this.log.push(`failed: ${why}`),
      onUpdate: (update) => this.#take(update),
      onRefresh: () => undefined,
    })
    this.session.start()
  }

  say(message: Message): void {
    this.#send(encode(message, this.#dialect))
  }

  get prefixes(): string[] {
    return [...this.routes.keys()].toSorted()
  }

  get endsOfRib(): AddressFamily[] {
    return this.updates.flatMap(({ endOfRib }) => (endOfRib === null ? [] : [endOfRib]))
  }

  /** All messages received so far, but KEEPALIVEs. */
  get heard(): number {
    const { open, update, notification, routeRefresh } = this.session.view().counters.received
    return open + update + notification + routeRefresh
  }

  #take(update: Update): void {
    this.updates.push(update)
    for (const { prefixes } of update.unreach) for (const prefix of prefixes) this.routes.delete(formatCidr(prefix))
    for (const { prefixes, nextHops } of update.reach) {
      const route = { attributes: update.attributes, nextHops: nextHops.map(formatIp) }
      for (const prefix of prefixes) this.routes.set(formatCidr(prefix), route)
    }
  }
}

const PLAIN: Path = { localPref: null, communities: [], largeCommunities: [], med: null, prepend: [] }

/** One prefix to each of these peers. */
export function routesTo(peers: readonly string[], prefix: string, path: Partial<Path> = {}): PeerRoute[] {
  const cidr = parseCidr(prefix)
  assert.ok(cidr, `${prefix} is a prefix`)
  return peers.map((peer) => ({ peer, route: { prefix: cidr, ...PLAIN, ...path } }))
}

/** The n-th of many host prefixes. */
export function hostPrefix(n: number): string {
  return `203.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}/32`
}
