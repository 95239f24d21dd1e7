// SPDX-License-Identifier: Apache-2.0
/** What people are told of a session's end, in the words of RFC 5880 §4.1. */
import type { Diag } from './codec.ts'
import type { Session } from './fsm.ts'
import { detectUs, echoOf } from './timing.ts'

export const DIAG_WORDS: Readonly<Record<Diag, string>> = {
  none: 'No Diagnostic',
  timeExpired: 'Control Detection Time Expired',
  echoFailed: 'Echo Function Failed',
  neighborDown: 'Neighbor Signaled Session Down',
  forwardingReset: 'Forwarding Plane Reset',
  pathDown: 'Path Down',
  concatenatedPathDown: 'Concatenated Path Down',
  adminDown: 'Administratively Down',
  reverseConcatenatedPathDown: 'Reverse Concatenated Path Down',
  reserved: 'a reason that nobody has defined',
}

/** Why a session that was `before` is now `after`, and Down. */
export function whyDown(before: Session, after: Session): string {
  const words = DIAG_WORDS[after.diag]
  if (after.diag === 'timeExpired') return `nothing was heard for ${ms(detectUs(before))} (${words})`
  if (after.diag === 'echoFailed') return `no echo came back for ${ms(echoOf(before)?.detectUs ?? 0)} (${words})`
  if (after.remoteState === 'AdminDown') return 'the peer has switched BFD off (Administratively Down)'
  const said = after.remote?.diag ?? 'none'
  if (said === 'none') return 'the peer says it is down and gives no reason, as after a restart'
  return `the peer says it is down (${DIAG_WORDS[said]})`
}

function ms(us: number): string {
  return `${Math.round(us / 1000)} ms`
}
