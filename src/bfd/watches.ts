// SPDX-License-Identifier: Apache-2.0
/**
 * Speakers that watch each other by BFD (RFC 5880 asynchronous mode, on a port of our own), so that a dead one is
 * noticed in a fraction of a second. A watch that never came Up means nothing: the other may not have one.
 *
 * Sessions are fsm.ts's; sending, receiving and deadlines the reflex's; what a session's end means is loss.ts's.
 */
import type { BfdArrival, BfdReflex, BfdReflexCounters, ReflexId } from '../lib/bfd-reflex.ts'
import { reasonOf } from '../lib/fault.ts'
import type { Log } from '../lib/log.ts'
import type { SocketAddress } from '../lib/sockets.ts'
import { type Diag, decode, MALFORMATIONS, type Malformation, type State } from './codec.ts'
import { initialSession } from './fsm.ts'
import { type Tagger, tagger } from './tag.ts'
import { detectUs, intervalUs } from './timing.ts'
import { type Turn, Watch } from './watch.ts'

export type Watched = Readonly<{ name: string; address: string; port: number }>
/** `silent`: nothing came for the detection time; `restarted`: another process is there now. */
export type WatchLoss = Readonly<{ name: string; why: 'silent' | 'restarted' }>

export type WatchesOptions = Readonly<{
  /** The watches' own: they listen to it and close it. */
  reflex: BfdReflex
  local: SocketAddress
  /** Between packets, as wanted by this side; the slower side counts. */
  intervalMs: number
  /** As many intervals may pass without a packet. */
  multiplier: number
  /** The ring's, if it has one: then packets without a right tag are dropped. */
  key: Uint8Array | null
  /** In [0, 1). Hard to guess where the network is hostile: discriminators tell old packets from new ones. */
  random: () => number
  log: Log
  onUp(name: string): void
  /** Once for each time that it was Up. The session goes on to look for it. */
  onLost(loss: WatchLoss): void
  /** This process was stopped for so long; nobody is taken for dead for that. */
  onPaused(pausedMs: number): void
}>

/**
 * Why a packet was not listened to: malformed; from nobody we watch, or for an earlier session; without the ring's tag;
 * our own; an old one, perhaps, while proof is awaited.
 */
export const WATCH_DROPS = [...MALFORMATIONS, 'unknownSession', 'wrongTag', 'reflected', 'unproven'] as const
export type WatchDrop = Malformation | 'unknownSession' | 'wrongTag' | 'reflected' | 'unproven'

export type WatchState = Readonly<{
  name: string
  state: State
  diag: Diag
  /** Between our packets now, before jitter. */
  intervalMs: number
  /** How long it may be silent now; 0: it was not heard. */
  detectMs: number
}>

export type WatchCounters = BfdReflexCounters & Readonly<{ refused: Readonly<Record<WatchDrop, number>> }>

/** Watches other routers over any number of hops: nothing is asked of the TTL. */
const ANY_TTL = 0
const SENT_TTL = 255
const MOST_ID = 0xffff_ffff

export class Watches {
  readonly #options: WatchesOptions
  readonly #socket: ReflexId
  readonly #tagger: Tagger
  /** By name; without `watch` where the address cannot be reached from our socket. */
  readonly #peers = new Map<string, Readonly<{ peer: Watched; watch: Watch | null }>>()
  readonly #names = new Map<ReflexId, string>()
  readonly #refused = new Map<WatchDrop, number>()
  #closed = false

  /** Binds the socket. Throws Fault<NetworkFault>; the reflex is the caller's to close then. */
  constructor(options: WatchesOptions) {
    this.#options = options
    this.#tagger = tagger(options.key)
    this.#socket = options.reflex.openSocket(options.local, { ttl: SENT_TTL })
    options.reflex.listen({
      onPacket: (arrival) => this.#onPacket(arrival),
      onSilence: (session) => this.#tell(session, this.#watchOf(session)?.onSilence() ?? []),
      onPaused: (pausedMs) => options.onPaused(pausedMs),
    })
  }

