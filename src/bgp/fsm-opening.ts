// SPDX-License-Identifier: Apache-2.0
/** Connections from their first moment until they are agreed on (RFC 4271 §6.2, §6.8). */
import type { Message, Notification, Open } from './codec/message.ts'
import { dropRival, fall, leaderLost, onNotification, onUnexpected, replaced, toActive } from './fsm-ending.ts'
import { CEASE, OPEN_ERROR, unexpected } from './fsm-notification.ts'
import {
  type Action,
  arm,
  type Call,
  close,
  disarm,
  notification,
  type Session,
  type Step,
  send,
  sendOpen,
} from './fsm-state.ts'
import { type Negotiated, negotiate, ownOpen } from './negotiate.ts'
import { OPEN_HOLD_MS, SETTLED_MS, STALE_ROUTES_MS, sendHoldMs } from './timing.ts'

const KEEPALIVE: Message = { type: 'keepalive' }

/** Our dial has reached the peer. */
export function onConnected(session: Session, id: number): Step {
  // A dial that was given up.
  if (session.dialling !== id) return [session, [close(id)]]
  const next: Session = { ...session, dialling: null }
  if (session.rival !== null) return [next, [close(id)]]
  const call: Call = { id, by: 'us' }
  return session.state === 'Connect' ? opened(next, call, [disarm('connectRetry')]) : rivalOpened(next, call, [])
}

/** Our dial has not reached the peer. */
export function onConnectFailed(session: Session, id: number, why: string): Step {
  if (session.dialling !== id) return [session, []]
  // The peer's own connection goes on.
  if (session.state !== 'Connect') return [{ ...session, dialling: null }, []]
  const [waiting, actions] = toActive({ ...session, dialling: null, attempts: session.attempts + 1 })
  return [waiting, [{ type: 'failed', why }, ...actions]]
}

/** The peer has dialled us. */
export function onAccepted(session: Session): Step {
  const { state, rival, nextId } = session
  if (state === 'Idle') return [session, [refuse(CEASE.rejected)]] // §8.2.2: refuses all connections
  if (rival !== null) return [session, [refuse(CEASE.collision)]]
  const call: Call = { id: nextId, by: 'peer' }
  const next: Session = { ...session, nextId: nextId + 1 }
  const adopt: Action = { type: 'adopt', id: nextId }
  // A dial under way goes on: who gave it up here might find that the peer did the same.
  if (session.call === null) return opened(next, call, [adopt, disarm('connectRetry')])
  // §6.8: what becomes of it is decided when it says who it is.
  return rivalOpened(next, call, [adopt])
}

/** The first connection: says who we are. */
function opened(session: Session, call: Call, actions: readonly Action[]): Step {
  return [{ ...session, state: 'OpenSent', call }, [...actions, sendOpen(session, call), arm('hold', OPEN_HOLD_MS)]]
}

function rivalOpened(session: Session, call: Call, actions: readonly Action[]): Step {
  return [{ ...session, rival: call }, [...actions, sendOpen(session, call), arm('rivalHold', OPEN_HOLD_MS)]]
}

function refuse(subcode: number): Action {
  return { type: 'refuse', message: notification(CEASE.code, subcode) }
}

/** On the connection that is ahead, before Established. */
export function onOpeningMessage(session: Session, call: Call, message: Message): Step {
  if (message.type === 'notification') return onNotification(session, message)
  if (session.state === 'OpenSent' && message.type === 'open') return onOpen(session, call, message)
  if (session.state === 'OpenConfirm' && message.type === 'keepalive') return establish(session, call)
  return onUnexpected(session, message.type)
}

function onOpen(session: Session, call: Call, open: Open): Step {
  const outcome = negotiate(session.config, ownOpen(session.config, session), open)
  if (!outcome.ok) {
    return fall(session, { why: outcome.why, say: notification(OPEN_ERROR.code, outcome.subcode, outcome.data) })
  }
  const { negotiated } = outcome
  if (session.rival === null) return confirm(session, call, negotiated)
  if (isWinner(session, { call, other: session.rival }, negotiated)) {
    const [alone, actions] = dropRival(session, collision())
    const [confirmed, more] = confirm(alone, call, negotiated)
    return [confirmed, [...actions, ...more]]
  }
  const [next, actions] = leaderLost(session, 'collision')
  return [next, [send(call, collision()), ...actions]]
}

