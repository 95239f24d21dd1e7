// SPDX-License-Identifier: Apache-2.0
/** How fast a session sends, and how long it waits for the other side. All in microseconds. */
import type { BfdEcho } from '../lib/bfd-reflex.ts'
import type { Session, Timers } from './fsm.ts'

/** §6.8.3: nobody sends more often while not Up, so that what is not there costs little. */
export const SLOW_US = 1_000_000

/**
 * What stands in our packets (§6.8.3): while not Up we send slowly. While our echoes run the peer need not send faster
 * than that either, as they notice its end; we keep our own pace, as the peer may have nothing but it to notice ours.
 */
export function announcedTimers(session: Session): Timers {
  const { desiredMinTxUs, requiredMinRxUs, detectMult } = session.timers
  return {
    desiredMinTxUs: session.state === 'Up' ? desiredMinTxUs : Math.max(SLOW_US, desiredMinTxUs),
    requiredMinRxUs: echoOf(session) ? Math.max(SLOW_US, requiredMinRxUs) : requiredMinRxUs,
    detectMult,
  }
}

/** §6.1, §6.8.7: a passive side says nothing to whom it has not heard. */
export function maySpeak({ role, remoteId }: Session): boolean {
  return !role.passive || remoteId !== 0
}

/** §6.8.7: between our packets, before jitter: the slower of what we want and what the peer can take. 0: send none. */
export function intervalUs(session: Session): number {
  const { remote, earlier } = session
  if (remote?.requiredMinRxUs === 0 || isDemanded(session) || !maySpeak(session)) return 0
  const announced = announcedTimers(session).desiredMinTxUs
  // §6.8.3: we slow down when the peer knows.
  const wanted = earlier ? Math.min(announced, earlier.desiredMinTxUs) : announced
  return Math.max(wanted, remote?.requiredMinRxUs ?? 1)
}

/** §6.8.7: in its demand mode the peer wants no packets but the answers to its polls, and our polls. */
function isDemanded({ state, remoteState, remote, polling }: Session): boolean {
  return remote?.demand === true && state === 'Up' && remoteState === 'Up' && !polling
}

/**
 * §6.8.4: how long the peer may be silent: by its own multiplier, the slower of what it wants to send and what we said
 * that we can take. 0: there is nothing to wait for.
 */
export function detectUs(session: Session): number {
  const { state, remote, earlier } = session
  if (!remote || state === 'AdminDown') return 0
  // §6.8.3: we expect more when the peer knows.
  const required = Math.max(announcedTimers(session).requiredMinRxUs, earlier?.requiredMinRxUs ?? 0)
  return remote.detectMult * Math.max(required, remote.desiredMinTxUs)
}

/**
 * Our echoes (§6.8.9): only while Up, where the peer invites them, and no faster than it can take. By our own multiplier
 * as many may be lost (§6.8.5 leaves that to us). Null: none are sent.
 */
export function echoOf({ state, remote, role, timers, echoUseless }: Session): BfdEcho | null {
  const invited = remote?.requiredMinEchoRxUs ?? 0
  if (state !== 'Up' || role.echoUs === 0 || invited === 0 || echoUseless) return null
  const everyUs = Math.max(role.echoUs, invited)
  return { intervalUs: everyUs, detectUs: timers.detectMult * everyUs }
}
