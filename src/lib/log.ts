// SPDX-License-Identifier: Apache-2.0
/** JSON lines on stdout with MetalLB's keys (ts, level, msg, …), so that log pipelines built for it keep working. */
const LEVELS = ['debug', 'info', 'warn', 'error'] as const
export type Level = (typeof LEVELS)[number]
type Fields = Readonly<Record<string, unknown>>

export type Log = Readonly<Record<Level, (msg: string, fields?: Fields) => void>>

/** Values of --log-level: MetalLB's words. `all` is debug; `none` is silence. */
export const LOG_LEVELS = ['all', 'debug', 'info', 'warn', 'error', 'none'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** A log that drops what is below `level`. `write` gets whole lines; the default is stdout. */
export function createLog(level: LogLevel, write: (line: string) => void = toStdout): Log {
  const lowest = level === 'all' ? 0 : level === 'none' ? LEVELS.length : LEVELS.indexOf(level)
  const at =
    (severity: Level) =>
    (msg: string, fields: Fields = {}) => {
      if (LEVELS.indexOf(severity) < lowest) return
      write(`${JSON.stringify({ ts: new Date().toISOString(), level: severity, msg, ...fields })}\n`)
    }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

let waiting = ''

/** Lines said in one breath are one write: a new advertisement may have thousands to say, and each write is a system call. */
function toStdout(line: string): void {
  if (waiting === '') {
    queueMicrotask(flush)
    process.once('exit', flush)
  }
  waiting += line
}

function flush(): void {
  process.off('exit', flush)
  if (waiting !== '') process.stdout.write(waiting)
  waiting = ''
}
