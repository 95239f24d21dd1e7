// SPDX-License-Identifier: Apache-2.0
/**
 * One BFD session as a pure state machine: RFC 5880 §6.8, asynchronous mode, active role. No echo, no demand mode, no
 * authentication.
 *
 * `step` is told what happened and answers with the next session and what to do about it beyond sending what
 * `packetOf` says at the rate of timing.ts. It owns no socket, timer or clock: codec.ts reads the bytes, session.ts
 * carries out the actions.
 */
import type { ControlPacket, Diag, State } from './codec.ts'
import { announcedMinTxUs } from './timing.ts'

/** What one side says of its clockwork, in microseconds. */
export type Timers = Readonly<{ desiredMinTxUs: number; requiredMinRxUs: number; detectMult: number }>

export type Session = Readonly<{
  state: State
  diag: Diag
  localId: number
  /** 0: not known. */
  remoteId: number
  remoteState: State
  /** What the peer said last; null: it was never heard, or not for a whole detection time. */
  remote: Timers | null
  /** What we want while Up. */
  timers: Timers
  /** A poll sequence is under way (§6.5). */
  polling: boolean
  /** What we wanted before it: in force as well until the peer has agreed (§6.8.3); null: nothing was changed. */
  earlier: Timers | null
}>

export type Event =
  | Readonly<{ type: 'packet'; packet: ControlPacket }>
  | Readonly<{ type: 'detectExpired' }>
  | Readonly<{ type: 'admin'; enabled: boolean }>
  | Readonly<{ type: 'configure'; timers: Timers }>

export type Action = Readonly<{ type: 'sendFinal' }> | Readonly<{ type: 'report'; from: State; to: State; diag: Diag }>

type Step = [Session, Action[]]

/** §6.8.6. Row: our state; column: the state the peer announces. No entry: stay. */
const TRANSITIONS: Readonly<Record<State, Partial<Record<State, State>>>> = {
  AdminDown: {},
  Down: { Down: 'Init', Init: 'Up' },
  Init: { AdminDown: 'Down', Init: 'Up', Up: 'Up' },
  Up: { AdminDown: 'Down', Down: 'Down' },
}

/** A session that has heard nothing yet. */
export function initialSession(localId: number, timers: Timers): Session {
  return {
    state: 'Down',
    diag: 'none',
    localId,
    remoteId: 0,
    remoteState: 'Down',
    remote: null,
    timers,
    polling: false,
    earlier: null,
  }
}

export function step(session: Session, event: Event): Step {
  switch (event.type) {
    case 'packet':
      return session.state === 'AdminDown' ? [session, []] : onPacket(session, event.packet)
    case 'detectExpired':
      return onDetectExpired(session)
    case 'admin':
      if (!event.enabled) return move(session, 'AdminDown', 'adminDown')
      return session.state === 'AdminDown' ? move(session, 'Down', 'none') : [session, []]
    case 'configure':
      return [configured(session, event.timers), []]
  }
}

function onPacket(session: Session, packet: ControlPacket): Step {
  const { desiredMinTxUs, requiredMinRxUs, detectMult } = packet
  const polling = session.polling && !packet.final // §6.5: the answer ends the sequence
  const heard: Session = {
    ...session,
    remoteId: packet.myId,
    remoteState: packet.state,
    remote: { desiredMinTxUs, requiredMinRxUs, detectMult },
    polling,
    earlier: polling ? session.earlier : null,
  }
  const to = TRANSITIONS[session.state][packet.state] ?? session.state
  const [next, report] = move(heard, to, to === 'Down' ? 'neighborDown' : 'none')
  return [next, packet.poll ? [...report, { type: 'sendFinal' }] : report]
}

function onDetectExpired(session: Session): Step {
  const forgotten: Session = { ...session, remoteId: 0, remote: null, remoteState: 'Down' } // §6.8.1: it may have restarted
  const alive = session.state === 'Init' || session.state === 'Up'
  return alive ? move(forgotten, 'Down', 'timeExpired') : [forgotten, []]
}

/** §6.8.3: a change of intervals is agreed on by a poll sequence where somebody listens. */
function configured(session: Session, timers: Timers): Session {
  const { desiredMinTxUs, requiredMinRxUs } = session.timers
  const changes = timers.desiredMinTxUs !== desiredMinTxUs || timers.requiredMinRxUs !== requiredMinRxUs
  if (session.state !== 'Up' || !changes) return { ...session, timers }
  return { ...session, timers, polling: true, earlier: session.earlier ?? session.timers }
}

function move(session: Session, to: State, diag: Diag): Step {
  const from = session.state
  if (from === to) return [session, []]
  // §6.8.3: who comes Up wants to be faster than once a second, and asks for it; what was asked before is void.
  const next: Session = { ...session, state: to, diag, polling: to === 'Up', earlier: null }
  return [next, [{ type: 'report', from, to, diag }]]
}

/** What a session says of itself (§6.8.7). */
export function packetOf(session: Session): ControlPacket {
  const { state, diag, polling, timers, localId, remoteId } = session
  return {
    state,
    diag,
    poll: polling,
    final: false,
    controlPlaneIndependent: false,
    demand: false,
    detectMult: timers.detectMult,
    myId: localId,
    yourId: remoteId,
    desiredMinTxUs: announcedMinTxUs(session),
    requiredMinRxUs: timers.requiredMinRxUs,
    requiredMinEchoRxUs: 0, // §6.8.9: we loop no echoes
  }
}
