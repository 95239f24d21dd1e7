// SPDX-License-Identifier: Apache-2.0
import { parseDuration } from './duration.ts'
import type { Peer } from './peer.ts'
import type { Reporter } from './report.ts'
import type { BGPPeerSpec } from './resources.generated.ts'
import { quote, shorten } from './wording.ts'

type Timers = Pick<Peer, 'holdMs' | 'keepaliveMs' | 'connectMs'>

/** RFC 4271 §4.2: two octets of seconds. */
const LONGEST_HOLD_MS = 65_535_000
/** RFC 4724 §3: 12 bits of seconds. */
const LONGEST_RESTART_MS = 4_095_000
const DEFAULT_RESTART = '120s'

/**
 * holdTime, keepaliveTime and connectTime. Of the first two one follows from the other (a third of it, or three times
 * it); both stay unset where neither is given. A hold time travels in whole seconds, the rest is cut off.
 */
export function parseTimers(spec: Partial<BGPPeerSpec>, reporter: Reporter): Timers {
  const hold = readDuration(spec.holdTime, 'spec.holdTime', reporter)
  const keepalive = readDuration(spec.keepaliveTime, 'spec.keepaliveTime', reporter)
  const connectMs = parseConnectTime(spec.connectTime, reporter)
  const exactHold = hold ?? (keepalive === null ? null : keepalive * 3)
  const keepaliveMs = keepalive ?? (hold === null ? null : hold / 3)
  if (exactHold === null || keepaliveMs === null) return { holdMs: null, keepaliveMs: null, connectMs }
  const holdMs = Math.trunc(exactHold / 1000) * 1000
  if (exactHold < 0 || (holdMs !== 0 && holdMs < 3000) || holdMs > LONGEST_HOLD_MS) {
    const [field, given] = hold === null ? ['keepaliveTime', spec.keepaliveTime] : ['holdTime', spec.holdTime]
    const origin = hold === null ? `three times keepaliveTime ${shown(given)}` : shown(given)
    const message = `hold time ${origin} is neither 0s nor from 3s to 65535s; change spec.${field}`
    reporter.error('invalidHoldTime', `spec.${field}`, message)
  } else if (keepaliveMs > exactHold || keepaliveMs < 0) {
    const message = `keepaliveTime ${shown(spec.keepaliveTime)} is not between 0s and holdTime ${shown(spec.holdTime)}; a third of holdTime is usual`
    reporter.error('invalidKeepaliveTime', 'spec.keepaliveTime', message)
  }
  // RFC 4271 §4.4: without a hold time no KEEPALIVE is sent.
  return { holdMs, keepaliveMs: holdMs === 0 ? 0 : keepaliveMs, connectMs }
}

/** How long the peer keeps our routes while we restart, or null: it is not asked to. */
export function parseGracefulRestart(spec: Partial<BGPPeerSpec>, reporter: Reporter): Peer['gracefulRestart'] {
  const { enableGracefulRestart: short, gracefulRestart: long } = spec
  if (short !== undefined && long !== undefined && short !== long.enabled) {
    const message = `enableGracefulRestart is ${short} but gracefulRestart.enabled is ${long.enabled}; keep one of the two`
    reporter.error('contradictingGracefulRestart', 'spec.gracefulRestart.enabled', message)
  }
  const field = 'spec.gracefulRestart.restartTime'
  const restartMs = readDuration(long?.restartTime ?? DEFAULT_RESTART, field, reporter)
  if (restartMs !== null && (restartMs < 1000 || restartMs > LONGEST_RESTART_MS)) {
    reporter.error(
      'invalidRestartTime',
      field,
      `restartTime ${shown(long?.restartTime)} is not from 1s to 4095s; change it`,
    )
  }
  return (long?.enabled ?? short) && restartMs !== null ? { restartMs } : null
}

function parseConnectTime(text: string | undefined, reporter: Reporter): number | null {
  const connectMs = readDuration(text, 'spec.connectTime', reporter)
  // The CRD's rule counts in milliseconds and does not see a rest below one.
  const countedMs = Math.trunc(connectMs ?? 1000)
  if (countedMs < 1000 || countedMs > 65_535_000 || countedMs % 1000 !== 0) {
    const message = `connectTime ${shown(text)} is no whole number of seconds from 1s to 65535s; change it`
    reporter.error('invalidConnectTime', 'spec.connectTime', message)
  }
  return connectMs
}

/** Milliseconds; null where the field is unset or cannot be read. */
function readDuration(text: string | undefined, field: string, reporter: Reporter): number | null {
  if (text === undefined) return null
  const ms = parseDuration(text)
  if (ms === undefined) {
    reporter.error(
      'invalidDuration',
      field,
      `${quote(text)} is no duration; write a number with its unit, such as 90s or 1m30s`,
    )
  }
  return ms ?? null
}

/** As it was written: a duration may have any number of terms. */
function shown(text: string | undefined): string {
  return shorten(text ?? 'unset')
}
