// SPDX-License-Identifier: Apache-2.0
/**
 * One BGP session as a pure state machine: RFC 4271 §8, with RFC 4724 and 8538 (restarts), 5492 (capabilities), 6286
 * (router IDs), 6608 (wrong messages), 9384 (BFD) and 9687 (a peer that reads nothing).
 *
 * `step` is told what happened and answers with the next session and what to do. It owns no socket, timer or clock:
 * session.ts carries out the actions, and negotiate.ts judges OPENs. With a peer there may be two connections, one in
 * each direction, until both have said who they are: `call` is the one that `state` speaks of, and `rival` the other.
 *
 * Otherwise than in the RFC: no DelayOpen (§8.1.1, optional); a dial that fails, or that is rejected (6/5) by a peer
 * in Idle, leads to Active and not to Idle, so that a peer that dials us is let in; and for the peer's OPEN we wait one
 * minute and not four, as for its KEEPALIVE where the hold time is 0.
 */

import type { Message, Update } from './codec/message.ts'
import {
  dropRival,
  fall,
  onClosed,
  onHoldExpired,
  onNotification,
  onPeerDown,
  onStop,
  onUnexpected,
  restartOver,
} from './fsm-ending.ts'
import { onConfigure, onPeerUp } from './fsm-hurry.ts'
import { HOLD_EXPIRED } from './fsm-notification.ts'
import { onAccepted, onConnected, onConnectFailed, onOpeningMessage, onRivalMessage } from './fsm-opening.ts'
import {
  type Action,
  arm,
  begin,
  type Call,
  close,
  dial,
  disarm,
  type Event,
  notification,
  type Session,
  type Step,
  send,
} from './fsm-state.ts'
import { sendHoldMs, type TimerName } from './timing.ts'

export type { Action, Call, Event, Intervals, Session, State, Step, StopReason } from './fsm-state.ts'
export { initialSession } from './fsm-state.ts'

/** What `event` changes, and what is to be done about it, in this order. */
export function step(session: Session, event: Event): Step {
  switch (event.type) {
    case 'start':
      return session.enabled ? [session, []] : begin({ ...session, enabled: true })
    case 'stop':
      return session.enabled ? onStop(session, event.reason) : [session, []]
    case 'peerDown':
      return onPeerDown(session, event)
    case 'peerUp':
      return onPeerUp(session)
    case 'configure':
      return onConfigure(session, event.intervals)
    case 'connected':
      return onConnected(session, event.id)
    case 'connectFailed':
      return onConnectFailed(session, event.id, event.why)
    case 'accepted':
      return onAccepted(session)
    case 'closed':
      return onClosed(session, event.id, event.why)
    case 'message':
      return onMessage(session, event.id, event.message)
    case 'malformed':
      return onMalformed(session, event.id, event.malformed)
    case 'expired':
      return onExpired(session, event.timer)
    case 'sent':
      return session.state === 'Established' ? [session, [armSendHold(session)]] : [session, []]
  }
}

function onMessage(session: Session, id: number, message: Message): Step {
  const { call, rival, state } = session
  if (id === rival?.id) return onRivalMessage(session, rival, message)
  if (id !== call?.id) return [session, []]
  if (state !== 'Established') return onOpeningMessage(session, call, message)
  switch (message.type) {
    case 'notification':
      return onNotification(session, message)
    case 'open': // §6.8 knows a second connection, but no second OPEN on the same one
      return onUnexpected(session, 'open')
    case 'keepalive':
      return [session, armHold(session)]
    case 'routeRefresh':
      return [session, [...armHold(session), ...(isAnswered(session, message) ? [deliver(message)] : [])]]
    case 'update':
      return onUpdate(session, message)
  }
}

function onUpdate(session: Session, update: Update): Step {
  const actions = [...armHold(session), deliver(update)]
  if (update.endOfRib === null || !session.stale.includes(update.endOfRib)) return [session, actions]
  const stale = session.stale.filter((family) => family !== update.endOfRib)
  if (stale.length > 0) return [{ ...session, stale }, actions]
  const [next, more] = restartOver(session)
  return [next, [...actions, disarm('stale'), ...more]]
}

/** RFC 2918 §4: what was not agreed on is ignored; subtypes are for those who have RFC 7313. */
function isAnswered({ negotiated }: Session, { family, subtype }: Extract<Message, { type: 'routeRefresh' }>): boolean {
  if (negotiated?.routeRefresh !== true || family === null || subtype !== 0) return false
  return negotiated.dialect.families.has(family)
}

function deliver(message: Extract<Action, { type: 'deliver' }>['message']): Action {
  return { type: 'deliver', message }
}

/** Any message shows that the peer lives. */
function armHold({ negotiated }: Session): Action[] {
  return negotiated === null || negotiated.holdMs === 0 ? [] : [arm('hold', negotiated.holdMs)]
}

function armSendHold({ negotiated }: Session): Action {
  return arm('sendHold', sendHoldMs(negotiated?.holdMs ?? 0))
}

function onMalformed(
  session: Session,
  id: number,
  malformed: Extract<Event, { type: 'malformed' }>['malformed'],
): Step {
  const { code, subcode, data, why } = malformed
  const say = notification(code, subcode, data)
  if (id === session.rival?.id) return dropRival(session, say)
  if (id !== session.call?.id) return [session, []]
  const keepsRoutes = session.negotiated?.notificationRestart === true
  return fall(session, { why: `the peer sent what cannot be read: ${why}`, say, keepsRoutes })
}

function onExpired(session: Session, timer: TimerName): Step {
  const { state, call } = session
  switch (timer) {
    case 'idleHold':
      return state === 'Idle' && session.enabled ? begin(session) : [session, []]
    case 'connectRetry':
      return onConnectRetry(session)
    case 'hold':
      return call === null ? [session, []] : onHoldExpired(session)
    case 'rivalHold':
      return dropRival(session, notification(HOLD_EXPIRED, 0))
    case 'keepalive':
      return call === null ? [session, []] : [session, sendKeepalive(session, call)]
    case 'sendHold':
      return state === 'Established' ? onSendHoldExpired(session) : [session, []]
    case 'settled':
      return [{ ...session, flaps: 0 }, []]
    case 'stale':
      return restartOver(session)
  }
}

/** §8.2.2, event 9: the dial that was not answered is given up. */
function onConnectRetry(session: Session): Step {
  if (session.state === 'Active') return begin(session)
  if (session.state !== 'Connect' || session.dialling === null) return [session, []]
  const [next, actions] = dial({ ...session, attempts: session.attempts + 1 })
  return [next, [close(session.dialling), ...actions]]
}

function sendKeepalive({ negotiated }: Session, call: Call): Action[] {
  if (negotiated === null || negotiated.keepaliveMs === 0) return []
  return [send(call, { type: 'keepalive' }), arm('keepalive', negotiated.keepaliveMs)]
}

/** RFC 9687 §4.2. A NOTIFICATION would wait behind what nobody reads. */
function onSendHoldExpired(session: Session): Step {
  const seconds = sendHoldMs(session.negotiated?.holdMs ?? 0) / 1000
  return fall(session, { why: `the peer has read nothing for ${seconds} s`, say: null, abort: true })
}
