// SPDX-License-Identifier: Apache-2.0
/** Carries out for one peer what fsm.ts and timing.ts decide, on a reflex; decides nothing itself. */
import type { BfdEcho, BfdPeer, BfdReflex, BfdSession, BfdSessionCounters, ReflexId } from '../lib/bfd-reflex.ts'
import { Fault } from '../lib/fault.ts'
import { encode, withoutPoll } from './codec.ts'
import { type Event, packetOf, type Session, step } from './fsm.ts'
import type { Tagger } from './tag.ts'
import { detectUs, echoOf, intervalUs, maySpeak } from './timing.ts'

export type SessionOptions = Readonly<{
  reflex: BfdReflex
  socket: ReflexId
  /** Its discriminator is the session's `localId`. */
  peer: BfdPeer
  initial: Session
  tagger: Tagger
  /** Echoes were to begin and cannot: the session does without until it is Up again. */
  onNoEcho?(why: string): void
}>

const NOTHING = new Uint8Array(0)

export class LiveSession {
  readonly #options: SessionOptions
  #id: ReflexId
  #session: Session
  #sent: Uint8Array = NOTHING
  /** The peer's last packet, without tag. */
  #heard: Uint8Array = NOTHING
  #echo: BfdEcho | null = null

  /** Begins to send at once. Throws Fault `noAddress` for a peer of the other IP family than the socket's. */
  constructor(options: SessionOptions) {
    this.#options = options
    this.#session = options.initial
    this.#id = options.reflex.openSession(options.socket, options.peer)
    this.#apply(Number.POSITIVE_INFINITY)
  }

  /** The reflex's number for it. */
  get id(): ReflexId {
    return this.#id
  }

  get session(): Session {
    return this.#session
  }

  /**
   * A packet of this session, as decoded, and its bytes without tag. The wait for the next one is no longer than
   * `patienceUs`, whatever the peer asks for.
   */
  hear(packet: Extract<Event, { type: 'packet' }>['packet'], bytes: Uint8Array, patienceUs: number): void {
    this.#heard = bytes
    this.#feed({ type: 'packet', packet }, patienceUs)
  }

  feed(event: Exclude<Event, { type: 'packet' }>): void {
    this.#feed(event, Number.POSITIVE_INFINITY)
  }

  /** Says what it says in general once more, now: for a farewell that must not get lost. */
  repeat(): void {
    if (this.#sent.length > 0) this.#options.reflex.send(this.#id, this.#sent)
  }

  /**
   * Goes on with another least TTL or the like; the peer does not notice. `id` is another one then. Throws
   * Fault<NetworkFault>, and goes on as before.
   */
  reopen(peer: BfdPeer): void {
    const { reflex, socket } = this.#options
    const id = reflex.openSession(socket, peer)
    reflex.closeSession(this.#id)
    this.#id = id
    this.#echo = null
    this.#sent = NOTHING // so that it is said at once
    this.#apply(Number.POSITIVE_INFINITY)
  }

  /** Since it was opened, or opened again. */
  counters(): BfdSessionCounters {
    return this.#options.reflex.sessionCounters(this.#id)
  }

  close(): void {
    this.#options.reflex.closeSession(this.#id)
  }

  #feed(event: Event, patienceUs: number): void {
    const { reflex, tagger } = this.#options
    const [next, actions] = step(this.#session, event)
    this.#session = next
    for (const { type } of actions) {
      // §6.8.7: the answer to a poll waits for no turn.
      if (type === 'sendFinal')
        reflex.send(this.#id, tagger.seal(encode({ ...packetOf(next), poll: false, final: true })))
    }
    this.#apply(patienceUs)
  }

  /** What says something new goes out at once (§6.8.7 permits it); the reflex sees to the rest. */
  #apply(patienceUs: number): void {
    const packet = maySpeak(this.#session) ? this.#options.tagger.seal(encode(packetOf(this.#session))) : NOTHING
    const isNew = packet.length > 0 && Buffer.compare(packet, this.#sent) !== 0
    this.#sent = packet
    const state: BfdSession = {
      packet,
      intervalUs: intervalUs(this.#session),
      detectMult: this.#session.timers.detectMult,
      detectUs: Math.min(detectUs(this.#session), patienceUs),
      expected: this.#expected(),
    }
    this.#options.reflex.setSession(this.#id, state, isNew)
    this.#applyEcho(echoOf(this.#session))
  }

  /** Orders start the wait for an echo anew, so only other ones are given. */
  #applyEcho(echo: BfdEcho | null): void {
    if (echo?.intervalUs === this.#echo?.intervalUs && echo?.detectUs === this.#echo?.detectUs) return
    this.#echo = echo
    try {
      this.#options.reflex.setEcho(this.#id, echo)
    } catch (thrown) {
      if (!(thrown instanceof Fault)) throw thrown
      this.#echo = null
      this.#options.onNoEcho?.(thrown.message)
      this.#feed({ type: 'echoExpired', useless: true }, Number.POSITIVE_INFINITY)
    }
  }

  /**
   * Only where both are Up does hearing the same again change nothing. A poll is answered each time it comes, so what
   * is expected is what the peer says after it.
   */
  #expected(): Uint8Array {
    const { state, remoteState, remote } = this.#session
    if (state !== 'Up' || remoteState !== 'Up' || remote === null) return NOTHING
    return this.#options.tagger.seal(withoutPoll(this.#heard))
  }
}
