// SPDX-License-Identifier: Apache-2.0
/** A process of the run that writes into a log file and dies with us: the kernel sends it SIGKILL when we are gone. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { SEARCH_PATH } from '../command.ts'
import { readText } from '../read-text.ts'

const LAST_LINES = 15

/** Puts a command below the parent death signal. */
export function bound(command: readonly string[]): string[] {
  return ['setpriv', '--pdeathsig', 'KILL', ...command]
}

export class Child {
  readonly name: string
  readonly logFile: string
  readonly #process: ChildProcess

  constructor(name: string, command: readonly string[], logFile: string) {
    this.name = name
    this.logFile = logFile
    const log = openSync(logFile, 'a')
    const [program = '', ...args] = bound(command)
    this.#process = spawn(program, args, { stdio: ['ignore', log, log], env: { ...process.env, PATH: SEARCH_PATH } })
    closeSync(log)
  }

  get pid(): number {
    return this.#process.pid ?? 0
  }

  get hasEnded(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal)
  }

  /** Sends the signal and waits for the end, however long that takes. */
  async end(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (this.hasEnded) return
    const exited = once(this.#process, 'exit')
    this.#process.kill(signal)
    await exited
  }

  /** For an error: what it said last. */
  lastWords(): string {
    const lines = (readText(this.logFile) ?? '').trimEnd().split('\n').slice(-LAST_LINES)
    return `${this.name}, last in ${this.logFile}:\n  ${lines.join('\n  ')}`
  }
}
