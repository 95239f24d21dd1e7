// SPDX-License-Identifier: Apache-2.0
/** The processes of one router: started in its host, with their logs in its folder, and ended by their ids. */
import { join } from 'node:path'
import { Program } from '../program.ts'
import { readText } from '../read-text.ts'
import { until } from '../wait.ts'
import type { Place } from './router.ts'

/** Some are written in Python, and the machine may be busy. */
const READY_MS = 20_000

export class Processes {
  readonly #place: Place
  #running: Program[] = []
  #starts = 0

  constructor(place: Place) {
    this.#place = place
  }

  /** Starts one beside those that run. Its log is a new one. */
  start(name: string, command: readonly string[]): Program {
    if (this.#running.length === 0) this.#starts++
    const { host, directory } = this.#place
    const program = new Program({ name: this.#logName(name), command, host }, directory)
    this.#running.push(program)
    return program
  }

  /** Resolves when `probe` has an answer that is not an error. */
  async answering(probe: () => Promise<unknown>): Promise<void> {
    const isSo = async (): Promise<true | undefined> =>
      await probe().then(
        () => true,
        () => undefined,
      )
    await until(isSo, () => `${this.#place.name} does not answer. ${this.describe()}`, READY_MS)
  }

  signal(signal: NodeJS.Signals): void {
    for (const program of this.#running) program.signal(signal)
  }

  /** The last one started is the first to end: it may have to say goodbye through the others. */
  async stop(signal: NodeJS.Signals): Promise<void> {
    for (const program of this.#running.toReversed()) {
      program.signal(signal)
      program.signal('SIGCONT') // one that is stopped hears nothing else
      await program.ended()
    }
    this.#running = []
  }

  /** What the one of this name has logged since its last start. */
  log(name: string): string {
    return readText(join(this.#place.directory, `${this.#logName(name)}.log`)) ?? ''
  }

  describe(): string {
    if (this.#running.length === 0) return `${this.#place.name} does not run.`
    return this.#running.map((program) => program.describe()).join('\n')
  }

  #logName(name: string): string {
    return `${this.#place.name}-${name}-${this.#starts}`
  }
}
