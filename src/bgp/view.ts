// SPDX-License-Identifier: Apache-2.0
/** What people are shown of a session. */
import type { SocketAddress } from '../lib/sockets.ts'
import type { AddressFamily, Message, Open } from './codec/message.ts'
import type { Session, State } from './fsm.ts'
import { ownOpen } from './negotiate.ts'
import type { TimerName } from './timing.ts'

export type MessageCounts = Record<Message['type'], number>

/** Since the session was opened; nothing sets them back. */
export type Counters = Readonly<{
  sent: MessageCounts
  received: MessageCounts
  /** How often it was Established, and how often that has ended. */
  ups: number
  downs: number
  /** Attempts that have failed. */
  failures: number
  /** Messages that could not be read, and UPDATEs with a flaw that does not end the session (RFC 7606). */
  malformed: number
  flaws: number
}>

/** A moment on the wall's clock, and what was wrong. */
export type LastError = Readonly<{ why: string; atMs: number }>

export type SessionView = Readonly<{
  state: State
  /** Of this state, in milliseconds since 1970. */
  sinceMs: number
  /** False: nobody has started it, or it was stopped. */
  enabled: boolean
  /** Null: there is no connection, or it does not tell. */
  local: SocketAddress | null
  remote: SocketAddress | null
  /** The peer has opened the connection. */
  isAccepted: boolean
  /** What was, or will be, said in our OPEN; and the peer's, once it is there. */
  sent: Open
  received: Open | null
  peerAsn: number | null
  families: readonly AddressFamily[]
  /** As negotiated; 0: for ever, or none. */
  holdMs: number | null
  keepaliveMs: number | null
  /** What is left of each that runs. */
  timersMs: Partial<Record<TimerName, number>>
  /** Bytes that the peer has not taken. */
  waitingBytes: number
  counters: Counters
  lastError: LastError | null
  /** Attempts in a row that have failed; and sessions in a row that did not last. */
  attempts: number
  flaps: number
  /** Families of a restarting peer that it has not told anew (RFC 4724). */
  stale: readonly AddressFamily[]
}>

/** Beside the session itself. */
export type Surroundings = Pick<
  SessionView,
  'sinceMs' | 'local' | 'remote' | 'timersMs' | 'waitingBytes' | 'counters' | 'lastError'
>

/** A session as it is now; nothing in it changes later. */
export function viewOf(session: Session, around: Surroundings): SessionView {
  const { state, enabled, call, negotiated, attempts, flaps, stale } = session
  return {
    state,
    enabled,
    isAccepted: call?.by === 'peer',
    sent: negotiated?.sent ?? ownOpen(session.config, session),
    received: negotiated?.received ?? null,
    peerAsn: negotiated?.peerAsn ?? null,
    families: [...(negotiated?.dialect.families ?? [])],
    holdMs: negotiated?.holdMs ?? null,
    keepaliveMs: negotiated?.keepaliveMs ?? null,
    attempts,
    flaps,
    stale,
    ...around,
    counters: structuredClone(around.counters),
  }
}
