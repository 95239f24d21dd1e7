// SPDX-License-Identifier: Apache-2.0
/** How sessions, and connections of sessions that are being opened, end. */
import { connectRetryMs, idleHoldMs } from './backoff.ts'
import type { Notification } from './codec/message.ts'
import { notificationWords } from './codec/notification-words.ts'
import {
  CEASE,
  ceaseByBfd,
  ceaseFor,
  HOLD_EXPIRED,
  isHardReset,
  MESSAGE_NAMES,
  OPEN_ERROR,
  unexpected,
} from './fsm-notification.ts'
import {
  type Action,
  arm,
  armDial,
  begin,
  type Call,
  close,
  disarm,
  notification,
  type Session,
  type Step,
  type StopReason,
  send,
} from './fsm-state.ts'
import { BFD_RETURN_MS, OPEN_HOLD_MS, TIMERS } from './timing.ts'

/** Of connections; `stale` outlives them. */
const OWN_TIMERS = TIMERS.filter((timer) => timer !== 'stale')

export type Ending = Readonly<{
  why: string
  /** The last word; null: none. */
  say: Notification | null
  /** Nothing that waits is sent any more. */
  abort?: boolean
  /** The next OPEN has no capabilities. */
  plain?: boolean
  /** A restarting peer's routes stay in use for a while. */
  keepsRoutes?: boolean
  /** Nobody waits for the peer to come back. */
  isFinal?: boolean
}>

/** All connections end, and the session waits in Idle: the longer, the oftener that happened. */
export function fall(session: Session, ending: Ending): Step {
  const wasUp = session.state === 'Established'
  const attempts = wasUp ? 0 : session.attempts + 1
  const flaps = wasUp ? session.flaps + 1 : session.flaps
  const [ended, actions] = end(session, ending)
  const next: Session = { ...ended, attempts, flaps, plain: ending.plain ?? false }
  return [next, [...actions, arm('idleHold', idleHoldMs(attempts + flaps))]]
}

/** Somebody wants it to end; it begins anew when it is started. */
export function onStop(session: Session, reason: StopReason): Step {
  const say = session.call === null ? null : ceaseFor(session, reason)
  const why = reason.text === '' ? STOPPED[reason.kind] : `${STOPPED[reason.kind]}: ${reason.text}`
  const [ended, actions] = end(session, { why, say, isFinal: true })
  return [{ ...ended, enabled: false, plain: false, attempts: 0, flaps: 0 }, actions]
}

const STOPPED: Readonly<Record<StopReason['kind'], string>> = {
  drain: 'drained by us',
  removed: 'the peer was removed from our configuration',
  reconfigured: 'our configuration of the peer has changed',
  handover: 'this speaker restarts',
}

/**
 * RFC 9384. While nothing is open, no connection ends. RFC 5882 §4.3: while the peer restarts, silence is what the restart
 * brings about where BFD restarts with BGP, and is no reason to break it off; where it does not, the restart is over.
 */
export function onPeerDown(
  session: Session,
  { why, independent }: Readonly<{ why: string; independent: boolean }>,
): Step {
  if (session.stale.length === 0) return lose(session, why)
  const isBack = session.state === 'Established' && session.bfd === 'back'
  if (!independent && !isBack) return onSilence(session, why)
  const [lost, actions] = lose({ ...session, stale: [] }, why)
  return [lost, [disarm('stale'), ...actions]]
}

function lose(session: Session, why: string): Step {
  return session.call === null ? [session, []] : fall(session, { why, say: ceaseByBfd(session) })
}

/**
 * RFC 5882 §4.3.2: a restart that goes on is not broken off. One that has brought BGP back has some time more for BFD; a
 * session that came up without BFD needs none, as ever.
 */
function onSilence(session: Session, why: string): Step {
  if (session.state !== 'Established' || session.bfd !== 'unheard') return [session, []]
  return [{ ...session, bfd: { silent: why } }, [arm('stale', BFD_RETURN_MS)]]
}

/** All routes of a restarting peer are told anew, or the time is over. What BFD has lost by then was not the restart. */
export function restartOver(session: Session): Step {
  const over: Session = { ...session, stale: [], bfd: 'unheard' }
  return typeof session.bfd === 'object' ? lose(over, session.bfd.silent) : [over, []]
}

function end(session: Session, { why, say, abort = false, keepsRoutes = false, isFinal = false }: Ending): Step {
  const { call, rival, dialling } = session
  const wasUp = session.state === 'Established'
  const stale = isFinal ? [] : wasUp ? (keepsRoutes ? staleFamilies(session) : []) : session.stale
  const isNewlyStale = wasUp && stale.length > 0
  const actions: Action[] = [
    ...(call === null || say === null ? [] : [send(call, say)]),
    ...(call === null ? [] : [close(call.id, abort)]),
    ...(rival === null ? [] : [close(rival.id)]),
    ...(dialling === null ? [] : [close(dialling)]),
    disarm(...OWN_TIMERS),
    ...(isNewlyStale ? [arm('stale', 1000 * (session.negotiated?.peerRestart?.restartSeconds ?? 0))] : []),
    ...(stale.length === 0 && session.stale.length > 0 ? [disarm('stale')] : []),
    ...(wasUp ? [{ type: 'down', why } as const] : isFinal ? [] : [{ type: 'failed', why } as const]),
  ]
  const none = { call: null, negotiated: null, rival: null, dialling: null } as const
  // Of the next restart nothing is heard yet.
  const bfd = wasUp ? 'unheard' : session.bfd
  return [{ ...session, ...none, state: 'Idle', stale, bfd }, actions]
}

