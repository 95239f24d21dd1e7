// SPDX-License-Identifier: Apache-2.0
/** What a session knows, what can happen to it, and what it can ask for. */
import type { AddressFamily, Malformed, Message, Notification, RouteRefresh, Update } from './codec/message.ts'
import { type Config, type Negotiated, ownOpen } from './negotiate.ts'
import { DIAL_MS, type TimerName } from './timing.ts'

/** RFC 4271 §8.2.2. */
export type State = 'Idle' | 'Connect' | 'Active' | 'OpenSent' | 'OpenConfirm' | 'Established'

/** A TCP connection with the peer, and who has opened it. Numbers are not used twice in a session's life. */
export type Call = Readonly<{ id: number; by: 'us' | 'peer' }>

export type Session = Readonly<{
  config: Config
  state: State
  /** False: stays Idle until it is started. */
  enabled: boolean
  /** The connection that `state` speaks of; null before OpenSent. */
  call: Call | null
  /** From OpenConfirm on. */
  negotiated: Negotiated | null
  /** Another connection on which our OPEN is not answered yet (§6.8). */
  rival: Call | null
  /** A dial under way: in Connect, and while the peer's own connection is being opened. */
  dialling: number | null
  /** The number of the next connection. */
  nextId: number
  /** This program has started anew, and this session has not been Established since (RFC 4724). */
  restarting: boolean
  /** The next OPEN goes out without capabilities. */
  plain: boolean
  /** Attempts in a row that have failed. */
  attempts: number
  /** How often it was Established and ended before it had settled. */
  flaps: number
  /** Families of which a restarting peer's routes are not confirmed yet. */
  stale: readonly AddressFamily[]
  /**
   * What BFD has said since the peer's restart began, as far as it counts: it is Up again, and from then on speaks of the
   * path; or it is silent on the session that came back, which the restart may have brought about.
   */
  bfd: 'unheard' | 'back' | Readonly<{ silent: string }>
}>

/**
 * Why somebody ends a session for good. `handover`: this program ends and comes back, and the peer keeps our routes;
 * nothing is said (RFC 4724 §4).
 */
export type StopReason = Readonly<{
  kind: 'drain' | 'removed' | 'reconfigured' | 'handover'
  /** For people at the peer (RFC 9003), where the kind can carry it. */
  text: string
}>

/** What may change without a new session. */
export type Intervals = Pick<Config, 'keepaliveMs' | 'connectMs'> & Partial<Pick<Config, 'passive'>>

export type Event =
  | Readonly<{ type: 'start' }>
  | Readonly<{ type: 'stop'; reason: StopReason }>
  /**
   * Forwarding to the peer is known to be broken (BFD); `independent` (C bit, RFC 5882 §4.3): no restart of what speaks
   * BGP there looks like this.
   */
  | Readonly<{ type: 'peerDown'; why: string; independent: boolean }>
  /** Forwarding to the peer is known to work again (BFD): whoever waits need not. */
  | Readonly<{ type: 'peerUp' }>
  /** Other intervals; all else, which stands in OPENs, needs another session. */
  | Readonly<{ type: 'configure'; intervals: Intervals }>
  | Readonly<{ type: 'connected'; id: number }>
  | Readonly<{ type: 'connectFailed'; id: number; why: string }>
  /** The peer has dialled us; answered by `adopt` or `refuse`. */
  | Readonly<{ type: 'accepted' }>
  | Readonly<{ type: 'closed'; id: number; why: string }>
  | Readonly<{ type: 'message'; id: number; message: Message }>
  | Readonly<{ type: 'malformed'; id: number; malformed: Malformed['malformed'] }>
  | Readonly<{ type: 'expired'; timer: TimerName }>
  /** The peer's kernel has taken something since the last time, or nothing waits. */
  | Readonly<{ type: 'sent' }>

export type Action =
  | Readonly<{ type: 'connect'; id: number }>
  | Readonly<{ type: 'adopt'; id: number }>
  | Readonly<{ type: 'refuse'; message: Message }>
  | Readonly<{ type: 'send'; id: number; message: Message }>
  /** Also of a dial under way. `abort`: what waits to be sent is dropped. */
  | Readonly<{ type: 'close'; id: number; abort: boolean }>
  | Readonly<{ type: 'arm'; timer: TimerName; ms: number }>
  | Readonly<{ type: 'disarm'; timers: readonly TimerName[] }>
  | Readonly<{ type: 'established'; negotiated: Negotiated }>
  /** It was Established. */
  | Readonly<{ type: 'down'; why: string }>
  /** It was not. */
  | Readonly<{ type: 'failed'; why: string }>
  | Readonly<{ type: 'deliver'; message: Update | RouteRefresh }>

export type Step = [Session, Action[]]

/** A session that has not been started. */
export function initialSession(config: Config, restarting: boolean): Session {
  return {
    config,
    state: 'Idle',
    enabled: false,
    call: null,
    negotiated: null,
    rival: null,
    dialling: null,
    nextId: 1,
    restarting: restarting && config.gracefulRestart !== null,
    plain: false,
    attempts: 0,
    flaps: 0,
    stale: [],
    bfd: 'unheard',
  }
}

/** From Idle, or from Active: dials, or waits for the peer to do so. */
export function begin(session: Session): Step {
  if (session.config.passive) return [{ ...session, state: 'Active' }, []]
  return dial(session)
}

/** A new connection of ours is on its way. */
export function dial(session: Session): Step {
  const { nextId } = session
  const next: Session = { ...session, state: 'Connect', dialling: nextId, nextId: nextId + 1 }
  return [next, [{ type: 'connect', id: nextId }, armDial(session)]]
}

/** For as long as the user wants between two dials, but not less than one may take. */
export function armDial({ config }: Session): Action {
  return arm('connectRetry', Math.max(config.connectMs ?? 0, DIAL_MS))
}

/** Begins a timer, also one that runs. */
export function arm(timer: TimerName, ms: number): Action {
  return { type: 'arm', timer, ms }
}

/** Ends timers; those that do not run do not matter. */
export function disarm(...timers: readonly TimerName[]): Action {
  return { type: 'disarm', timers }
}

/** Says something on a connection. */
export function send({ id }: Call, message: Message): Action {
  return { type: 'send', id, message }
}

/** Says who we are, as things stand. */
export function sendOpen(session: Session, call: Call): Action {
  return send(call, ownOpen(session.config, session))
}

/** Ends a connection, or a dial under way. */
export function close(id: number, abort = false): Action {
  return { type: 'close', id, abort }
}

/** One without text (RFC 4271 §4.5). */
export function notification(code: number, subcode: number, data: Uint8Array = new Uint8Array(0)): Notification {
  return { type: 'notification', code, subcode, data, reason: '' }
}
