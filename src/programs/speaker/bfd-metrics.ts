// SPDX-License-Identifier: Apache-2.0
/** Metrics of the BFD sessions with BGP peers, by MetalLB's names; those between speakers are no part of them. */
import type { Metrics } from '../../lib/metrics.ts'
import { bfdLabels, lowest, PEER_LABELS, summed } from './peer-labels.ts'
import type { BfdReading, PeerReadings } from './peers-readings.ts'

/** Registers them; everything is read at scrape time. */
export function registerBfdMetrics(
  metrics: Metrics,
  { bfd, configured }: Pick<PeerReadings, 'bfd' | 'configured'>,
): void {
  const samples = function* (value: (session: BfdReading) => number) {
    for (const session of bfd()) {
      yield { labels: bfdLabels(session, configured(session.names[0] ?? '')), value: value(session) }
    }
  }
  metrics
    .gauge('metallb_bfd_session_up', 'Whether the BFD session is up: 1 or 0.', PEER_LABELS)
    .readFrom(() => lowest(samples(({ state }) => Number(state === 'Up'))))
  for (const [name, help, value] of COUNTERS) {
    metrics.counter(name, help, PEER_LABELS).readFrom(() => summed(samples(value)))
  }
}

const COUNTERS: readonly (readonly [string, string, (session: BfdReading) => number])[] = [
  ['metallb_bfd_control_packet_input', 'Control packets received.', ({ counters }) => counters.controlIn],
  ['metallb_bfd_control_packet_output', 'Control packets sent.', ({ counters }) => counters.controlOut],
  ['metallb_bfd_echo_packet_input', 'Echoes of ours that came back.', ({ counters }) => counters.echoIn],
  ['metallb_bfd_echo_packet_output', 'Echoes sent.', ({ counters }) => counters.echoOut],
  ['metallb_bfd_session_up_events', 'How often the session came up.', ({ upEvents }) => upEvents],
  ['metallb_bfd_session_down_events', 'How often the session went down.', ({ downEvents }) => downEvents],
]
