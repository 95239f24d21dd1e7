// SPDX-License-Identifier: Apache-2.0
/** The speaker's own metrics, by MetalLB's names: what this node announces, and what it answered. */
import type { Sample } from '../../lib/metric.ts'
import type { Metrics } from '../../lib/metrics.ts'
import { PROTOCOLS } from './decisions.ts'
import type { SpeakerView } from './speaker.ts'

/** Registers them; everything is read at scrape time. */
export function registerSpeakerMetrics(metrics: Metrics, view: SpeakerView): void {
  metrics
    .gauge('metallb_speaker_announced', 'Always 1; the labels say what this node announces.', [
      'service',
      'protocol',
      'node',
      'ip',
    ])
    .readFrom(() => announced(view))
  registerLayer2Metrics(metrics, view)
}

function* announced({ node, decisions }: SpeakerView): Generator<Sample<'service' | 'protocol' | 'node' | 'ip'>> {
  for (const protocol of PROTOCOLS) {
    for (const [service, { ips }] of decisions(protocol)) {
      for (const ip of ips) yield [{ service, protocol, node, ip }, 1]
    }
  }
}

function registerLayer2Metrics(metrics: Metrics, { counters, conflicts }: SpeakerView): void {
  const perAddress = [
    ['metallb_layer2_requests_received', 'Requests for the address that came in.', 'requests'],
    ['metallb_layer2_responses_sent', 'Answers that went out for the address.', 'replies'],
    ['metallb_layer2_gratuitous_sent', 'Gratuitous frames that went out for the address.', 'gratuitous'],
  ] as const
  for (const [name, help, field] of perAddress) {
    metrics.counter(name, help, ['ip']).readFrom(function* () {
      for (const counted of counters().addresses) yield [{ ip: counted.ip }, counted[field]]
    })
  }
  metrics
    .counter('metallb_layer2_conflicts_total', 'Frames in which another station claimed the address.', ['ip'])
    .readFrom(function* () {
      for (const [ip, frames] of conflicts.counts()) yield [{ ip }, frames]
    })
  metrics
    .counter('metallb_layer2_dropped_total', 'Frames that got no answer, by why.', ['protocol', 'reason'])
    .readFrom(function* () {
      for (const [protocol, drops] of Object.entries(counters().drops)) {
        for (const [reason, count] of Object.entries(drops)) yield [{ protocol, reason }, count]
      }
    })
}
