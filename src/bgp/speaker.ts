// SPDX-License-Identifier: Apache-2.0
/**
 * BGP of a node: a session with each peer, and the one Rib that all of them send from. It speaks and does not listen:
 * routes received are counted and forgotten, as this node routes nothing by them.
 *
 * What is obeyed: BGP-4 (RFC 4271, 6286, 6608, 7606, 7607), families (4760, 2545, 8950), AS numbers (6793), OPENs (5492,
 * 9072), long messages (8654), refreshes (2918), restarts (4724, 8538), communities (1997, 8642, 8092), draining (8326),
 * last words (4486, 9003 for 8203, 9384 for BFD), peers that do not read (9687), TCP (2385, 5082), and what clients of
 * route reflectors need (4456).
 *
 * What is not, and why:
 * - Adj-RIB-In, Loc-RIB and the decision process (4271 §3.2, §9.1), loops of reflectors (4456 §8): nothing received is used.
 * - MinRouteAdvertisementIntervalTimer (4271 §9.2.1.1): a node that takes over is to be heard of at once. What changes in
 *   one turn of the event loop goes out together.
 * - DelayOpen (4271 §8.1.1, optional), Idle after a dial that failed or was rejected, four minutes for an OPEN: see fsm.ts.
 * - Of two connections with a peer whose session is up the new one stays (4724 §4.2) only where its OPEN has the R bit:
 *   without it, it may be the late half of a collision (4271 §6.8). A peer that came back without is let in once its
 *   kernel has reset our KEEPALIVE, or the hold time is over; with hold time 0, once we have something to send.
 * - Forwarding while we restart (4724 §4.1) is not kept by us but by the kernel; waiting for the peers' End-of-RIB before
 *   sending is for who chooses routes by them.
 * - Enhanced refresh (7313, optional): asked for a refresh, we send it without marks. TCP-AO (5925): MD5 is what peers have.
 */
import type { Clock } from '../lib/clock.ts'
import { Loop } from '../lib/loop.ts'
import type { PeerSockets, PeerStream } from '../lib/peer-sockets.ts'
import type { SocketAddress } from '../lib/sockets.ts'
import { supervise } from '../lib/supervise.ts'
import type { OwnAddressesOf, PeerEvent, PeerSetup, PeerView } from './peer-setup.ts'
import { type HeldRoute, Rib, type SentRoute } from './rib.ts'
import type { PeerRoute } from './rib-offers.ts'
import type { StopReason } from './session.ts'
import { deviceOf, placeOf, SpeakerListener } from './speaker-listener.ts'
import { type Around, SpeakerPeer } from './speaker-peer.ts'

export type BgpSpeakerOptions = Readonly<{
  sockets: PeerSockets
  clock: Clock
  /** At least 0, below 1. */
  random: () => number
  /** This process has begun anew where another may have announced (R bit, RFC 4724). */
  restarting: boolean
  ownAddresses: OwnAddressesOf
  onEvent(event: PeerEvent): void
  /** Of the listener, for the log. */
  onFault(fault: Error): void
  /** Each message of each peer, for somebody who looks on. */
  onMessage?: Around['onMessage']
}>

const REMOVED: StopReason = { kind: 'removed', text: '' }

export class BgpSpeaker {
  readonly #rib = new Rib()
  readonly #peers = new Map<string, SpeakerPeer>()
  /** What is left of peers that were removed, by name. */
  readonly #leaving = new Map<string, Promise<void>>()
  readonly #listener: SpeakerListener
  readonly #around: Around
  readonly #loop = new Loop(() => this.#sendAll())
  #draining = false
  #isClosed = false

