// SPDX-License-Identifier: Apache-2.0
/** A program of the bundle as a process of its own, started as a user starts it: through dist/metallb. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

export const LAUNCHER = join(import.meta.dirname, '../../dist/metallb')

/** Puts a command into a network of its own, with the right to raw sockets there, be we root or not. */
export const OWN_NETWORK: readonly string[] =
  process.getuid?.() === 0 ? ['unshare', '--net'] : ['unshare', '--user', '--map-root-user', '--net']

export class Daemon {
  readonly child: ChildProcess
  /** Milliseconds from the start of the process to its log line `ready`; rejects with what it printed if it ends before. */
  readonly ready: Promise<number>
  output = ''

  constructor(command: readonly string[], env: NodeJS.ProcessEnv = {}) {
    const [program = '', ...args] = command
    const started = performance.now()
    const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
    this.child = child
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.output += text))
    this.ready = new Promise((resolve, reject) => {
      createInterface({ input: child.stdout }).on('line', (line) => {
        this.output += `${line}\n`
        if (isReady(line)) resolve(performance.now() - started)
      })
      child.on('error', reject)
      child.on('close', (code, signal) => {
        reject(new Error(`${command.join(' ')} ended (${signal ?? code}) before it was ready:\n${this.output}`))
      })
    })
    this.ready.catch(() => {}) // whoever waits for it sees it; a daemon that is stopped early was not waited for
  }

  /** Ends it with SIGTERM and gives its exit status; null when that took a signal that it does not handle. */
  async stop(): Promise<number | null> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return this.child.exitCode
    const closed = once(this.child, 'close')
    this.child.kill('SIGTERM')
    await closed
    return this.child.exitCode
  }
}

function isReady(line: string): boolean {
  const entry: unknown = line.startsWith('{') ? JSON.parse(line) : null
  return typeof entry === 'object' && entry !== null && 'msg' in entry && entry.msg === 'ready'
}
