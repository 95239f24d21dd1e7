// SPDX-License-Identifier: Apache-2.0
/** Keeps the ConfigurationState `speaker-<node>` equal to the problems there are (metallb-crds: ConfigurationState). */
import { isDeepStrictEqual } from 'node:util'
import type { Clock } from '../../lib/clock.ts'
import type { ObjectEvent, StatusWrite } from '../../lib/object.ts'
import type { Problem } from '../../lib/problem.ts'
import { fieldsOf } from '../../lib/unchecked.ts'
import { summaryOf } from '../problem-log.ts'

type Status = Readonly<Record<string, unknown>>
type Condition = Readonly<Record<'type' | 'status' | 'reason' | 'message' | 'lastTransitionTime', string>>

export type ConfigurationStateOptions = Readonly<{
  clock: Clock
  namespace: string
  node: string
  write(write: StatusWrite): void
}>

export class ConfigurationState {
  readonly #options: ConfigurationStateOptions
  readonly #name: string
  #summary: string | null = null
  /** What the object says, or is about to. */
  #told: Status | null = null
  #begun = false

  constructor(options: ConfigurationStateOptions) {
    this.#options = options
    this.#name = `speaker-${options.node}`
  }

  /** True when the event is about that object: who deletes or changes it gets it back. */
  take({ type, object }: ObjectEvent): boolean {
    if (object.kind !== 'ConfigurationState' || object.metadata.name !== this.#name) return false
    this.#told = type === 'applied' ? fieldsOf(object['status']) : null
    this.#put()
    return true
  }

  /** The whole list of problems. */
  report(problems: readonly Problem[]): void {
    const summary = summaryOf(problems)
    if (summary === this.#summary) return
    this.#summary = summary
    this.#put()
  }

  /** It was told what there is; nothing is written before. */
  begin(): void {
    this.#begun = true
    this.#put()
  }

  #put(): void {
    const { clock, namespace, write } = this.#options
    if (!this.#begun || this.#summary === null) return
    const now = `${new Date(clock.wallMs()).toISOString().slice(0, 19)}Z`
    const status = statusFor(this.#summary, conditionOf(this.#told), now)
    if (isDeepStrictEqual({ errorSummary: '', ...this.#told }, status)) return
    this.#told = status
    write({ object: { kind: 'ConfigurationState', namespace, name: this.#name }, status, annotations: {} })
  }
}

/** The time of a transition is that of the transition, unlike MetalLB's, which is that of the last look. */
function statusFor(summary: string, before: Partial<Condition>, now: string): Status {
  const valid = summary === ''
  const status = valid ? 'True' : 'False'
  const condition: Condition = {
    type: 'configReconcilerValid',
    status,
    reason: valid ? 'Reconciled' : 'ConfigurationError',
    message: valid ? '' : `configuration error: ${summary}`,
    lastTransitionTime: before.status === status ? (before.lastTransitionTime ?? now) : now,
  }
  return { result: valid ? 'Valid' : 'Invalid', errorSummary: summary, conditions: [condition] }
}

function conditionOf(status: Status | null): Partial<Condition> {
  const conditions = status?.['conditions']
  const all: readonly unknown[] = Array.isArray(conditions) ? conditions : []
  const found = fieldsOf(all.find((condition) => fieldsOf(condition)['type'] === 'configReconcilerValid'))
  const [was, since] = [found['status'], found['lastTransitionTime']]
  return typeof was === 'string' && typeof since === 'string' ? { status: was, lastTransitionTime: since } : {}
}
