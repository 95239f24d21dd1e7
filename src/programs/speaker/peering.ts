// SPDX-License-Identifier: Apache-2.0
/**
 * Where BGP, BFD and the configuration meet. Out of the BGPPeers that select this node, its links, the routers heard on
 * them and the state of BFD come the sessions that there should be; any change of these makes them anew, and what is
 * equal is not disturbed. BFD and BGP know nothing of each other: `#bfdDown` is the hop between them.
 */
import type { PeerEvent, PeerSetup } from '../../bgp/peer-setup.ts'
import type { PeerRoute } from '../../bgp/rib-offers.ts'
import type { StopReason } from '../../bgp/session.ts'
import { BgpSpeaker } from '../../bgp/speaker.ts'
import type { BfdReflex } from '../../lib/bfd-reflex.ts'
import type { Clock } from '../../lib/clock.ts'
import { formatIp } from '../../lib/ip.ts'
import { createLog, type Log } from '../../lib/log.ts'
import type { Links } from '../../lib/net.ts'
import type { PeerSockets } from '../../lib/peer-sockets.ts'
import type { Routers } from '../../lib/routers.ts'
import type { SocketAddress } from '../../lib/sockets.ts'
import { supervise } from '../../lib/supervise.ts'
import type { Model } from '../../model/model.ts'
import type { Peer } from '../../model/peer.ts'
import type { Orders } from '../listeners/orders.ts'
import { bfdNeed } from './bfd-needs.ts'
import { BgpDebug } from './bgp-debug.ts'
import { farewellFor, leaveFor } from './farewell.ts'
import { Drain, type DrainState, type Leaving, leavingOf } from './leaving.ts'
import { NearRouters } from './near-routers.ts'
import { ownAddresses, routerIdOf } from './own-side.ts'
import { PeerBfd } from './peer-bfd.ts'
import { peerSetup } from './peer-setups.ts'
import type { PeerReadings } from './peers-readings.ts'
import { SessionLog } from './session-log.ts'
import type { Routing } from './speaker.ts'

export type PeeringOptions = Readonly<{
  node: string
  links: Links
  sockets: PeerSockets
  /** Called when the first peer is named by its interface. */
  openRouters(): Routers
  /** Called when the first peer has a BFD profile. */
  openReflex(): BfdReflex
  clock: Clock
  /** In [0, 1), and hard to guess. */
  random: () => number
  log: Log
  /** --bgp-listen; null: nobody can dial us. */
  listen: SocketAddress | null
  /** --bgp-drain-time. */
  drainMs: number
  ignoreExcludeLabel: boolean
  /** A session of one of these peers came up, or one that was up is down. */
  onSession?(event: PeerEvent): void
  /** Whether no other speaker will follow on this node; asked when this one stops. */
  isRemoved?(): Promise<boolean>
  /** `isDraining` is another one. */
  onReplan(): void
}>

/** For routers to take what is on its way to them, when this speaker stops. */
const TELLING_MS = 2000

export class Peering implements Routing {
  readonly #options: PeeringOptions
  readonly #bgp: BgpSpeaker
  readonly #bfd: PeerBfd
  readonly #routers: NearRouters
  readonly #drain: Drain
  readonly #said: SessionLog
  readonly #debug: BgpDebug
  /** Kept as long as nobody asks for another one: a link that comes or goes is no reason to begin sessions anew. */
  readonly #routerIds = new Map<string, number>()
  #model: Model | null = null
  #peers: readonly Peer[] = []
  /** Those whose last word may be due now. */
  #peersBefore: readonly Peer[] = []
  /** Nothing changes any more. */
  #isFrozen = false
  /** This node has left, and has no sessions until it stays. */
  #left: Leaving | null = null
  #stopping: Promise<void> | null = null
  /** How each session is to end, once that is decided. */
  readonly #farewells = new Map<string, StopReason>()

