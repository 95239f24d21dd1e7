// SPDX-License-Identifier: Apache-2.0
/**
 * BFD with BGP peers: RFC 5881 over one hop (UDP 3784, TTL 255), RFC 5883 over several (UDP 4784). A session is fsm.ts's;
 * sending, receiving and deadlines are the reflex's; here is which sessions there are, and who is told of them.
 */
import type { BfdArrival, BfdReflex, ReflexId } from '../lib/bfd-reflex.ts'
import type { Clock, Timer } from '../lib/clock.ts'
import { Fault } from '../lib/fault.ts'
import type { Log } from '../lib/log.ts'
import { type ControlPacket, type Diag, decode, MALFORMATIONS, type Malformation } from './codec.ts'
import { type BfdNeed, describeNeed, type SharedNeed, shareNeeds, sideOf } from './need.ts'
import { PeerSession, type PeerTurn } from './peer-session.ts'
import { Ports } from './ports.ts'
import { type BfdView, viewOf } from './session-view.ts'

export type { BfdNeed, BfdProfileTimers } from './need.ts'
export type { BfdView } from './session-view.ts'

export type BfdSessionsOptions = Readonly<{
  /** The sessions' own: they listen to it and close it. */
  reflex: BfdReflex
  clock: Clock
  /** In [0, 1), hard to guess: discriminators tell packets of this session from others. */
  random: () => number
  log: Log
  onUp(names: readonly string[]): void
  /**
   * Once for each time that it was Up, unless the peer has switched BFD off or nobody needs the session any more.
   * `peerIndependent`: the peer's forwarding does not share the fate of what speaks BFD and BGP there (RFC 5882 §4.3).
   */
  onDown(names: readonly string[], why: string, how: Readonly<{ diag: Diag; peerIndependent: boolean }>): void
}>

/** A packet that was not listened to: malformed, or for no session of ours. */
export type BfdDrop = Malformation | 'unknownSession'

const RETRY_MS = 5000
/**
 * FRR makes its session anew when BGP comes up, and so does anybody who restarts. Who is Down sends once a second (RFC 5880
 * §6.8.3), so a path that works is Up again after two packets of each side.
 */
const RESTART_MS = 3000
/** Pauses are told together at this pace. */
const PAUSES_EVERY_MS = 60_000
const FAREWELLS = 3
/** RFC 5880 §6.8.16 wants the peer to hear AdminDown: at least three times, at the slow rate. */
const LEAVING_MS = 2500
const MOST_ID = 0xffff_ffff

export class BfdSessions {
  readonly #options: BfdSessionsOptions
  readonly #ports: Ports
  readonly #places = new Map<string, PeerSession>()
  readonly #names = new Map<string, PeerSession>()
  readonly #drops = new Map<BfdDrop, number>()
  /** Those that take their leave, and until when. */
  readonly #leaving = new Map<PeerSession, Timer>()
  /** BGPPeers whose peer has begun anew, until it is taken for down; by name, as they may have another session by then. */
  readonly #doubts = new Map<string, Readonly<{ timer: Timer; need: BfdNeed }>>()
  #retry: Timer | null = null
  #closed = false
  /** What nobody was told of yet, and when that may be. */
  #pausedMs = 0
  #nextPauseMs = Number.NEGATIVE_INFINITY

  constructor(options: BfdSessionsOptions) {
    this.#options = options
    this.#ports = new Ports(options.reflex)
    options.reflex.listen({
      onPacket: (arrival) => this.#onPacket(arrival),
      onSilence: (id) => this.#with(id, (peer) => this.#tell(peer, peer.onSilence())),
      onEchoSilence: (id) => this.#with(id, (peer) => this.#tell(peer, peer.onEchoSilence())),
      onPaused: (pausedMs) => this.#onPaused(pausedMs),
    })
  }

