// SPDX-License-Identifier: Apache-2.0
import type { Family } from '../lib/ip.ts'

/** What a list of addresses amounts to: `dual` is exactly one of each family. */
export type Stack = Family | 'dual'

/** Null when the list is neither one address nor one of each family. */
export function stackOf(families: readonly Family[]): Stack | null {
  const [one, two] = families
  if (one === undefined || families.length > 2) return null
  if (two === undefined) return one
  return one === two ? null : 'dual'
}

/** The families of a stack, IPv4 first: the order of addresses given together. */
export function familiesOf(stack: Stack): readonly Family[] {
  return stack === 'dual' ? ['ipv4', 'ipv6'] : [stack]
}