  constructor(options: PeeringOptions) {
    const { links, sockets, clock, random, log, drainMs } = options
    this.#options = options
    this.#said = new SessionLog(log)
    // What was asked for by hand is seen whatever the level, and is no part of the history.
    this.#debug = new BgpDebug(createLog('info'), this.readings)
    this.#bgp = new BgpSpeaker({
      sockets,
      clock,
      random,
      restarting: true,
      ownAddresses: (name, local) => this.#ownAddresses(name, local),
      onEvent: (event) => this.#told(event),
      onFault: (fault) => log.warn(fault.message, { event: 'bgpListening' }),
      onMessage: (...message) => this.#debug.message(...message),
    })
    this.#bfd = new PeerBfd(options, {
      onUp: (names) => this.#bfdUp(names),
      onDown: (names, why, { peerIndependent }) => this.#bfdDown(names, why, peerIndependent),
    })
    this.#routers = new NearRouters(
      () => options.openRouters(),
      log,
      () => this.#apply(),
    )
    this.#drain = new Drain({ clock, drainMs, onChange: (state) => this.#drainChanged(state) })
    links.onChange(() => {
      this.#apply()
      this.#bgp.addressesChanged()
    })
  }

  /** Opens what peers dial, where that is asked for. Rejects with a Fault. */
  async start(): Promise<void> {
    if (this.#options.listen) await this.#bgp.listen(this.#options.listen)
  }

  get isDraining(): boolean {
    return this.#drain.state.phase === 'draining'
  }

  configured(model: Model): void {
    const { node, ignoreExcludeLabel } = this.#options
    const announced = this.#model?.nodes.has(node) ?? false
    const before = this.#peers
    this.#peersBefore = before
    this.#model = model
    this.#peers = model.peers.filter(({ nodes }) => nodes.has(node))
    const leaving = leavingOf(model.nodes.get(node), { ignoreExcludeLabel, daemonSetDeleted: false })
    this.#drain.update(leaving, { announced })
    this.#apply(new Set(this.#peers.filter((peer) => before.some((one) => isMoved(one, peer))).map(({ name }) => name)))
  }

  set(service: string, routes: readonly PeerRoute[]): void {
    this.#bgp.set(service, routes)
  }

  planned(): void {
    this.#bgp.planned()
  }

  /**
   * A node that leaves has withdrawn its routes by now: once routers have heard that, its sessions end. One that was never to
   * announce has them all the same, as kubeadm's control planes have with MetalLB.
   */
  settled(): void {
    const { state } = this.#drain
    if (state.phase !== 'left' || !state.announced || this.#left || this.#isFrozen) return
    this.#left = state.leaving
    supervise('taking leave of routers', this.#cease(state.leaving))
  }

  /** What metrics and documents read, as it is now. */
  get readings(): PeerReadings {
    return {
      node: this.#options.node,
      peers: () => this.#bgp.peers(),
      configured: (name) => this.#peers.find((peer) => peer.name === name),
      sent: (name) => this.#bgp.sent(name),
      held: (name) => this.#bgp.held(name),
      bfd: () => this.#bfd.views(),
      bfdDropped: () => this.#bfd.drops(),
    }
  }

  /** What can be asked for while it runs. */
  get orders(): Orders {
    return this.#debug
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#leave()
    return this.#stopping
  }

  async #leave(): Promise<void> {
    const { node, ignoreExcludeLabel, isRemoved } = this.#options
    // Only who could come back has to know whether it will.
    const mayReturn = this.#peers.some(({ gracefulRestart }) => gracefulRestart !== null)
    const daemonSetDeleted = mayReturn && isRemoved !== undefined && (await isRemoved())
    this.#isFrozen = true
    this.#drain.stop()
    const leaving = leavingOf(this.#model?.nodes.get(node), { ignoreExcludeLabel, daemonSetDeleted })
    const views = [...this.#bgp.peers()]
    for (const { name, session } of views) {
      const peer = this.#peers.find((one) => one.name === name) ?? { gracefulRestart: null }
      this.#farewells.set(name, farewellFor(peer, leaving, session))
    }
    const reason = (name: string) => this.#farewells.get(name) ?? { kind: 'drain' as const, text: '' }
    const drained = views.filter(
      ({ name, session, routes }) =>
        session.state === 'Established' && routes.sent > 0 && reason(name).kind === 'drain',
    )
    if (drained.length > 0) await this.#leadElsewhere(drained.map(({ name }) => name))
    this.#bfd.hush()
    await this.#bgp.close(reason)
    this.#bfd.close()
    this.#routers.close()
  }

  /** The time counts from when the last of them was told. */
  async #leadElsewhere(names: readonly string[]): Promise<void> {
    const { clock, drainMs } = this.#options
    if (drainMs === 0) return
    for (const name of names) this.#bgp.drain(true, name)
    await this.#heard()
    await pause(clock, this.#drain.remainingMs ?? drainMs)
  }

  async #cease(leaving: Leaving): Promise<void> {
    await this.#heard()
    if (this.#isFrozen || this.#left !== leaving) return
    this.#bgp.configure([], leaveFor(leaving.message))
    this.#apply()
  }

  /** Resolves when routers were handed all that there is to tell; who reads slowly is not waited for. */
  async #heard(): Promise<void> {
    const limit = new AbortController()
    await Promise.race([this.#bgp.settled(), pause(this.#options.clock, TELLING_MS, limit.signal)])
    limit.abort()
  }

  /** What sessions there should be, given everything that is known now. `moved`: peers that are said to be elsewhere. */
  #apply(moved: ReadonlySet<string> = new Set()): void {
    if (this.#isFrozen || !this.#model) return
    const links = this.#options.links.list()
    const peers = this.#peers
    this.#routers.watch(peers.flatMap((peer) => peer.interface ?? []))
    const near = { links, neighbour: (link: string) => this.#routers.neighbour(link) }
    const profiles = this.#model.bfdProfiles
    const profileOf = ({ bfdProfile }: Peer) => (bfdProfile === null ? undefined : profiles.get(bfdProfile))
    const needs = (this.#left ? [] : peers).flatMap((peer) => {
      const profile = profileOf(peer)
      return profile ? (bfdNeed(peer, profile, { ...near, live: this.#bfd.live(peer.name) }) ?? []) : []
    })
    this.#bfd.configure(needs, (device) => links.find(({ name }) => name === device)?.index ?? null)
    const setups = peers.map((peer) => {
      const profile = profileOf(peer)
      // A session that is not there yet, as it is not known where the peer is, is not up either.
      const bfdUp = profile ? (this.#bfd.isUp(peer.name) ?? false) : null
      const strictStart = profile?.strictStart ?? false
      const around = { ...near, node: this.#options.node, bfdUp, strictStart, leaving: this.#left }
      return peerSetup(peer, { ...around, routerId: this.#routerId(peer) })
    })
    // A session goes on when its way is lost, but not when another way is asked for that there is not yet.
    const ended = setups.filter(({ name, reach }) => reach.withheld && moved.has(name))
    if (ended.length > 0) this.#bgp.configure(setups.filter((setup) => !ended.includes(setup)))
    this.#bgp.configure(setups)
    this.#sayWithheld(setups)
  }

  #sayWithheld(setups: readonly PeerSetup[]): void {
    const names = new Set(setups.map(({ name }) => name))
    this.#said.forget((name) => names.has(name))
    for (const name of this.#routerIds.keys()) if (!names.has(name)) this.#routerIds.delete(name)
    for (const { name, reach } of setups) if (reach.withheld) this.#said.withheld(name, reach.withheld)
  }

  #routerId(peer: Peer): number {
    const { node, links } = this.#options
    if (peer.routerId) return Number(peer.routerId.bits)
    const known = this.#routerIds.get(peer.name)
    if (known !== undefined) return known
    const found = routerIdOf(peer, { name: node, known: this.#model?.nodes.get(node) }, links.list())
    this.#routerIds.set(peer.name, found)
    return found
  }

  #ownAddresses(name: string, local: SocketAddress): ReturnType<typeof ownAddresses> {
    const peer = this.#peers.find((one) => one.name === name)
    if (!peer) return { ipv4: null, ipv6: null, linkLocal: null }
    return ownAddresses(peer, local.address, this.#options.links.list())
  }

  #told(event: PeerEvent): void {
    const peer = [...this.#peers, ...this.#peersBefore].find(({ name }) => name === event.peer)
    this.#said.told(event, peer ? addressOf(peer) : event.peer)
    this.#options.onSession?.(event)
    const isLate = event.type === 'up' && this.#farewells.get(event.peer)?.kind === 'drain'
    if (isLate) this.#bgp.drain(true, event.peer)
  }

  #bfdUp(names: readonly string[]): void {
    this.#apply()
    for (const name of names) this.#bgp.peerUp(name)
  }

  /** Forwarding to these peers is broken: their sessions end now, not when their hold time does. */
  #bfdDown(names: readonly string[], why: string, isIndependent: boolean): void {
    for (const name of names) this.#bgp.peerDown(name, why, isIndependent)
    this.#apply()
  }

  #drainChanged(state: DrainState): void {
    const { log, onReplan } = this.#options
    const why = state.phase === 'stays' ? {} : { reason: state.leaving.code, why: state.leaving.message }
    log.info(WORDS[state.phase], { event: 'drain', ...why })
    // What is withdrawn is not told once more as a route to be used.
    this.#bgp.drain(state.phase !== 'stays')
    if (state.phase === 'stays' && this.#left) {
      this.#left = null
      this.#apply()
    }
    onReplan()
  }
}

const WORDS = {
  stays: 'this node stays, and routers are told so',
  draining: 'this node is to leave: routers are asked to prefer others',
  left: 'this node leaves: nothing is announced from here any more',
} as const

/** Another place to be reached at, or from. */
function isMoved(before: Peer, after: Peer): boolean {
  return before.name === after.name && placeOf(before) !== placeOf(after)
}

function placeOf({ address, interface: link, sourceAddress }: Peer): string {
  return [address && formatIp(address), sourceAddress && formatIp(sourceAddress), link].join(' ')
}

/** Resolves after so long, or when it is aborted. */
function pause(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  if (ms <= 0) return Promise.resolve()
  return new Promise((resolve) => {
    const timer = clock.after(ms, resolve)
    signal?.addEventListener('abort', () => timer.cancel(), { once: true })
  })
}

/** As MetalLB's metrics name it. */
function addressOf({ address, interface: link, port }: Peer): string {
  return `${address ? formatIp(address) : link}:${port}`
}