  /**
   * These from now on and no others. Equal ones are not disturbed; other intervals are agreed on with the peer while the
   * session stays Up. Who joins a session that is Up is not told so: see `isUp`.
   */
  configure(needs: readonly BfdNeed[]): void {
    if (this.#closed) return
    const wanted = shareNeeds(needs)
    for (const [place, peer] of this.#places) {
      if (wanted.has(place)) continue
      this.#places.delete(place)
      this.#leave(peer)
    }
    for (const [place, shared] of wanted) {
      const known = this.#places.get(place)
      if (known) this.#change(known, shared)
      else this.#places.set(place, this.#begin(shared))
    }
    this.#names.clear()
    for (const peer of this.#places.values()) for (const name of peer.shared.names) this.#names.set(name, peer)
    this.#settle([...this.#doubts.keys()].filter((name) => !this.#isStillInDoubt(name)))
    this.#openMissing()
    this.#closeUnneeded()
  }

  /** Whether the session of this BGPPeer is Up; null: it has none. */
  isUp(name: string): boolean | null {
    return this.#names.get(name)?.isUp ?? null
  }

  /** Whether its peer has begun anew, and may still be taken for down because of that. */
  isInDoubt(name: string): boolean {
    return this.#doubts.has(name)
  }

  *views(): Iterable<BfdView> {
    for (const peer of this.#places.values()) yield viewOf(peer)
  }

  /** Packets that were not listened to since the start, by reason; the reflex's own reasons included. */
  drops(): Readonly<Record<string, number>> {
    const reasons: readonly BfdDrop[] = [...MALFORMATIONS, 'unknownSession']
    const here = Object.fromEntries(reasons.map((drop) => [drop, this.#drops.get(drop) ?? 0]))
    return { ...here, ...this.#options.reflex.counters().dropped }
  }

  /** Takes leave of all, so that no peer takes this for a failure, and closes the reflex. Again: without effect. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#retry?.cancel()
    for (const timer of this.#leaving.values()) timer.cancel()
    this.#settle([...this.#doubts.keys()])
    for (const peer of this.#places.values()) {
      peer.leave()
      for (let told = 1; told < FAREWELLS; told++) peer.repeat()
    }
    this.#places.clear()
    this.#names.clear()
    this.#options.reflex.close()
  }

  #begin(shared: SharedNeed): PeerSession {
    // Its packets would be given to the one that is leaving.
    for (const leaving of this.#leaving.keys()) {
      if (sideOf(leaving.shared.need) === sideOf(shared.need)) this.#gone(leaving)
    }
    const { reflex, clock, log } = this.#options
    const onNoEcho = (why: string) => {
      const message = `BFD with ${describeNeed(shared.need)} does without echoes: ${why}; control packets are watched`
      log.warn(message, { event: 'bfdNoEcho', peers: shared.names })
    }
    return new PeerSession({ reflex, clock, localId: this.#newId(), shared, onNoEcho })
  }

  #change(peer: PeerSession, shared: SharedNeed): void {
    try {
      peer.configure(shared)
      if (peer.id !== null) peer.fault = null
    } catch (thrown) {
      if (!(thrown instanceof Fault)) throw thrown
      const { message } = thrown
      const words = `the BFD session with ${describeNeed(shared.need)} keeps its minimum TTL: ${message}`
      if (message !== peer.fault) this.#options.log.warn(words, { event: 'bfdNotChanged' })
      peer.fault = message
    }
  }

  /** What could not be opened, or has lost its interface, is opened anew while it is needed. */
  #openMissing(): void {
    this.#retry?.cancel()
    this.#retry = null
    const peers = [...this.#places.values()]
    this.#closeCutOff(peers.filter(({ isCutOff }) => isCutOff))
    for (const peer of peers) if (peer.id === null) this.#open(peer)
    if (!peers.every(({ isUp }) => isUp)) this.#tryLater()
  }

  #tryLater(): void {
    this.#retry ??= this.#options.clock.after(RETRY_MS, () => this.#openMissing())
  }

  /** Their sockets as well, unless others are still on them: those that are Up find out by themselves, and come next. */
  #closeCutOff(peers: readonly PeerSession[]): void {
    if (peers.length === 0) return
    for (const peer of peers) {
      const { need, names } = peer.shared
      const message = `BFD with ${describeNeed(need)} is opened anew: the interface that it was opened on is gone`
      this.#options.log.info(message, { event: 'bfdOpenedAnew', peers: names })
      peer.close()
    }
    const open = [...this.#places.values()].filter(({ id }) => id !== null)
    this.#ports.keep([...open, ...this.#leaving.keys()].map(({ shared }) => shared.need))
  }

  #open(peer: PeerSession): boolean {
    const { log } = this.#options
    const { need, names } = peer.shared
    const about = { event: 'bfdNotOpened', peers: names }
    try {
      peer.open(this.#ports.for(need))
      if (peer.fault !== null) log.info(`BFD with ${describeNeed(need)} could be opened now`, about)
      peer.fault = null
      return true
    } catch (thrown) {
      if (!(thrown instanceof Fault)) throw thrown
      const { message: fault } = thrown
      const again = `it is tried again every ${RETRY_MS / 1000} s`
      if (fault !== peer.fault) log.warn(`BFD with ${describeNeed(need)} cannot be opened: ${fault}; ${again}`, about)
      peer.fault = fault
      return false
    }
  }

  #leave(peer: PeerSession): void {
    peer.leave()
    this.#leaving.set(
      peer,
      this.#options.clock.after(LEAVING_MS, () => {
        this.#gone(peer)
        this.#closeUnneeded()
      }),
    )
  }

  #gone(peer: PeerSession): void {
    this.#leaving.get(peer)?.cancel()
    this.#leaving.delete(peer)
    peer.close()
  }

  #closeUnneeded(): void {
    this.#ports.keep([...this.#places.values(), ...this.#leaving.keys()].map(({ shared }) => shared.need))
  }