/** RFC 4724 §4.2. */
function staleFamilies({ negotiated }: Session): Session['stale'] {
  const restart = negotiated?.peerRestart
  return restart && restart.restartSeconds > 0 ? restart.families.map(({ family }) => family) : []
}

/** The connection is over without a word. */
export function onClosed(session: Session, id: number, why: string): Step {
  const { call, rival, state } = session
  if (id === rival?.id) return [{ ...session, rival: null }, [disarm('rivalHold')]]
  if (id !== call?.id) return [session, []]
  if (state !== 'Established') return leaderLost(session, why)
  return rival === null ? fall(session, { why, say: null, keepsRoutes: true }) : replaced(session, rival, why)
}

/** RFC 4724 §4.2: the peer has restarted and is here again; nothing is said on the old connection. */
export function replaced(session: Session, by: Call, why: string): Step {
  const [fallen, actions] = fall({ ...session, rival: null }, { why, say: null, keepsRoutes: true })
  const next: Session = { ...fallen, state: 'OpenSent', call: by }
  return [next, [...actions, disarm('idleHold'), arm('hold', OPEN_HOLD_MS)]]
}

/** The connection that was ahead is over; another one may go on. */
export function leaderLost(session: Session, why: string): Step {
  const { call, rival, state } = session
  const over = [...(call === null ? [] : [close(call.id)]), disarm('hold', 'keepalive', 'rivalHold')]
  const failed = { type: 'failed', why } as const
  const bare: Session = { ...session, negotiated: null, call: null, rival: null }
  if (rival !== null) {
    return [{ ...bare, state: 'OpenSent', call: rival }, [...over, arm('hold', OPEN_HOLD_MS)]]
  }
  if (session.dialling !== null) return [{ ...bare, state: 'Connect' }, [...over, failed, armDial(session)]]
  // §8.2.2, event 18: only in OpenSent it goes on without a pause in Idle.
  if (state !== 'OpenSent') return fall(session, { why, say: null })
  const [waiting, actions] = toActive({ ...bare, attempts: session.attempts + 1 })
  return [waiting, [...over, failed, ...actions]]
}

/** Waits until it is time to dial again, or to be dialled. */
export function toActive(session: Session): Step {
  const { passive, connectMs } = session.config
  if (passive) return begin(session)
  const waitMs = connectRetryMs(session.attempts, connectMs)
  return [{ ...session, state: 'Active', dialling: null }, [arm('connectRetry', waitMs)]]
}

/** Ends a second connection that is being opened; the first one goes on. */
export function dropRival(session: Session, say: Notification | null): Step {
  const { rival } = session
  if (rival === null) return [session, []]
  const word = say === null ? [] : [send(rival, say)]
  return [{ ...session, rival: null }, [...word, close(rival.id), disarm('rivalHold')]]
}

/** §6.5: the peer was silent for too long. */
export function onHoldExpired(session: Session): Step {
  const say = notification(HOLD_EXPIRED, 0)
  if (session.state === 'OpenSent') return fall(session, { why: `no OPEN within ${OPEN_HOLD_MS / 1000} s`, say })
  const { holdMs = 0, notificationRestart = false } = session.negotiated ?? {}
  if (holdMs === 0) return fall(session, { why: `no KEEPALIVE within ${OPEN_HOLD_MS / 1000} s`, say })
  const why = `hold time expired: nothing was heard from the peer for ${holdMs / 1000} s`
  return fall(session, { why, say, keepsRoutes: notificationRestart })
}

/** RFC 6608: a message that has no place in this state. */
export function onUnexpected(session: Session, type: Parameters<typeof unexpected>[1]): Step {
  const why = `the peer sent ${MESSAGE_NAMES[type]} in state ${session.state}`
  return fall(session, { why, say: unexpected(session.state, type) })
}

/** §6.4, on the connection that is ahead. Never answered by another one. */
export function onNotification(session: Session, message: Notification): Step {
  const { code, subcode } = message
  const why = `the peer says: ${notificationWords(message)}`
  const isOpening = session.state !== 'Established'
  const hasOther = session.rival !== null || session.dialling !== null
  if (isOpening && hasOther && code === CEASE.code && subcode === CEASE.collision) return leaderLost(session, why)
  // It waits in Idle. Two that wait there in turn, and reject each other, would never meet.
  if (session.state === 'OpenSent' && code === CEASE.code && subcode === CEASE.rejected) return leaderLost(session, why)
  const keepsRoutes = session.negotiated?.notificationRestart === true && !isHardReset(message)
  return fall(session, { why, say: null, plain: isOpening && wantsPlain(session, message), keepsRoutes })
}

/** RFC 5492 §3: a peer that takes no capabilities is tried without, every other time. */
function wantsPlain({ plain, config }: Session, { code, subcode }: Notification): boolean {
  const isAboutThem = subcode === OPEN_ERROR.optionalParameter || subcode === OPEN_ERROR.capability
  return !plain && code === OPEN_ERROR.code && isAboutThem && config.families.includes('ipv4')
}
