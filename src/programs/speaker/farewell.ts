// SPDX-License-Identifier: Apache-2.0
import type { StopReason } from '../../bgp/fsm.ts'
import type { SessionView } from '../../bgp/view.ts'
import type { Peer } from '../../model/peer.ts'
import type { Leaving } from './leaving.ts'

/** RFC 8203 allows so much, RFC 9003 more; some routers know only the former. */
const MOST_TEXT_BYTES = 128

/**
 * How a speaker that is asked to stop ends the session with a peer. One that keeps our routes while we restart
 * (RFC 4724) hears nothing, unless the node leaves; everybody else is told, after the routes were drained.
 */
export function farewellFor(
  { gracefulRestart }: Pick<Peer, 'gracefulRestart'>,
  leaving: Leaving | null,
  session: Pick<SessionView, 'received'>,
): StopReason {
  if (gracefulRestart && leaving === null && mayKeepRoutes(session)) return { kind: 'handover', text: '' }
  return leaveFor(leaving?.message ?? 'the speaker stops')
}

/** The last word of somebody who goes for a reason, and whose routes were drained. */
export function leaveFor(why: string): StopReason {
  return { kind: 'drain', text: shortened(`metallb: ${why}`) }
}

/** Not so a peer that knows nothing of restarts: it drops routes with the connection. Who said nothing yet has none. */
function mayKeepRoutes({ received }: Pick<SessionView, 'received'>): boolean {
  return received === null || received.capabilities.some(({ type }) => type === 'gracefulRestart')
}

/** Cut between characters. */
function shortened(text: string): string {
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(MOST_TEXT_BYTES))
  return text.slice(0, read)
}
