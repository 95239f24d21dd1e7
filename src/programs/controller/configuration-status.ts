// SPDX-License-Identifier: Apache-2.0
import type { Clock } from '../../lib/clock.ts'
import type { Problem } from '../../lib/problem.ts'
import { sentenceOf } from '../problem-log.ts'
import type { Writer } from './writer.ts'

/** Messages in one ConfigurationState; the log has all of them. */
const MOST_MESSAGES = 20

/** Keeps the ConfigurationState `controller` equal to the problems there are (metallb-crds: ConfigurationState). */
export class ConfigurationStatus {
  readonly #writer: Writer
  readonly #clock: Clock
  readonly #namespace: string
  #summary: string | null = null
  #valid: boolean | null = null
  #since = ''

  constructor(writer: Writer, clock: Clock, namespace: string) {
    this.#writer = writer
    this.#clock = clock
    this.#namespace = namespace
  }

  /** Takes the whole list; writes only when what it says changed. */
  report(problems: readonly Problem[]): void {
    const errors = problems.filter(({ severity }) => severity === 'error')
    const lines = errors.slice(0, MOST_MESSAGES).map(sentenceOf)
    if (errors.length > MOST_MESSAGES) lines.push(`and ${errors.length - MOST_MESSAGES} more, see the log`)
    const summary = lines.join('\n')
    if (summary === this.#summary) return
    const valid = errors.length === 0
    if (valid !== this.#valid) this.#since = new Date(this.#clock.wallMs()).toISOString()
    this.#summary = summary
    this.#valid = valid
    this.#writer.status({
      object: { kind: 'ConfigurationState', namespace: this.#namespace, name: 'controller' },
      status: {
        result: valid ? 'Valid' : 'Invalid',
        errorSummary: summary,
        conditions: [
          {
            type: 'poolReconcilerValid',
            status: valid ? 'True' : 'False',
            reason: valid ? 'Reconciled' : 'ConfigurationError',
            message: valid ? '' : `configuration error: ${summary}`,
            lastTransitionTime: this.#since,
          },
        ],
      },
      annotations: {},
    })
  }
}