  /** Random, not 0, and no other session's (RFC 5880 §6.8.1). */
  #newId(): number {
    const taken = new Set([...this.#places.values(), ...this.#leaving.keys()].map(({ localId }) => localId))
    let id = 1 + Math.floor(this.#options.random() * MOST_ID)
    while (taken.has(id)) id = (id % MOST_ID) + 1
    return id
  }

  #onPacket({ session, bytes }: BfdArrival): void {
    const packet = decode(bytes)
    if ('malformed' in packet) return this.#drop(packet.malformed)
    const told = session === null ? undefined : this.#sessionOf(session)
    if (!told) return this.#isLeaving(session) ? undefined : this.#drop('unknownSession')
    const peer = this.#meant(told, packet)
    this.#tell(peer, peer.onPacket(packet, bytes))
  }

  /**
   * Two sessions with one peer, from two addresses of ours: a packet without our discriminator may be for either, and
   * the reflex gives it to one of them. It is for who knows its sender, else for who knows nobody.
   */
  #meant(told: PeerSession, packet: ControlPacket): PeerSession {
    if (packet.yourId !== 0 || told.session.remoteId === packet.myId) return told
    const side = sideOf(told.shared.need)
    const all = [...this.#places.values()].filter(({ shared }) => sideOf(shared.need) === side)
    const known = all.find(({ session }) => session.remoteId === packet.myId)
    return known ?? (told.session.remoteId === 0 ? told : (all.find(({ session }) => session.remoteId === 0) ?? told))
  }

  #tell(peer: PeerSession, turn: PeerTurn | null): void {
    if (!turn) return
    const { names, need } = peer.shared
    const { log, onUp, onDown } = this.#options
    const place = describeNeed(need)
    if (turn.type === 'up') {
      this.#settle(names)
      log.info(`BFD with ${place} is up`, { event: 'bfdUp', peers: names })
      onUp(names)
      return
    }
    this.#tryLater()
    const { why, diag, isSwitchedOff, isRestart, peerIndependent } = turn
    log.warn(`BFD with ${place} is down: ${why}`, { event: 'bfdDown', peers: names })
    const tell = (whom: readonly string[]) => onDown(whom, `BFD: ${why}`, { diag, peerIndependent })
    if (isRestart) for (const name of names) this.#doubt(name, need, () => tell([name]))
    else if (!isSwitchedOff) tell(names)
  }

  /** A session that begins anew says nothing of the path, as long as it comes Up soon. */
  #doubt(name: string, need: BfdNeed, tell: () => void): void {
    const late = () => {
      this.#doubts.delete(name)
      tell()
    }
    this.#settle([name])
    this.#doubts.set(name, { timer: this.#options.clock.after(RESTART_MS, late), need })
  }

  /** Also by another way to the same router; not so who needs no session any more, or shares one that is Up. */
  #isStillInDoubt(name: string): boolean {
    const [before, now] = [this.#doubts.get(name)?.need, this.#names.get(name)]
    if (!before || !now || now.isUp) return false
    const { address, device } = now.shared.need
    return address === before.address && device === before.device
  }

  #settle(names: readonly string[]): void {
    for (const name of names) {
      this.#doubts.get(name)?.timer.cancel()
      this.#doubts.delete(name)
    }
  }

  /** Those that take their leave hear nothing any more. */
  #with(id: ReflexId, act: (peer: PeerSession) => void): void {
    const peer = this.#sessionOf(id)
    if (peer) act(peer)
  }

  #sessionOf(id: ReflexId): PeerSession | undefined {
    return this.#places.values().find((peer) => peer.id === id)
  }

  /** Its peer has not heard the farewell yet, or says farewell, too. */
  #isLeaving(id: ReflexId | null): boolean {
    return this.#leaving.keys().some((peer) => id !== null && peer.id === id)
  }

  /** With a part of a processor there may be ten a second. */
  #onPaused(pausedMs: number): void {
    const { clock, log } = this.#options
    this.#pausedMs += pausedMs
    if (clock.monotonicMs() < this.#nextPauseMs) return
    log.warn(`BFD did not come to run for ${this.#pausedMs} ms; no peer is taken for down by that`, {
      event: 'bfdPaused',
    })
    this.#pausedMs = 0
    this.#nextPauseMs = clock.monotonicMs() + PAUSES_EVERY_MS
  }

  #drop(reason: BfdDrop): void {
    this.#drops.set(reason, (this.#drops.get(reason) ?? 0) + 1)
  }
}
