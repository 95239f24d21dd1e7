// SPDX-License-Identifier: Apache-2.0
/** What a session needs, and what can be done with it. */
import type { Clock } from '../lib/clock.ts'
import type { PeerStream } from '../lib/peer-sockets.ts'
import type { SocketAddress } from '../lib/sockets.ts'
import type { AddressFamily, Malformed, Message, Update } from './codec/message.ts'
import type { Intervals, StopReason } from './fsm.ts'
import type { Config, Negotiated } from './negotiate.ts'
import type { SessionView } from './view.ts'

export type { PeerStream } from '../lib/peer-sockets.ts'

/** One whole message. False: more than is good wait to be sent, or that session is over. */
export type Send = (bytes: Uint8Array) => boolean

/** What came in, and what went out as the bytes of one whole message. */
export type OnMessage = (direction: 'sent' | 'received', message: Message | Malformed | Uint8Array) => void

export type SessionOptions = Readonly<{
  config: Config
  /** This program has started anew, and the peer may have kept our routes (RFC 4724). */
  restarting: boolean
  /** Dials the peer; rejects with a Fault. */
  connect(): Promise<PeerStream>
  clock: Clock
  /** At least 0, below 1. */
  random: () => number
  /** `local`: our end of the connection, where the stream knows it. */
  onEstablished(negotiated: Negotiated, send: Send, local: SocketAddress | null): void
  /** It was Established. */
  onDown(why: string): void
  /** An attempt has failed; the next one comes by itself. */
  onFailed(why: string): void
  onUpdate(update: Update): void
  /** The peer wants all routes of this family once more. */
  onRefresh(family: AddressFamily): void
  /** Each message, for somebody who looks on. */
  onMessage?: OnMessage
}>

/** A session with one peer. Opened, it waits for `start`. */
export interface Session {
  start(): void
  /** Ends it until it is started again. */
  stop(reason: StopReason): void
  /** Ends it, to begin anew: BFD has found that nothing reaches the peer. */
  peerDown(why: string, independent: boolean): void
  /** BFD has found that the peer can be reached: whoever waits before dialling does so now. */
  peerUp(): void
  /** Other intervals, without ending anything. */
  configure(intervals: Intervals): void
  /** The peer has dialled us. The stream is ours from now on. */
  accept(stream: PeerStream): void
  view(): SessionView
  /** Resolves when nothing is left of all connections that were there, 2 s after their end at the latest. */
  gone(): Promise<void>
}
