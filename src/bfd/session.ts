// SPDX-License-Identifier: Apache-2.0
/** Carries out for one peer what fsm.ts and timing.ts decide, on a reflex; decides nothing itself. */
import type { BfdPeer, BfdReflex, BfdSession, ReflexId } from '../lib/bfd-reflex.ts'
import { encode, withoutPoll } from './codec.ts'
import { type Event, packetOf, type Session, step } from './fsm.ts'
import type { Tagger } from './tag.ts'
import { detectUs, intervalUs } from './timing.ts'

export type SessionOptions = Readonly<{
  reflex: BfdReflex
  socket: ReflexId
  /** Its discriminator is the session's `localId`. */
  peer: BfdPeer
  initial: Session
  tagger: Tagger
}>

const NOTHING = new Uint8Array(0)

export class LiveSession {
  readonly id: ReflexId
  readonly #options: SessionOptions
  #session: Session
  #sent: Uint8Array = NOTHING
  /** The peer's last packet, without tag. */
  #heard: Uint8Array = NOTHING

  /** Begins to send at once. Throws Fault `noAddress` for a peer of the other IP family than the socket's. */
  constructor(options: SessionOptions) {
    this.#options = options
    this.#session = options.initial
    this.id = options.reflex.openSession(options.socket, options.peer)
    this.#apply(Number.POSITIVE_INFINITY)
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
    this.#options.reflex.send(this.id, this.#sent)
  }

  close(): void {
    this.#options.reflex.closeSession(this.id)
  }

  #feed(event: Event, patienceUs: number): void {
    const { reflex, tagger } = this.#options
    const [next, actions] = step(this.#session, event)
    this.#session = next
    for (const { type } of actions) {
      // §6.8.7: the answer to a poll waits for no turn.
      if (type === 'sendFinal')
        reflex.send(this.id, tagger.seal(encode({ ...packetOf(next), poll: false, final: true })))
    }
    this.#apply(patienceUs)
  }

  /** What says something new goes out at once (§6.8.7 permits it); the reflex sees to the rest. */
  #apply(patienceUs: number): void {
    const packet = this.#options.tagger.seal(encode(packetOf(this.#session)))
    const isNew = Buffer.compare(packet, this.#sent) !== 0
    this.#sent = packet
    const state: BfdSession = {
      packet,
      intervalUs: intervalUs(this.#session),
      detectMult: this.#session.timers.detectMult,
      detectUs: Math.min(detectUs(this.#session), patienceUs),
      expected: this.#expected(),
    }
    this.#options.reflex.setSession(this.id, state, isNew)
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
