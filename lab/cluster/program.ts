// SPDX-License-Identifier: Apache-2.0
/** A program of ours beside the API server: started as a Pod's process is, followed by what it logs. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { readText } from '../read-text.ts'
import { notObserved } from '../wait.ts'
import { bound } from './child.ts'

/** The sources; `dist/metallb` is the bundle. */
export const LAUNCHER = join(import.meta.dirname, '../../bin/metallb')
const DEADLINE_MS = 30_000
const LAST_LINES = 20

export type LogLine = Readonly<{ ts: string; level: string; msg: string; [field: string]: unknown }>

export type ClusterProgramOptions = Readonly<{
  launcher?: string
  /** Commands that are to run it: `ip netns exec …`, `setpriv …`. */
  within?: readonly string[]
  env?: Readonly<Record<string, string>>
}>

export class ClusterProgram {
  /** What it logged, in order. */
  readonly lines: LogLine[] = []
  /** Resolves with exit code or signal when it has ended and all it said is in `lines`. */
  readonly ended: Promise<number | NodeJS.Signals>
  readonly #command: string
  readonly #process: ChildProcess
  readonly #listeners = new Set<() => void>()
  #said = ''
  #hasEnded = false

  /** Starts `metallb ARGS`, which dies with us. */
  constructor(args: readonly string[], { launcher = LAUNCHER, within = [], env = {} }: ClusterProgramOptions = {}) {
    this.#command = `metallb ${args.join(' ')}`
    const [program = '', ...rest] = bound([...within, launcher, ...args])
    this.#process = spawn(program, rest, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => this.#hear(text))
    if (this.#process.stdout) createInterface({ input: this.#process.stdout }).on('line', (line) => this.#read(line))
    this.ended = once(this.#process, 'close').then(([code, signal]) => {
      this.#hasEnded = true
      this.#tell()
      return code ?? signal
    })
  }

  get pid(): number {
    return this.#process.pid ?? 0
  }

  get hasEnded(): boolean {
    return this.#hasEnded
  }

  /** Resolves with the first line, said already or yet to be said, that `is` accepts; throws NotObserved. */
  async said(is: string | ((line: LogLine) => boolean), deadlineMs = DEADLINE_MS): Promise<LogLine> {
    const accepts = typeof is === 'string' ? ({ msg }: LogLine) => msg === is : is
    return await this.happened(() => this.lines.find(accepts), {
      what: `${this.#command} did not say ${typeof is === 'string' ? `'${is}'` : 'what was waited for'}`,
      deadlineMs,
    })
  }

  /** Asks `probe` now and after each line that is said, until it has an answer; throws NotObserved. */
  async happened<T>(
    probe: () => T | undefined,
    { what, deadlineMs = DEADLINE_MS }: { what: string; deadlineMs?: number },
  ): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    const look = () => {
      const answer = probe()
      if (answer !== undefined) resolve(answer)
      else if (this.#hasEnded) reject(notObserved(`${what} before it ended; ${this.lastWords()}`))
    }
    const timer = setTimeout(() => reject(notObserved(`${what} in time; ${this.lastWords()}`)), deadlineMs)
    this.#listeners.add(look)
    try {
      look()
      return await promise
    } finally {
      clearTimeout(timer)
      this.#listeners.delete(look)
    }
  }

  /** As the kernel does it to a process without memory: at once. */
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL')
    await this.ended
  }

  /** SIGTERM, and its exit code or the signal that ended it. */
  async stop(): Promise<number | NodeJS.Signals> {
    this.#process.kill('SIGCONT')
    this.#process.kill('SIGTERM')
    return await this.ended
  }

  pause(): void {
    this.#process.kill('SIGSTOP')
  }

  resume(): void {
    this.#process.kill('SIGCONT')
  }

  /** VmRSS in megabytes (10^6 bytes); the kernel's kB are 1,024 bytes. */
  rssMb(): number {
    const status = readText(`/proc/${this.pid}/status`) ?? ''
    return (Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024) / 1e6
  }

  /** For an error: what it said last, on stdout and stderr. */
  lastWords(): string {
    const lines = this.#said.trimEnd().split('\n').slice(-LAST_LINES)
    return `${this.#command}, last words:\n  ${lines.join('\n  ')}`
  }

  #read(line: string): void {
    this.#hear(`${line}\n`)
    const entry = asLogLine(line)
    if (entry) this.lines.push(entry)
    this.#tell()
  }

  #hear(text: string): void {
    this.#said = (this.#said + text).slice(-100_000)
  }

  #tell(): void {
    for (const listener of this.#listeners) listener()
  }
}

function asLogLine(line: string): LogLine | undefined {
  try {
    return JSON.parse(line)
  } catch {
    return undefined // no log line, but it stands among the last words
  }
}
