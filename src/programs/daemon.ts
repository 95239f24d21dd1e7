// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events'
import type { Log, LogLevel } from '../lib/log.ts'

/** Options that both daemons have. */
export type DaemonOptions = Readonly<{
  manifests: string
  namespace: string
  logLevel: LogLevel
  lbClass: readonly string[]
}>

export type SpeakerCliOptions = DaemonOptions & Readonly<{ nodeName: string; ignoreExcludeLb: boolean }>

/** Resolves with the name of the first SIGTERM or SIGINT; a second one ends the process at once, as people expect. */
export async function stopSignal(log: Log): Promise<void> {
  const abort = new AbortController()
  const asked = (['SIGTERM', 'SIGINT'] as const).map(async (name) => {
    await once(process, name, { signal: abort.signal })
    return name
  })
  const signal = await Promise.race(asked)
  abort.abort()
  await Promise.allSettled(asked)
  log.info('stopping', { signal })
}
