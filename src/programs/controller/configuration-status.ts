// SPDX-License-Identifier: Apache-2.0
import type { Clock } from '../../lib/clock.ts'
import type { Problem } from '../../lib/problem.ts'
import { sentenceOf } from '../problem-log.ts'
import type { Statuses } from './statuses.ts'
import type { Writer } from './writer.ts'

/** Messages in one ConfigurationState; the log has all of them. */
const MOST_MESSAGES = 20
const KIND = 'ConfigurationState'
const NAME = 'controller'

type Fields = Readonly<Record<string, unknown>>
export type ConfigurationStatusOptions = Readonly<{
  statuses: Statuses
  writer: Writer
  clock: Clock
  namespace: string
}>

/** Keeps the ConfigurationState `controller` equal to the problems there are (metallb-crds: ConfigurationState). */
export class ConfigurationStatus {
  readonly #options: ConfigurationStatusOptions

  constructor(options: ConfigurationStatusOptions) {
    this.#options = options
  }

  /** Takes the whole list; writes only when the object says something else. */
  report(problems: readonly Problem[]): void {
    const { statuses, writer, clock, namespace } = this.#options
    const summary = summaryOf(problems.filter(({ severity }) => severity === 'error'))
    const known = statuses.get(KIND, NAME)
    const said = conditionOf(known)
    const condition = {
      type: 'poolReconcilerValid',
      status: summary === '' ? 'True' : 'False',
      reason: summary === '' ? 'Reconciled' : 'ConfigurationError',
      message: summary === '' ? '' : `configuration error: ${summary}`,
    }
    const result = summary === '' ? 'Valid' : 'Invalid'
    const isSaid = Object.entries(condition).every(([field, value]) => said[field] === value)
    if (isSaid && known?.['result'] === result && (known['errorSummary'] ?? '') === summary) return
    const since = said['lastTransitionTime']
    const keepsTime = said['status'] === condition.status && typeof since === 'string'
    const lastTransitionTime = keepsTime ? since : `${new Date(clock.wallMs()).toISOString().slice(0, 19)}Z`
    const status = { result, errorSummary: summary, conditions: [{ ...condition, lastTransitionTime }] }
    statuses.set(KIND, NAME, status)
    writer.status({ object: { kind: KIND, namespace, name: NAME }, status, annotations: {} })
  }
}

function summaryOf(errors: readonly Problem[]): string {
  const lines = errors.slice(0, MOST_MESSAGES).map(sentenceOf)
  if (errors.length > MOST_MESSAGES) lines.push(`and ${errors.length - MOST_MESSAGES} more, see the log`)
  return lines.join('\n')
}

function conditionOf(status: Fields | undefined): Fields {
  const conditions: unknown = status?.['conditions']
  const found: unknown = Array.isArray(conditions) ? conditions.find(isOurs) : undefined
  return isFields(found) ? found : {}
}

function isOurs(condition: unknown): boolean {
  return isFields(condition) && condition['type'] === 'poolReconcilerValid'
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null
}
