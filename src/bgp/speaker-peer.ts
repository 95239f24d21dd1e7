// SPDX-License-Identifier: Apache-2.0
/** One peer of the speaker: its session, what it is sent, and how it is reached just now. */
import { isDeepStrictEqual } from 'node:util'
import type { Clock } from '../lib/clock.ts'
import { Fault } from '../lib/fault.ts'
import type { PeerSockets, PeerStream } from '../lib/peer-sockets.ts'
import type { SocketAddress } from '../lib/sockets.ts'
import { supervise } from '../lib/supervise.ts'
import type { OwnAddresses } from './attributes.ts'
import type { Update } from './codec/message.ts'
import type { Negotiated } from './negotiate.ts'
import { Outlet } from './outlet.ts'
import type { OwnAddressesOf, PeerEvent, PeerSetup, PeerView } from './peer-setup.ts'
import type { Rib } from './rib.ts'
import { openSession, type Send, type Session, type StopReason } from './session.ts'
import type { OnMessage } from './session-options.ts'
import { type Dial, needsNewSession, sameDial } from './setup-change.ts'
import { DIAL_LIMIT_MS } from './timing.ts'

/** What all peers of a speaker share. */
export type Around = Readonly<{
  sockets: PeerSockets
  clock: Clock
  random: () => number
  rib: Rib
  ownAddresses: OwnAddressesOf
  onEvent(event: PeerEvent): void
  /** A session has something to send. */
  poke(): void
  isDraining(): boolean
  /** A session that is opened now, with this restart time, follows one of a process before ours. */
  isRestarting(restartSeconds: number): boolean
  /** Each message of each peer, for somebody who looks on. */
  onMessage?: (peer: string, ...message: Parameters<OnMessage>) => void
}>

const NO_ADDRESSES: OwnAddresses = { ipv4: null, ipv6: null, linkLocal: null }
const CHANGED: StopReason = { kind: 'reconfigured', text: '' }

type Live = Readonly<{ outlet: Outlet; local: SocketAddress | null }> & { own: OwnAddresses }

export class SpeakerPeer {
  readonly name: string
  readonly #around: Around
  #setup: PeerSetup
  /** The last way that led there: a session that came about by it lives on when it cannot be dialled any more. */
  #dial: Dial | null
  #session: Session
  #live: Live | null = null
  #wasUp = false
  #received = { announced: 0, withdrawn: 0 }
  /** What was there before is gone: no peer sees two of us. */
  #isReady = false
  /** The end of all that was there before. */
  #before: Promise<unknown> | null = null
  #isGone = false

  constructor(setup: PeerSetup, around: Around, before: Promise<void> | null) {
    this.name = setup.name
    this.#around = around
    this.#setup = setup
    this.#dial = setup.reach.dial
    this.#session = this.#open()
    this.#begin(before)
  }

  get setup(): PeerSetup {
    return this.#setup
  }

  get isUp(): boolean {
    return this.#live !== null
  }

  get outlet(): Outlet | null {
    return this.#live?.outlet ?? null
  }

  /** From now on as this says; what lives ends only where it has to. */
  configure(setup: PeerSetup): void {
    const before = this.#setup
    const { dial } = setup.reach
    this.#setup = setup
    const isElsewhere = dial !== null && this.#dial !== null && !sameDial(this.#dial, dial)
    this.#dial = dial ?? this.#dial
    if (isElsewhere || needsNewSession(before.config, setup.config)) return this.#renew()
    const { keepaliveMs, connectMs, passive } = setup.config
    if (!isDeepStrictEqual(setup.config, before.config)) this.#session.configure({ keepaliveMs, connectMs, passive })
    this.#follow()
  }

  accept(stream: PeerStream): void {
    this.#session.accept(stream)
  }

  peerDown(why: string, independent: boolean): void {
    this.#session.peerDown(why, independent)
  }

  peerUp(): void {
    this.#session.peerUp()
  }

  /** Sends next hops anew if they are others. */
  lookAtAddresses(): void {
    const live = this.#live
    if (!live) return
    const own = this.#own(live.local)
    if (isDeepStrictEqual(own, live.own)) return
    live.own = own
    this.#around.rib.change(this.name, { own })
    this.#around.poke()
  }

