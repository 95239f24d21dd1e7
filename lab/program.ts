// SPDX-License-Identifier: Apache-2.0
/** A program of the run: its process, and what it wrote into its log. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync } from 'node:fs'
import { join } from 'node:path'
import type { Host } from './host.ts'
import { readText } from './read-text.ts'
import { DEADLINE_MS, notObserved, until } from './wait.ts'

export type ProgramPlan = Readonly<{
  name: string
  command: readonly string[]
  /** Where it runs; absent: on the switch, as a machine of its own would. */
  host?: Host
}>

/** The process states of proc(5) that matter here. */
const STATES: Readonly<Record<string, string>> = { T: 'is stopped', Z: 'has ended', '': 'has ended' }
/** A program that has ended may explain it in more than one line. */
const LAST_LINES = 12

export class Program {
  readonly name: string
  readonly #log: string
  readonly #child: ChildProcess

  /** Starts it. What it says goes to `DIRECTORY/NAME.log`. */
  constructor({ name, command, host }: ProgramPlan, directory: string) {
    this.name = name
    this.#log = join(directory, `${name}.log`)
    const log = openSync(this.#log, 'w')
    const [program = '', ...args] = command
    this.#child = host ? host.spawn(command, log) : spawn(program, args, { stdio: ['ignore', log, log] })
  }

  /** Resolves when its log holds the word it says when it is ready; throws NotObserved when it ends before. */
  async said(word: string, patienceMs: number = DEADLINE_MS): Promise<void> {
    const silent = () => `${this.name} did not say ${word} after its start. ${this.describe()}`
    await until(
      () => {
        if (this.#said().includes(word)) return true
        if (this.#state() === 'has ended') throw notObserved(silent())
        return undefined
      },
      silent,
      patienceMs,
    )
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Of the process, as proc(5) counts; 0 where it could not be started. */
  get pid(): number {
    return this.#child.pid ?? 0
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  /** Resolves when it has ended, to its exit status; null: by a signal. */
  async ended(): Promise<number | null> {
    if (!this.hasEnded) await once(this.#child, 'exit')
    return this.#child.exitCode
  }

  /** For somebody who has to look at it: is it running, and what did it say last. */
  describe(): string {
    const lines = this.#said().trimEnd().split('\n')
    const state = this.#state()
    const last = lines.slice(state === 'has ended' ? -LAST_LINES : -1).join('\n    ')
    return `${this.name} ${state}; its last words in ${this.#log}: ${last === '' ? 'none' : last}`
  }

  #said(): string {
    return readText(this.#log) ?? ''
  }

  #state(): string {
    const stat = readText(`/proc/${this.#child.pid}/stat`) ?? ''
    return STATES[/\) (\w)/.exec(stat)?.[1] ?? ''] ?? 'is running'
  }
}
