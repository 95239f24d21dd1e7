// SPDX-License-Identifier: Apache-2.0
/** How fast a session sends, and how long it waits for the other side. All in microseconds. */
import type { Session } from './fsm.ts'

/** §6.8.3: nobody sends more often while not Up, so that what is not there costs little. */
export const SLOW_US = 1_000_000

/** bfd.DesiredMinTxInterval as it stands in our packets. */
export function announcedMinTxUs({ state, timers }: Session): number {
  return state === 'Up' ? timers.desiredMinTxUs : Math.max(SLOW_US, timers.desiredMinTxUs)
}

/** §6.8.7: between our packets, before jitter: the slower of what we want and what the peer can take. 0: send none. */
export function intervalUs(session: Session): number {
  const { remote, earlier } = session
  if (remote?.requiredMinRxUs === 0) return 0
  const announced = announcedMinTxUs(session)
  // §6.8.3: we slow down when the peer knows.
  const wanted = earlier ? Math.min(announced, earlier.desiredMinTxUs) : announced
  return Math.max(wanted, remote?.requiredMinRxUs ?? 1)
}

/**
 * §6.8.4: how long the peer may be silent: by its own multiplier, the slower of what it wants to send and what we said
 * that we can take. 0: there is nothing to wait for.
 */
export function detectUs({ state, remote, timers, earlier }: Session): number {
  if (!remote || state === 'AdminDown') return 0
  // §6.8.3: we expect more when the peer knows.
  const required = earlier ? Math.max(timers.requiredMinRxUs, earlier.requiredMinRxUs) : timers.requiredMinRxUs
  return remote.detectMult * Math.max(required, remote.desiredMinTxUs)
}