  /** Ends it for good; resolves when nothing of it is left. */
  async stop(reason: StopReason): Promise<void> {
    this.#isGone = true
    this.#session.stop(reason)
    await Promise.all([this.#before, this.#session.gone()])
  }

  view(): PeerView {
    const { name } = this
    return {
      name,
      to: this.#dial?.to ?? null,
      withheld: this.#setup.reach.withheld,
      session: this.#session.view(),
      routes: this.#around.rib.counts(name),
      received: { ...this.#received },
    }
  }

  #open(): Session {
    const { clock, random, onMessage } = this.#around
    const { config } = this.#setup
    const restartSeconds = config.gracefulRestart?.restartSeconds ?? 0
    return openSession({
      config,
      restarting: !this.#wasUp && this.#around.isRestarting(restartSeconds),
      clock,
      random,
      connect: () => this.#connect(),
      onEstablished: (negotiated, send, local) => this.#onUp(negotiated, send, local),
      onDown: (why) => this.#onDown(why),
      onFailed: (why) => this.#onFailed(why),
      onUpdate: (update) => this.#count(update),
      onRefresh: (family) => {
        this.#around.rib.refresh(this.name, family)
        this.#around.poke()
      },
      ...(onMessage && { onMessage: (...message) => onMessage(this.name, ...message) }),
    })
  }

  #begin(before: Promise<unknown> | null): void {
    this.#before = before
    const session = this.#session
    const begin = (): void => {
      if (this.#session !== session) return
      this.#before = null
      this.#isReady = true
      this.#follow()
    }
    this.#isReady = false
    if (before === null) begin()
    else supervise('ending a BGP session', before.then(begin))
  }

  /** The peer is to see the old connection end before the new one. */
  #renew(): void {
    const old = this.#session
    this.#isReady = false // or the old one would be started again
    old.stop(CHANGED)
    this.#session = this.#open()
    this.#begin(Promise.all([this.#before, old.gone()]))
  }

  /** Dials, or no longer does so, as the setup says; a connection that there is stays. */
  #follow(): void {
    if (!this.#isReady || this.#isGone) return
    if (this.#setup.reach.dial !== null) return this.#session.start()
    const { state } = this.#session.view()
    if (state === 'Idle' || state === 'Connect' || state === 'Active') this.#session.stop(CHANGED)
  }

  async #connect(): Promise<PeerStream> {
    const { dial, withheld } = this.#setup.reach
    if (dial === null) throw new Fault({ code: withheld.reason }, withheld.message)
    return this.#around.sockets.dial({ ...dial, timeoutMs: DIAL_LIMIT_MS })
  }

  #onUp(negotiated: Negotiated, send: Send, local: SocketAddress | null): void {
    const { rib, clock, poke, isDraining, onEvent } = this.#around
    const session = this.#session
    const own = this.#own(local)
    this.#wasUp = true
    this.#received = { announced: 0, withdrawn: 0 }
    rib.establish(this.name, {
      asn: this.#setup.config.localAsn,
      transport: (local ?? this.#dial?.to)?.address.includes(':') === true ? 'ipv6' : 'ipv4',
      own,
      dialect: negotiated.dialect,
      draining: isDraining(),
    })
    const waitingBytes = (): number => session.view().waitingBytes
    this.#live = { outlet: new Outlet({ rib, peer: this.name, clock, send, waitingBytes, onReady: poke }), local, own }
    poke()
    onEvent({ type: 'up', peer: this.name, local })
  }

  #onDown(why: string): void {
    this.#around.rib.close(this.name)
    this.#live?.outlet.close()
    this.#live = null
    this.#around.onEvent({ type: 'down', peer: this.name, why })
    this.#follow()
  }

  #onFailed(why: string): void {
    if (this.#setup.reach.dial !== null) this.#around.onEvent({ type: 'failed', peer: this.name, why })
    this.#follow()
  }

  #own(local: SocketAddress | null): OwnAddresses {
    return local === null ? NO_ADDRESSES : this.#around.ownAddresses(this.name, local)
  }

  /** Nothing that is received is used: it is counted and forgotten. */
  #count({ reach, unreach }: Update): void {
    for (const { prefixes } of reach) this.#received.announced += prefixes.length
    for (const { prefixes } of unreach) this.#received.withdrawn += prefixes.length
  }
}
