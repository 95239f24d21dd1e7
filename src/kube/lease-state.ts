// SPDX-License-Identifier: Apache-2.0
/**
 * Who leads, as a function: what is known about the Lease and what happened → what is known now and what to do. All
 * times are of one clock that also counts while the machine sleeps (CLOCK_BOOTTIME); times of other machines, which
 * stand in the Lease for people, are never compared with it.
 *
 *   follower  the Lease changes hands or is renewed: wait its duration from *now* → nothing came: take it
 *   leader    renews every RETRY_MS; sure of it until RENEW_MS after *sending* the last renewal that was answered,
 *             which is before anybody else's wait of DURATION_MS can end
 */
import { compareVersions } from './versions.ts'

/** How long others wait after they saw a renewal. Take-over after a crash takes this and one attempt. */
export const DURATION_MS = 10_000
/** How long after a renewal we rely on it; the rest of the duration is for requests that are still under way. */
export const RENEW_MS = 7000
/** Between renewals, and between attempts. */
export const RETRY_MS = 2000
/** Whatever another holder promised, we do not wait longer. */
const MAX_DURATION_MS = 60_000

export type LeaseRecord = Readonly<{
  /** '' is nobody: released. */
  holder: string
  durationMs: number
  transitions: number
  /** RFC 3339, for people. */
  acquireTime: string
  resourceVersion: string
}>

export type LeaseState = Readonly<{
  identity: string
  role: 'follower' | 'leader' | 'stopped'
  /** Null: there is no Lease. Undefined: not known, or known to be outdated. */
  record: LeaseRecord | null | undefined
  /** When to write next: a renewal of ours, or an attempt to take what was not renewed. */
  attemptAtMs: number
  /** The leader is sure of the lease before this moment. */
  sureUntilMs: number
  /** A write is under way. */
  writing: boolean
  /** To be given up as soon as no write is under way. */
  stopping: boolean
}>

export type LeaseEvent =
  /** The Lease was read or came by the watch; null: there is none. */
  | Readonly<{ type: 'seen'; record: LeaseRecord | null; atMs: number }>
  | Readonly<{ type: 'written'; record: LeaseRecord; sentMs: number; atMs: number }>
  /** Somebody else wrote since we read. */
  | Readonly<{ type: 'outrun'; atMs: number }>
  /** No answer, or a refusal: whether it was written is not known. */
  | Readonly<{ type: 'failed'; atMs: number }>
  /** A `read` that had no answer. */
  | Readonly<{ type: 'unread'; atMs: number }>
  | Readonly<{ type: 'due'; atMs: number }>
  | Readonly<{ type: 'stop'; atMs: number }>

export type LeaseAction =
  | Readonly<{ type: 'read' }>
  /** Make the Lease ours, or renew it. */
  | Readonly<{ type: 'take'; over: LeaseRecord | null }>
  | Readonly<{ type: 'release'; record: LeaseRecord }>
  | Readonly<{ type: 'lead' }>
  | Readonly<{ type: 'follow' }>
  /** Come back with `due` then; replaces the timer there was. */
  | Readonly<{ type: 'wake'; atMs: number }>
  | Readonly<{ type: 'stopped' }>

type Step = readonly [LeaseState, readonly LeaseAction[]]

/** Before anything is known. */
export function initialState(identity: string): LeaseState {
  return {
    identity,
    role: 'follower',
    record: undefined,
    attemptAtMs: Number.POSITIVE_INFINITY,
    sureUntilMs: Number.NEGATIVE_INFINITY,
    writing: false,
    stopping: false,
  }
}

/** Whether the lease is surely ours at this moment. */
export function isSure({ role, sureUntilMs }: LeaseState, atMs: number): boolean {
  return role === 'leader' && atMs < sureUntilMs
}

/** One step. A leader whose time is over gives up before anything else is looked at. */
export function step(state: LeaseState, event: LeaseEvent): Step {
  if (state.role === 'stopped') return [state, []]
  const isOver = state.role === 'leader' && event.atMs >= state.sureUntilMs
  const [after, actions] = isOver ? then(lose(state), event) : decide(state, event)
  return after.role === 'stopped' ? [after, actions] : [after, [...actions, { type: 'wake', atMs: wakeAt(after) }]]
}