  /** Watches these from now on and no others. What stays is not disturbed. */
  set(peers: readonly Watched[]): void {
    if (this.#closed) return
    const wanted = new Map(peers.map((peer) => [peer.name, peer]))
    for (const [name, { peer }] of this.#peers) {
      const now = wanted.get(name)
      if (now?.address !== peer.address || now.port !== peer.port) this.#end(name)
    }
    for (const peer of wanted.values()) {
      if (!this.#peers.has(peer.name)) this.#peers.set(peer.name, { peer, watch: this.#begin(peer) })
    }
  }

  /** Whether a packet of its session came within the detection time. */
  isUp(name: string): boolean {
    return this.#peers.get(name)?.watch?.isUp ?? false
  }

  *states(): Iterable<WatchState> {
    for (const [name, { watch }] of this.#peers) {
      if (!watch) continue
      const { session } = watch.live
      const [intervalMs, detectMs] = [intervalUs(session) / 1000, detectUs(session) / 1000]
      yield { name, state: session.state, diag: session.diag, intervalMs, detectMs }
    }
  }

  /** Since the start; they stay after `close`. */
  counters(): WatchCounters {
    const of = (drop: WatchDrop) => this.#refused.get(drop) ?? 0
    const refused = Object.fromEntries(WATCH_DROPS.map((drop) => [drop, of(drop)]))
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- every drop has its entry
    return { ...this.#options.reflex.counters(), refused: refused as Record<WatchDrop, number> }
  }

  /** Takes leave of all, so that nobody takes us for dead, and closes the reflex. Again: without effect. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    for (const name of this.#peers.keys()) this.#end(name)
    this.#options.reflex.close()
  }

  #begin({ name, address, port }: Watched): Watch | null {
    const { reflex, intervalMs, multiplier, log } = this.#options
    const intervalInUs = Math.round(intervalMs * 1000)
    const timers = { desiredMinTxUs: intervalInUs, requiredMinRxUs: intervalInUs, detectMult: multiplier }
    const localId = this.#newId()
    // The source port is its own matter: address and discriminator are enough.
    const peer = { to: { address, port }, remotePort: null, discriminator: localId, minTtl: ANY_TTL }
    const initial = initialSession(localId, timers)
    try {
      const watch = new Watch({ reflex, socket: this.#socket, peer, initial, tagger: this.#tagger })
      this.#names.set(watch.live.id, name)
      return watch
    } catch (thrown) {
      log.warn(`the speaker of node ${name} is not watched: ${reasonOf(thrown)}`, { event: 'notWatched', member: name })
      return null
    }
  }

  #end(name: string): void {
    const watch = this.#peers.get(name)?.watch
    this.#peers.delete(name)
    if (!watch) return
    this.#names.delete(watch.live.id)
    watch.close()
  }

  /** Random, not 0, and no other session's (RFC 5880 §6.8.1). */
  #newId(): number {
    const taken = new Set([...this.#peers.values()].map(({ watch }) => watch?.live.session.localId))
    let id = 1 + Math.floor(this.#options.random() * MOST_ID)
    while (taken.has(id)) id = (id % MOST_ID) + 1
    return id
  }

  #onPacket({ session, bytes }: BfdArrival): void {
    const watch = session === null ? undefined : this.#watchOf(session)
    if (session === null || !watch) return this.#refuse('unknownSession')
    const opened = this.#tagger.open(bytes)
    if (!opened) return this.#refuse('wrongTag')
    const packet = decode(opened)
    if ('malformed' in packet) return this.#refuse(packet.malformed)
    if (packet.myId === watch.live.session.localId) return this.#refuse('reflected')
    const turns = watch.onPacket(packet, opened)
    if (turns === 'unproven') this.#refuse('unproven')
    else this.#tell(session, turns)
  }

  #tell(session: ReflexId, turns: readonly Turn[]): void {
    const name = this.#names.get(session)
    if (name === undefined) return
    for (const turn of turns) {
      if (turn === 'up') this.#options.onUp(name)
      else this.#options.onLost({ name, why: turn })
    }
  }

  #watchOf(session: ReflexId): Watch | undefined {
    return this.#peers.get(this.#names.get(session) ?? '')?.watch ?? undefined
  }

  #refuse(drop: WatchDrop): void {
    this.#refused.set(drop, (this.#refused.get(drop) ?? 0) + 1)
  }
}
