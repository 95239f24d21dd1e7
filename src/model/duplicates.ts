// SPDX-License-Identifier: Apache-2.0
import type { Reporter } from './report.ts'

/**
 * Reports every entry of a list that stood in it before. `keys` are what makes the entries equal; `field` is the path
 * of the list and `what` names one of its entries.
 */
export function reportDuplicates(
  keys: readonly string[],
  field: string,
  on: { reporter: Reporter; what: string },
): void {
  const firsts = new Map<string, number>()
  for (const [index, key] of keys.entries()) {
    const first = firsts.get(key)
    if (first === undefined) firsts.set(key, index)
    else {
      const message = `${on.what} is the same as ${field}[${first}]; remove one of the two`
      on.reporter.error('duplicateEntry', `${field}[${index}]`, message)
    }
  }
}
