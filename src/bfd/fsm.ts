// SPDX-License-Identifier: Apache-2.0
/**
 * One BFD session as a pure state machine: RFC 5880 §6.8, asynchronous mode, with echoes. No authentication.
 *
 * Demand mode is never ours to ask for. A peer may ask for it: it then wants no packets between its polls, and §6.8.7
 * leaves us no choice (MUST NOT); what it says to us goes on, as we have not asked for less, and so does detection.
 *
 * `step` is told what happened and answers with the next session and what to do about it beyond sending what
 * `packetOf` says at the rate of timing.ts. It owns no socket, timer or clock: codec.ts reads the bytes, session.ts
 * carries out the actions.
 */
import type { ControlPacket, Diag, State } from './codec.ts'
import { announcedTimers } from './timing.ts'

/** What one side says of its clockwork, in microseconds. */
export type Timers = Readonly<{ desiredMinTxUs: number; requiredMinRxUs: number; detectMult: number }>

/** `passive`: silent until the peer was heard (§6.1). `echoUs`: between our echoes as we want them; 0: none. */
export type Role = Readonly<{ passive: boolean; echoUs: number }>

/** What the peer said last. */
export type Remote = Timers &
  Readonly<{ requiredMinEchoRxUs: number; diag: Diag; demand: boolean; controlPlaneIndependent: boolean }>

export type Session = Readonly<{
  state: State
  diag: Diag
  localId: number
  /** 0: not known. */
  remoteId: number
  remoteState: State
  /** Null: the peer was never heard, or not for a whole detection time. */
  remote: Remote | null
  /** What we want while Up. */
  timers: Timers
  role: Role
  /** The peer invites echoes and sends none back: none until the session is Up again. */
  echoUseless: boolean
  /** A poll sequence is under way (§6.5). */
  polling: boolean
  /** What we announced before it: in force as well until the peer has agreed (§6.8.3); null: nothing was changed. */
  earlier: Timers | null
}>

export type Event =
  | Readonly<{ type: 'packet'; packet: ControlPacket }>
  | Readonly<{ type: 'detectExpired' }>
  /** No echo of ours came back for its detection time; `useless`: none ever has since the session is Up. */
  | Readonly<{ type: 'echoExpired'; useless: boolean }>
  | Readonly<{ type: 'admin'; enabled: boolean }>
  | Readonly<{ type: 'configure'; timers: Timers; role?: Role }>

export type Action = Readonly<{ type: 'sendFinal' }> | Readonly<{ type: 'report'; from: State; to: State; diag: Diag }>

type Step = [Session, Action[]]

/** §6.8.6. Row: our state; column: the state the peer announces. No entry: stay. */
const TRANSITIONS: Readonly<Record<State, Partial<Record<State, State>>>> = {
  AdminDown: {},
  Down: { Down: 'Init', Init: 'Up' },
  Init: { AdminDown: 'Down', Init: 'Up', Up: 'Up' },
  Up: { AdminDown: 'Down', Down: 'Down' },
}

const ACTIVE: Role = { passive: false, echoUs: 0 }

/** A session that has heard nothing yet. */
export function initialSession(localId: number, timers: Timers, role: Role = ACTIVE): Session {
  return {
    state: 'Down',
    diag: 'none',
    localId,
    remoteId: 0,
    remoteState: 'Down',
    remote: null,
    timers,
    role,
    echoUseless: false,
    polling: false,
    earlier: null,
  }
}

export function step(session: Session, event: Event): Step {
  const [next, actions] = advance(session, event)
  return [agree(session, next), actions]
}

function advance(session: Session, event: Event): Step {
  switch (event.type) {
    case 'packet':
      return session.state === 'AdminDown' ? [session, []] : onPacket(session, event.packet)
    case 'detectExpired':
      return onDetectExpired(session)
    case 'echoExpired':
      if (session.state !== 'Up') return [session, []]
      return event.useless ? [{ ...session, echoUseless: true }, []] : move(session, 'Down', 'echoFailed')
    case 'admin':
      if (!event.enabled) return move(session, 'AdminDown', 'adminDown')
      return session.state === 'AdminDown' ? move(session, 'Down', 'none') : [session, []]
    case 'configure':
      return [{ ...session, timers: event.timers, role: event.role ?? session.role }, []]
  }
}

function onPacket(session: Session, packet: ControlPacket): Step {
  const polling = session.polling && !packet.final // §6.5: the answer ends the sequence
  const heard: Session = {
    ...session,
    remoteId: packet.myId,
    remoteState: packet.state,
    remote: remoteOf(packet),
    polling,
    earlier: polling ? session.earlier : null,
  }
  const to = TRANSITIONS[session.state][packet.state] ?? session.state
  const [next, report] = move(heard, to, to === 'Down' ? 'neighborDown' : 'none')
  return [next, packet.poll ? [...report, { type: 'sendFinal' }] : report]
}

function remoteOf(packet: ControlPacket): Remote {
  const { desiredMinTxUs, requiredMinRxUs, detectMult, requiredMinEchoRxUs } = packet
  const { diag, demand, controlPlaneIndependent } = packet
  return { desiredMinTxUs, requiredMinRxUs, detectMult, requiredMinEchoRxUs, diag, demand, controlPlaneIndependent }
}

function onDetectExpired(session: Session): Step {
  const forgotten: Session = { ...session, remoteId: 0, remote: null, remoteState: 'Down' } // §6.8.1: it may have restarted
  const alive = session.state === 'Init' || session.state === 'Up'
  return alive ? move(forgotten, 'Down', 'timeExpired') : [forgotten, []]
}

/** §6.8.3: a change of what we announce is agreed on by a poll sequence where somebody listens. */
function agree(before: Session, next: Session): Session {
  if (before.state !== 'Up' || next.state !== 'Up') return next
  const [was, is] = [announcedTimers(before), announcedTimers(next)]
  if (was.desiredMinTxUs === is.desiredMinTxUs && was.requiredMinRxUs === is.requiredMinRxUs) return next
  return { ...next, polling: true, earlier: next.earlier ?? was }
}

function move(session: Session, to: State, diag: Diag): Step {
  const from = session.state
  if (from === to) return [session, []]
  // §6.8.3: who comes Up wants to be faster than once a second, and asks for it; what was asked before is void.
  const next: Session = { ...session, state: to, diag, polling: to === 'Up', earlier: null, echoUseless: false }
  return [next, [{ type: 'report', from, to, diag }]]
}

/** What a session says of itself (§6.8.7). */
export function packetOf(session: Session): ControlPacket {
  const { state, diag, polling, localId, remoteId, role } = session
  return {
    state,
    diag,
    poll: polling,
    final: false,
    controlPlaneIndependent: false, // what sends is a thread of this process, and ends with it
    demand: false,
    myId: localId,
    yourId: remoteId,
    ...announcedTimers(session),
    requiredMinEchoRxUs: role.echoUs, // §6.8.9: 0: we loop none
  }
}
