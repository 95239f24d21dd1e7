// SPDX-License-Identifier: Apache-2.0
/** Metrics of sessions with BGP peers, by MetalLB's names where it has one. */
import type { PeerView } from '../../bgp/peer-setup.ts'
import type { Counters, MessageCounts } from '../../bgp/view.ts'
import type { Metrics } from '../../lib/metrics.ts'
import { registerBfdMetrics } from './bfd-metrics.ts'
import { bgpLabels, lowest, PEER_LABELS, summed } from './peer-labels.ts'
import type { PeerReadings } from './peers-readings.ts'

/** Registers them and those of BFD; everything is read at scrape time, so that series vanish with their peer. */
export function registerPeerMetrics(metrics: Metrics, readings: PeerReadings): void {
  const { peers, configured } = readings
  const samples = function* (value: (view: PeerView) => number) {
    for (const view of peers()) {
      if (isMeantForUs(view)) yield { labels: bgpLabels(view, configured(view.name)), value: value(view) }
    }
  }
  metrics
    .gauge('metallb_bgp_session_up', 'Whether the session is established: 1 or 0.', PEER_LABELS)
    .readFrom(() => lowest(samples((view) => Number(isUp(view)))))
  for (const [name, help, value] of GAUGES) {
    metrics.gauge(name, help, PEER_LABELS).readFrom(() => summed(samples(value)))
  }
  for (const [name, help, value] of COUNTERS) {
    metrics.counter(name, help, PEER_LABELS).readFrom(() => summed(samples(({ session }) => value(session.counters))))
  }
  registerBfdMetrics(metrics, readings)
}

const GAUGES: readonly (readonly [string, string, (view: PeerView) => number])[] = [
  [
    'metallb_bgp_announced_prefixes_total',
    'Prefixes that the peer was told and has not lost.',
    (view) => (isUp(view) ? view.routes.sent : 0),
  ],
  [
    'metallb_bgp_pending_prefixes_total',
    'Prefixes that are still to be looked at for the peer.',
    ({ routes }) => routes.pending,
  ],
  [
    'metallb_bgp_failed_attempts',
    'Attempts in a row that have failed: the more, the longer the pause before the next.',
    ({ session }) => session.attempts,
  ],
]

const COUNTERS: readonly (readonly [string, string, (counters: Counters) => number])[] = [
  ['metallb_bgp_updates_total', 'UPDATEs sent.', ({ sent }) => sent.update],
  ['metallb_bgp_updates_total_received', 'UPDATEs received.', ({ received }) => received.update],
  ['metallb_bgp_opens_sent', 'OPENs sent.', ({ sent }) => sent.open],
  ['metallb_bgp_opens_received', 'OPENs received.', ({ received }) => received.open],
  ['metallb_bgp_notifications_sent', 'NOTIFICATIONs sent.', ({ sent }) => sent.notification],
  ['metallb_bgp_notifications_received', 'NOTIFICATIONs received.', ({ received }) => received.notification],
  ['metallb_bgp_keepalives_sent', 'KEEPALIVEs sent.', ({ sent }) => sent.keepalive],
  ['metallb_bgp_keepalives_received', 'KEEPALIVEs received.', ({ received }) => received.keepalive],
  ['metallb_bgp_route_refresh_sent', 'ROUTE-REFRESHes sent.', ({ sent }) => sent.routeRefresh],
  ['metallb_bgp_route_refresh_received', 'ROUTE-REFRESHes received.', ({ received }) => received.routeRefresh],
  ['metallb_bgp_total_sent', 'Messages sent.', ({ sent }) => total(sent)],
  ['metallb_bgp_total_received', 'Messages received that could be read.', ({ received }) => total(received)],
  ['metallb_bgp_malformed_total', 'Messages received that could not be read.', ({ malformed }) => malformed],
  [
    'metallb_bgp_flawed_updates_total',
    'UPDATEs received with a flaw that does not end a session.',
    ({ flaws }) => flaws,
  ],
  ['metallb_bgp_session_up_events', 'How often the session was established.', ({ ups }) => ups],
  ['metallb_bgp_session_down_events', 'How often an established session has ended.', ({ downs }) => downs],
  [
    'metallb_bgp_session_failures_total',
    'Attempts to establish the session that have failed.',
    ({ failures }) => failures,
  ],
]

/**
 * A peer with a sourceAddress is for the one node that has it, although it selects all: the others are not to look as if
 * their session were down. Who had it, and lost it, is.
 */
function isMeantForUs({ withheld, session }: PeerView): boolean {
  return withheld?.reason !== 'sourceAddressMissing' || isUp({ session }) || session.counters.ups > 0
}

function isUp({ session }: Pick<PeerView, 'session'>): boolean {
  return session.state === 'Established'
}

function total(counts: MessageCounts): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0)
}
