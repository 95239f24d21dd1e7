// SPDX-License-Identifier: Apache-2.0
import type { Metrics } from '../../lib/metrics.ts'
import type { PeerReadings } from './peers-readings.ts'

/** Registers what is counted of sessions with BGP peers. */
export function registerPeerMetrics(_metrics: Metrics, _readings: PeerReadings): void {}
