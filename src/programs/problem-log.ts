// SPDX-License-Identifier: Apache-2.0
import type { Log } from '../lib/log.ts'
import type { Problem } from '../lib/problem.ts'

/** Logs each problem once when it appears and once when it is gone, however often the same list comes. */
export class ProblemLog {
  readonly #log: Log
  readonly #locate: (problem: Problem) => Problem
  #known: ReadonlyMap<string, Problem> = new Map()
  #errors = 0

  constructor(log: Log, locate: (problem: Problem) => Problem) {
    this.#log = log
    this.#locate = locate
  }

  /** How many errors appeared so far. */
  get errors(): number {
    return this.#errors
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
    if (severity === 'error') this.#errors++
    at(message, { code, object: nameOf(problem), field, ...(file === undefined ? {} : { file, line }) })
  }
}

/** One line for a person: the object and its field, or else the file and line, and what is wrong. */
export function sentenceOf(problem: Problem): string {
  const { object, field, message } = problem
  const words = object.kind === '' ? [placeOf(problem)] : [object.kind, object.name, field]
  return `${words.filter((word) => word !== '').join(' ')}: ${message}`
}

/** Messages in one ConfigurationState; the log has all of them. */
const MOST_MESSAGES = 20

/** The errors among them, one a line; '' where there is none. */
export function summaryOf(problems: readonly Problem[]): string {
  const errors = problems.filter(({ severity }) => severity === 'error')
  const lines = errors.slice(0, MOST_MESSAGES).map(sentenceOf)
  if (errors.length > MOST_MESSAGES) lines.push(`and ${errors.length - MOST_MESSAGES} more, see the log`)
  return lines.join('\n')
}

function nameOf({ object: { kind, namespace, name } }: Problem): string {
  return [kind, namespace, name].filter((part) => part !== '').join('/')
}

/** A problem of an object is the same wherever the object stands; one of a file is known by its place only. */
function fingerprint(problem: Problem): string {
  const name = nameOf(problem) || placeOf(problem)
  return `${name} ${problem.field} ${problem.code} ${problem.message}`
}

function placeOf({ file = '', line }: Problem): string {
  return line === undefined ? file : `${file}:${line}`
}