function confirm(session: Session, call: Call, negotiated: Negotiated): Step {
  const { holdMs, keepaliveMs } = negotiated
  // §4.2 has no hold timer with hold time 0, but here there is a word to come.
  const timers =
    holdMs === 0
      ? [disarm('keepalive'), arm('hold', OPEN_HOLD_MS)]
      : [arm('hold', holdMs), arm('keepalive', keepaliveMs)]
  return [{ ...session, state: 'OpenConfirm', call, negotiated }, [send(call, KEEPALIVE), ...timers]]
}

/** On the second one of two connections. What is wrong with it is no matter of the first. */
export function onRivalMessage(session: Session, rival: Call, message: Message): Step {
  if (message.type === 'notification') return dropRival(session, null)
  if (message.type !== 'open') return dropRival(session, unexpected('OpenSent', message.type))
  const outcome = negotiate(session.config, ownOpen(session.config, session), message)
  if (!outcome.ok) return dropRival(session, notification(OPEN_ERROR.code, outcome.subcode, outcome.data))
  const { negotiated } = outcome
  if (session.state === 'Established') return onSecondSession(session, rival, negotiated)
  const { call } = session
  if (call === null || !isWinner(session, { call: rival, other: call }, negotiated)) {
    return dropRival(session, collision())
  }
  const [next, actions] = leaderLost(session, 'collision')
  const [confirmed, more] = confirm(next, rival, negotiated)
  return [confirmed, [send(call, collision()), ...actions, ...more]]
}

/** §6.8: one that is Established stays, unless the peer says that it has restarted since (RFC 4724 §4.2). */
function onSecondSession(session: Session, rival: Call, negotiated: Negotiated): Step {
  if (negotiated.peerRestart?.restarting !== true) return dropRival(session, collision())
  const [next, actions] = replaced(session, rival, 'the peer has restarted')
  const [confirmed, more] = confirm(next, rival, negotiated)
  return [confirmed, [...actions, ...more]]
}

/**
 * §6.8: of two connections the one stays that the speaker with the higher router ID has opened; RFC 6286 §2.3: where
 * both IDs are the same, the higher AS number decides. Asked with the first OPEN: by now we know the peer's router ID,
 * and who waited until one of both is confirmed might have it Established while the peer decides for the other one.
 */
function isWinner(
  { config }: Session,
  { call, other }: Readonly<{ call: Call; other: Call }>,
  { peerRouterId, peerAsn }: Negotiated,
): boolean {
  // Who opens two has forgotten the first.
  if (call.by === other.by) return call.id > other.id
  const isHigher = config.routerId === peerRouterId ? config.localAsn > peerAsn : config.routerId > peerRouterId
  return call.by === (isHigher ? 'us' : 'peer')
}

function collision(): Notification {
  return notification(CEASE.code, CEASE.collision)
}

function establish(session: Session, call: Call): Step {
  const { negotiated, dialling } = session
  if (negotiated === null) return [session, []]
  const [alone, actions] = dropRival(session, collision())
  const stale = stillStale(session, negotiated)
  const fresh = { dialling: null, restarting: false, attempts: 0, stale } as const
  return [
    { ...alone, ...fresh, state: 'Established', call },
    [
      ...actions,
      ...(dialling === null ? [] : [close(dialling)]),
      negotiated.holdMs === 0 ? disarm('hold') : arm('hold', negotiated.holdMs),
      arm('sendHold', sendHoldMs(negotiated.holdMs)),
      arm('settled', SETTLED_MS),
      ...(stale.length > 0 ? [arm('stale', STALE_ROUTES_MS)] : []),
      ...(stale.length === 0 && session.stale.length > 0 ? [disarm('stale')] : []),
      { type: 'established', negotiated },
    ],
  ]
}

/** RFC 4724 §4.2: only families that the peer still forwards for are waited for. */
function stillStale({ stale }: Session, { peerRestart }: Negotiated): Session['stale'] {
  const preserved = peerRestart?.families.filter((one) => one.preserved).map(({ family }) => family) ?? []
  return stale.filter((family) => preserved.includes(family))
}
