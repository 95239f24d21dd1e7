// SPDX-License-Identifier: Apache-2.0
/** Variables that change one knob of the member list each, after the flags and the file. */
import type { GossipConfig } from '../../gossip/config.ts'
import type { Log } from '../../lib/log.ts'
import { durationWanted, ringDuration } from './ring-config-file.ts'

type Knob = 'count' | 'time' | 'time or off'
/** By the names that guides use. */
export const RING_VARIABLES = [
  { name: 'MEMBERLIST_TCP_TIMEOUT', field: 'tcpTimeoutMs', knob: 'time' },
  { name: 'MEMBERLIST_PUSH_PULL_INTERVAL', field: 'pushPullIntervalMs', knob: 'time or off' },
  { name: 'MEMBERLIST_GOSSIP_INTERVAL', field: 'gossipIntervalMs', knob: 'time or off' },
  { name: 'MEMBERLIST_SUSPICION_MULT', field: 'suspicionMult', knob: 'count' },
  { name: 'MEMBERLIST_PROBE_INTERVAL', field: 'probeIntervalMs', knob: 'time or off' },
  { name: 'MEMBERLIST_PROBE_TIMEOUT', field: 'probeTimeoutMs', knob: 'time' },
] as const

/** The settings with what the variables say. What cannot be read is a warning, since it may be set for a whole cluster. */
export function withRingVariables(
  gossip: GossipConfig,
  env: Readonly<Record<string, string | undefined>>,
  log: Log,
): GossipConfig {
  const changed: Partial<Record<(typeof RING_VARIABLES)[number]['field'], number>> = {}
  for (const { name, field, knob } of RING_VARIABLES) {
    const text = env[name] ?? ''
    if (text === '') continue
    const value = knob === 'count' ? suspicionMultOf(text) : ringDuration(text, zeroOf(knob))
    if (value !== undefined) changed[field] = value
    else {
      const wanted = knob === 'count' ? 'a whole number from 1 to 1000' : durationWanted(zeroOf(knob))
      const kept = knob === 'count' ? gossip[field] : ringDurationText(gossip[field])
      log.warn(`${name} is ${JSON.stringify(text)}, which is not ${wanted}; using ${kept}`)
    }
  }
  return { ...gossip, ...changed }
}

function zeroOf(knob: Exclude<Knob, 'count'>): 'off' | 'refused' {
  return knob === 'time' ? 'refused' : 'off'
}

function suspicionMultOf(text: string): number | undefined {
  const value = /^\d{1,4}$/.test(text) ? Number(text) : 0
  return value >= 1 && value <= 1000 ? value : undefined
}

/** As one would write it: `10s`, `200ms`; `off` for 0. */
export function ringDurationText(ms: number): string {
  if (ms === 0) return 'off'
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`
}
