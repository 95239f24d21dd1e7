// SPDX-License-Identifier: Apache-2.0
/** Numbers about the process itself, by the names that every Prometheus client gives them, and the event loop's. */
import { readdirSync } from 'node:fs'
import type { Clock } from '../../lib/clock.ts'
import type { Sample } from '../../lib/metric.ts'
import type { Metrics } from '../../lib/metrics.ts'
import { VERSION } from '../../lib/version.ts'
import { watchLoopTurns } from '../../os/loop-turns.ts'

/** 20 ms is what no turn should exceed. */
const TURN_BOUNDS_MS = [1, 5, 10, 20, 50, 100, 200, 500, 1000]

/** Registers them; from now on turns of the loop are counted. Throws Fault `noAddon`. */
export function registerProcessMetrics(metrics: Metrics, program: string, clock: Clock): void {
  metrics
    .gauge('metallb_build_info', 'Always 1; the labels say what runs.', ['program', 'version'])
    .set({ program, version: VERSION }, 1)
  metrics
    .gauge('process_start_time_seconds', 'When the process started, in seconds since 1970.')
    .set({}, clock.wallMs() / 1000 - process.uptime())
  metrics
    .counter('process_cpu_seconds_total', 'CPU time of the process in user and kernel mode, in seconds.')
    .readFrom(() => {
      const { user, system } = process.cpuUsage()
      return [[{}, (user + system) / 1e6]]
    })
  metrics
    .gauge('process_resident_memory_bytes', 'Memory of the process that is in RAM.')
    .readFrom(() => [[{}, process.memoryUsage.rss()]])
  metrics.gauge('process_open_fds', 'Open file descriptors.').readFrom(openDescriptors)
  registerLoopMetrics(metrics)
}

/** Nothing where /proc is not to be read: for want of a descriptor, of all things. */
function openDescriptors(): readonly Sample<never>[] {
  try {
    return [[{}, readdirSync('/proc/self/fd').length - 1]] // less the one that reads the directory
  } catch {
    return []
  }
}

function registerLoopMetrics(metrics: Metrics): void {
  const read = watchLoopTurns(TURN_BOUNDS_MS)
  metrics.histogram(
    'metallb_event_loop_turn_seconds',
    'How long turns of the event loop took, without the time it slept: how late anything else can be.',
    () => {
      const { counts, totalMs } = read()
      return { bounds: TURN_BOUNDS_MS.map((ms) => ms / 1000), counts, sum: totalMs / 1000 }
    },
  )
  metrics
    .gauge('metallb_event_loop_longest_turn_seconds', 'The longest turn of the event loop since the start.')
    .readFrom(() => [[{}, read().longestMs / 1000]])
}