  constructor(options: BgpSpeakerOptions) {
    const { sockets, clock, random, restarting, ownAddresses, onEvent, onFault, onMessage } = options
    const beganMs = clock.monotonicMs()
    this.#around = {
      sockets,
      clock,
      random,
      rib: this.#rib,
      ownAddresses,
      onEvent,
      poke: () => this.#loop.poke(),
      isDraining: () => this.#draining,
      ...(onMessage && { onMessage }),
      isRestarting: (seconds) => restarting && clock.monotonicMs() - beganMs < 1000 * seconds,
    }
    const onStream = (stream: PeerStream, device: string): void => this.#accept(stream, device)
    this.#listener = new SpeakerListener({ sockets, clock, onStream, onFault })
  }

  /**
   * These are the peers from now on. Sessions whose setup is the same, or differs in intervals only, go on; those of peers that
   * are not among them end, with this word.
   */
  configure(peers: readonly PeerSetup[], farewell: StopReason = REMOVED): void {
    if (this.#isClosed) return
    const names = new Set(peers.map(({ name }) => name))
    for (const [name, peer] of this.#peers) if (!names.has(name)) this.#remove(name, peer, farewell)
    this.#listener.setPeers(peers)
    for (const setup of peers) {
      const known = this.#peers.get(setup.name)
      if (known) known.configure(setup)
      else {
        const before = this.#leaving.get(setup.name) ?? null
        this.#peers.set(setup.name, new SpeakerPeer(setup, this.#around, before))
      }
    }
  }

  /** Opens the listener; rejects with Fault. `devices` are listened on, too, as are those that setups name. */
  listen(local: SocketAddress, devices: readonly string[] = []): Promise<void> {
    return this.#listener.listen(local, devices)
  }

  /** Replaces what a Service wants announced; nothing: it is gone. All calls of one turn go out together. */
  set(service: string, routes: readonly PeerRoute[]): void {
    this.#rib.set(service, routes)
    this.#loop.poke()
  }

  /** Every Service was planned once: End-of-RIB may go out. */
  planned(): void {
    this.#rib.setPlanned()
    this.#loop.poke()
  }

  /** Asks all peers, or this one as long as its session lasts, to prefer others (RFC 8326), or no longer. */
  drain(isDraining: boolean, peer?: string): void {
    if (peer !== undefined) {
      this.#rib.change(peer, { draining: isDraining })
      return this.#loop.poke()
    }
    if (this.#draining === isDraining) return
    this.#draining = isDraining
    for (const name of this.#peers.keys()) this.#rib.change(name, { draining: isDraining })
    this.#loop.poke()
  }

  /** Our own addresses may be others: next hops of live sessions are looked at anew. */
  addressesChanged(): void {
    for (const peer of this.#peers.values()) peer.lookAtAddresses()
  }

  /**
   * BFD: nothing reaches the peer. Its session ends at once, and begins anew; unless the peer is restarting, and BFD
   * there is not `independent` of that (its C bit).
   */
  peerDown(name: string, why: string, independent = false): void {
    this.#peers.get(name)?.peerDown(why, independent)
  }

  /** BFD: the peer can be reached. An attempt that waits begins now. */
  peerUp(name: string): void {
    this.#peers.get(name)?.peerUp()
  }

  /** All peers as they are now. */
  *peers(): Generator<PeerView> {
    for (const peer of this.#peers.values()) yield peer.view()
  }

  /** What this peer was told. */
  sent(name: string): Iterable<SentRoute> {
    return this.#rib.sent(name)
  }

  /** What this peer should be told and is not. */
  held(name: string): Iterable<HeldRoute> {
    return this.#rib.held(name)
  }

  /** Resolves when everything was handed to the sockets of all established sessions. */
  async settled(): Promise<void> {
    for (;;) {
      const busy = [...this.#peers.values()].flatMap(({ outlet }) => (outlet?.isSettled === false ? [outlet] : []))
      if (busy.length === 0) return
      await Promise.all(busy.map((outlet) => outlet.settled()))
    }
  }

  /** Ends all sessions, for a reason each; resolves when nothing is left of them, after 2 s at the latest. */
  async close(reason: (name: string) => StopReason): Promise<void> {
    this.#isClosed = true
    this.#listener.close()
    const endings = [...this.#peers.values()].map((peer) => peer.stop(reason(peer.name)))
    await Promise.all([...endings, ...this.#leaving.values()])
    this.#loop.close()
  }

  #remove(name: string, peer: SpeakerPeer, farewell: StopReason): void {
    this.#peers.delete(name)
    const ending = this.#ending(peer, farewell, this.#leaving.get(name))
    this.#leaving.set(name, ending)
    supervise('ending a BGP session', this.#forget(name, ending))
  }

  async #ending(peer: SpeakerPeer, farewell: StopReason, before: Promise<void> | undefined): Promise<void> {
    await peer.stop(farewell)
    await before
  }

  async #forget(name: string, ending: Promise<void>): Promise<void> {
    await ending
    if (this.#leaving.get(name) === ending) this.#leaving.delete(name)
  }

  /** The one that waits for a connection, rather than one that has it: several may be at one address. */
  #accept(stream: PeerStream, device: string): void {
    const here = [...this.#peers.values()].filter(({ setup: { reach } }) => {
      const { dial } = reach
      const isThere = dial !== null && deviceOf(dial) === device && placeOf(dial) === stream.remote.address
      return isThere && this.#listener.admits(dial)
    })
    const inOrder = here.toSorted((a, b) => (a.name < b.name ? -1 : 1))
    const peer = inOrder.find(({ isUp }) => !isUp) ?? inOrder[0]
    if (peer) peer.accept(stream)
    else stream.destroy()
  }

  *#sendAll(): Generator<void> {
    for (const peer of this.#peers.values()) yield* peer.outlet?.run() ?? []
  }
}
