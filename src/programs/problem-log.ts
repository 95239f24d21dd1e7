// SPDX-License-Identifier: Apache-2.0
import type { Log } from '../lib/log.ts'
import type { Problem } from '../lib/problem.ts'

/** Logs each problem once when it appears and once when it is gone, however often the same list comes. */
export class ProblemLog {
  readonly #log: Log
  readonly #locate: (problem: Problem) => Problem
  #known: ReadonlyMap<string, Problem> = new Map()

  constructor(log: Log, locate: (problem: Problem) => Problem) {
    this.#log = log
    this.#locate = locate
  }

  /** Takes the whole current list. */
  report(problems: readonly Problem[]): void {
    const current = new Map(problems.map((problem) => [fingerprint(problem), problem]))
    for (const [key, problem] of current) if (!this.#known.has(key)) this.#say(this.#locate(problem))
    for (const [key, problem] of this.#known) {
      if (!current.has(key)) this.#log.info('problem solved', { code: problem.code, object: nameOf(problem) })
    }
    this.#known = current
  }

  #say(problem: Problem): void {
    const { severity, code, field, message, file, line } = problem
    const at = severity === 'error' ? this.#log.error : this.#log.warn
    at(message, { code, object: nameOf(problem), field, ...(file === undefined ? {} : { file, line }) })
  }
}

function nameOf({ object: { kind, namespace, name } }: Problem): string {
  return [kind, namespace, name].filter((part) => part !== '').join('/')
}

function fingerprint(problem: Problem): string {
  return `${nameOf(problem)} ${problem.field} ${problem.code} ${problem.message}`
}
