// SPDX-License-Identifier: Apache-2.0
import type { Clock } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import { Metrics } from '../../lib/metrics.ts'
import { History } from './history.ts'
import { registerProcessMetrics } from './process-metrics.ts'
import { Readiness } from './readiness.ts'
import { openRunDirectory, type RunDirectory } from './run-directory.ts'

export type Preparation = Readonly<{
  /** To be used from now on: what it says is kept. */
  log: Log
  history: History
  metrics: Metrics
  readiness: Readiness
  directory: RunDirectory
}>

type Daemon = Readonly<{ program: 'controller' | 'speaker'; runDirectory: string; clock: Clock; log: Log }>

/**
 * What a daemon makes first, so that all that follows is recorded, counted, and can say what it waits for; with
 * documents and flags it becomes `openListeners`. Throws Fault `noAddon`.
 */
export function prepareListeners({ program, runDirectory, clock, log }: Daemon): Preparation {
  const directory = openRunDirectory(runDirectory)
  if (!directory.usable) log.info(`what happens is kept in memory alone: ${directory.why}`)
  const history = new History({ program, directory, clock })
  const metrics = new Metrics()
  registerProcessMetrics(metrics, program, clock)
  return { log: history.recording(log), history, metrics, readiness: new Readiness(), directory }
}
