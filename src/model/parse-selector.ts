// SPDX-License-Identifier: Apache-2.0
import { reportDuplicates } from './duplicates.ts'
import type { Reporter } from './report.ts'
import type { LabelSelector } from './resources.generated.ts'
import type { Requirement, Selector } from './selector.ts'
import { quote } from './wording.ts'

type Expression = NonNullable<LabelSelector['matchExpressions']>[number]

const OPERATORS = ['In', 'NotIn', 'Exists', 'DoesNotExist'] as const
// Kubernetes' grammar of labels: an optional DNS prefix, and a name or value of at most 63 characters.
const NAME = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/
const PREFIX = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/

/** A list of selectors, of which each counts once; `field` is the path of the list. */
export function parseSelectors(
  selectors: readonly LabelSelector[] | undefined,
  field: string,
  reporter: Reporter,
): readonly Selector[] {
  const all = selectors ?? []
  reportDuplicates(all.map(identity), field, { reporter, what: 'this selector' })
  for (const [index, selector] of all.entries()) reportRepetitions(selector, `${field}[${index}]`, reporter)
  return all.map((selector, index) => parseSelector(selector, `${field}[${index}]`, reporter))
}

/** A selector by itself; what cannot be understood is reported and left out. */
export function parseSelector(selector: LabelSelector, field: string, reporter: Reporter): Selector {
  const requirements: Requirement[] = []
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) {
    const path = `${field}.matchLabels${/^[\w-]{1,64}$/.test(key) ? `.${key}` : `[${quote(key)}]`}`
    const flaw = flawOfKey(key) ?? flawOfValue(value)
    if (flaw === null) requirements.push({ key, operator: 'In', values: [value] })
    else reporter.error('invalidSelector', path, flaw)
  }
  for (const [index, expression] of (selector.matchExpressions ?? []).entries()) {
    const requirement = parseExpression(expression)
    if (typeof requirement === 'string') {
      reporter.error('invalidSelector', `${field}.matchExpressions[${index}]`, requirement)
    } else requirements.push(requirement)
  }
  return { requirements }
}

/** The requirement, or what is wrong with it. */
function parseExpression({ key, operator: word, values = [] }: Expression): Requirement | string {
  const operator = OPERATORS.find((known) => known === word)
  if (operator === undefined) return `operator ${quote(word)} is none of ${OPERATORS.join(', ')}; use one of these`
  const takesValues = operator === 'In' || operator === 'NotIn'
  if (takesValues && values.length === 0) return `operator ${operator} needs at least one value; add values`
  if (!takesValues && values.length > 0) return `operator ${operator} takes no values; remove them`
  const flaw = flawOfKey(key) ?? values.map(flawOfValue).find((found) => found !== null)
  return flaw ?? { key, operator, values }
}

function flawOfKey(key: string): string | null {
  const slash = key.indexOf('/')
  const validPrefix = slash < 0 || (slash <= 253 && PREFIX.test(key.slice(0, slash)))
  if (validPrefix && NAME.test(key.slice(slash + 1))) return null
  return `${quote(key)} is no label key; write letters, digits, - _ . and at most one prefix with /`
}

function flawOfValue(value: string): string | null {
  if (value === '' || NAME.test(value)) return null
  return `${quote(value)} is no label value; write at most 63 letters, digits, - _ .`
}

/** Equal for selectors that MetalLB takes for the same: the order of labels and of values does not matter. */
function identity({ matchLabels = {}, matchExpressions = [] }: LabelSelector): string {
  const labels = Object.entries(matchLabels).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify([labels, matchExpressions.map(expressionIdentity)])
}

function expressionIdentity({ key, operator, values = [] }: Expression): string {
  return JSON.stringify([key, operator, values.toSorted()])
}

function reportRepetitions({ matchExpressions = [] }: LabelSelector, path: string, reporter: Reporter): void {
  const field = `${path}.matchExpressions`
  reportDuplicates(matchExpressions.map(expressionIdentity), field, { reporter, what: 'this expression' })
  for (const [index, { values = [] }] of matchExpressions.entries()) {
    reportDuplicates(values, `${field}[${index}].values`, { reporter, what: 'this value' })
  }
}
