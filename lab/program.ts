// SPDX-License-Identifier: Apache-2.0
/** A program of the run: its process, and what it wrote into its log. */
import { type ChildProcess, spawn } from 'node:child_process'
import { openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Host } from './host.ts'
import { until } from './wait.ts'

export type ProgramPlan = Readonly<{
  name: string
  command: readonly string[]
  /** Where it runs; absent: on the switch, as a machine of its own would. */
  host?: Host
}>

const STATES: Readonly<Record<string, string>> = { T: 'is stopped', Z: 'has ended', '': 'has ended' }

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

  /** Resolves when its log holds the word it says when it is ready. */
  async said(word: string): Promise<void> {
    const spoken = () => (this.#said().includes(word) ? true : undefined)
    await until(spoken, () => `${this.name} did not say ${word} after its start. ${this.describe()}`)
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** For somebody who has to look at it: is it running, what did it say last, where is the rest. */
  describe(): string {
    const last = this.#said().trimEnd().split('\n').at(-1)
    return `${this.name} ${this.#state()}; its last words: ${last === '' ? 'none' : last} (log: ${this.#log})`
  }

  #said(): string {
    return readFileSync(this.#log, 'utf8')
  }

  #state(): string {
    try {
      const stat = readFileSync(`/proc/${this.#child.pid}/stat`, 'utf8')
      return STATES[/\) (\w)/.exec(stat)?.[1] ?? ''] ?? 'is running'
    } catch {
      return 'has ended'
    }
  }
}
