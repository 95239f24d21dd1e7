// SPDX-License-Identifier: Apache-2.0
export type Labels = Readonly<Record<string, string>>

export type Requirement = Readonly<{
  key: string
  operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist'
  values: readonly string[]
}>

/** A LabelSelector; matchLabels are `In` requirements of one value. No requirement matches everything. */
export type Selector = Readonly<{ requirements: readonly Requirement[] }>

export const EVERYTHING: Selector = { requirements: [] }

/** Whether labels meet every requirement. */
export function matches(selector: Selector, labels: Labels): boolean {
  return selector.requirements.every((requirement) => satisfies(requirement, labels))
}

/** Lists of selectors are OR-ed everywhere in metallb.io; an empty list is no restriction. */
export function matchesAny(selectors: readonly Selector[], labels: Labels): boolean {
  return selectors.length === 0 || selectors.some((selector) => matches(selector, labels))
}

function satisfies({ key, operator, values }: Requirement, labels: Labels): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value)
    case 'NotIn':
      return value === undefined || !values.includes(value)
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
  }
}
