// SPDX-License-Identifier: Apache-2.0
/** The timers of a session: which there are, how long they run, and which of them no two speakers may run in step. */

export const TIMERS = [
  'connectRetry',
  'hold',
  'keepalive',
  'sendHold',
  'idleHold',
  /** Of the second connection while two are being opened. */
  'rivalHold',
  /** The session has lasted long enough for what went wrong before to be forgotten. */
  'settled',
  /** Routes of a restarting peer count as stale (RFC 4724 §4.2). */
  'stale',
] as const
export type TimerName = (typeof TIMERS)[number]

/** Until the peer's OPEN. §8.2.2 suggests 4 minutes; who has not answered in one never will. */
export const OPEN_HOLD_MS = 60_000
/** Who has not taken our dial by then is dialled anew. */
export const DIAL_MS = 10_000
/** A dial gives up before that, however much jitter takes away: it can say why, as where the password is another one. */
export const DIAL_LIMIT_MS = 7000
/** When the hold time is over, what waits to be read is read first: some turns of the event loop, on a starved node as well. */
export const LAST_LOOK_MS = 100
/** A session that has lasted that long is no flap. */
export const SETTLED_MS = 600_000
/** For all routes of a peer that is back from a restart to arrive (RFC 4724 §4.2 leaves it to us). */
export const STALE_ROUTES_MS = 360_000
/** For BFD of a peer whose BGP is back from a restart to be back as well: it takes a second to ask, and one to agree. */
export const BFD_RETURN_MS = 10_000

/** RFC 4271 §10; for connectRetry and keepalive it is asked for. */
const JITTERED: ReadonlySet<TimerName> = new Set(['connectRetry', 'keepalive', 'idleHold'])
const LEAST_KEEPALIVE_MS = 1000
const LEAST_SEND_HOLD_MS = 480_000

/** RFC 4271 §4.2: the shorter of both, so 0 (for ever) where either says so. In seconds, as OPENs have it. */
export function negotiatedHoldMs(ownSeconds: number, peerSeconds: number): number {
  return Math.min(ownSeconds, peerSeconds) * 1000
}

/**
 * §4.4: between KEEPALIVEs: a third of the hold time, or oftener where the user says so, but not oftener than once a
 * second. 0: none are sent.
 */
export function keepaliveMs(holdMs: number, wantedMs: number | null): number {
  if (holdMs === 0) return 0
  return Math.max(Math.min(wantedMs === null || wantedMs === 0 ? holdMs : wantedMs, holdMs / 3), LEAST_KEEPALIVE_MS)
}

/** RFC 9687 §6: for how long a peer may read nothing. */
export function sendHoldMs(holdMs: number): number {
  return Math.max(LEAST_SEND_HOLD_MS, 2 * holdMs)
}

/** What a timer really runs: up to a quarter less, by `chance` of [0, 1), where many would go off together otherwise. */
export function jitteredMs(timer: TimerName, ms: number, chance: number): number {
  return JITTERED.has(timer) ? ms * (1 - chance / 4) : ms
}