/** Both steps in a row. */
function then([state, before]: Step, event: LeaseEvent): Step {
  const [after, actions] = decide(state, event)
  return [after, [...before, ...actions]]
}

function decide(state: LeaseState, event: LeaseEvent): Step {
  switch (event.type) {
    case 'seen':
      return see(state, event.record, event.atMs)
    case 'written':
      return won({ ...state, writing: false, record: event.record }, event)
    case 'outrun':
      return stopOr({ ...state, writing: false, record: undefined }, [{ type: 'read' }])
    case 'failed':
      return stopOr({ ...state, writing: false, attemptAtMs: event.atMs + RETRY_MS / 2 }, [])
    case 'unread':
      // Who follows asks again by itself sooner than that.
      return [state.record === undefined ? { ...state, attemptAtMs: event.atMs + RETRY_MS } : state, []]
    case 'due':
      return attempt(state, event.atMs)
    case 'stop':
      return stop({ ...state, stopping: true })
  }
}

function see(state: LeaseState, record: LeaseRecord | null, atMs: number): Step {
  if (state.writing || !isNews(state.record, record)) return [state, []] // the answer to our own write says more
  const known = { ...state, record }
  const isOurs = record?.holder === state.identity
  if (state.role === 'leader' && !isOurs) return then(lose(known), { type: 'seen', record, atMs })
  // Ours, but written by a request that we took for failed: another renewal says until when.
  const isFree = record === null || record.holder === '' || isOurs
  const attemptAtMs = isFree ? atMs : atMs + Math.min(record.durationMs, MAX_DURATION_MS)
  return attempt({ ...known, attemptAtMs }, atMs)
}

function isNews(known: LeaseState['record'], record: LeaseRecord | null): boolean {
  if (known === undefined || known === null || record === null) return known !== record
  return compareVersions(record.resourceVersion, known.resourceVersion) > 0
}

function won(state: LeaseState, { sentMs, atMs }: { sentMs: number; atMs: number }): Step {
  const renewed = { ...state, attemptAtMs: sentMs + RETRY_MS, sureUntilMs: sentMs + RENEW_MS }
  // An answer that took so long promises nothing any more.
  if (atMs >= renewed.sureUntilMs) return stopOr({ ...renewed, attemptAtMs: atMs }, [])
  const actions: LeaseAction[] = state.role === 'leader' || state.stopping ? [] : [{ type: 'lead' }]
  return stopOr(state.stopping ? renewed : { ...renewed, role: 'leader' }, actions)
}

function attempt(state: LeaseState, atMs: number): Step {
  const { record, writing, stopping } = state
  if (writing || stopping || atMs < state.attemptAtMs) return [state, []]
  if (record === undefined) return [{ ...state, attemptAtMs: atMs + RETRY_MS }, [{ type: 'read' }]]
  return [{ ...state, writing: true, attemptAtMs: Number.POSITIVE_INFINITY }, [{ type: 'take', over: record }]]
}

function lose(state: LeaseState): Step {
  return [{ ...state, role: 'follower', record: undefined }, [{ type: 'follow' }]]
}

function stopOr(state: LeaseState, actions: readonly LeaseAction[]): Step {
  return state.stopping ? stop(state) : [state, actions]
}

/** Gives the Lease back if it is ours, so that nobody waits for its end. */
function stop(state: LeaseState): Step {
  if (state.writing) return [state, []]
  const actions: LeaseAction[] = []
  if (state.role === 'leader') actions.push({ type: 'follow' })
  if (state.record?.holder === state.identity) actions.push({ type: 'release', record: state.record })
  return [{ ...state, role: 'stopped' }, [...actions, { type: 'stopped' }]]
}

function wakeAt({ role, attemptAtMs, sureUntilMs }: LeaseState): number {
  return role === 'leader' ? Math.min(attemptAtMs, sureUntilMs) : attemptAtMs
}
