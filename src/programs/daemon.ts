// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events'
import { createLog, type Log, type LogLevel } from '../lib/log.ts'
import { VERSION } from '../lib/version.ts'

/** Where metallb.io objects count in a directory that does not say otherwise. */
export const DEFAULT_NAMESPACE = 'metallb-system'

/** The log of a daemon that has just started, with its first lines: what it is, and what it was told in vain. */
export function openLog(program: string, level: LogLevel, warnings: readonly string[]): Log {
  const log = createLog(level)
  log.info('starting', { program, version: VERSION })
  for (const warning of warnings) log.warn(warning)
  return log
}

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
