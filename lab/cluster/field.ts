// SPDX-License-Identifier: Apache-2.0

/** What stands at a path of an object, undefined where that leads nowhere. */
export function fieldAt(value: unknown, ...path: readonly (string | number)[]): unknown {
  let at = value
  for (const part of path) {
    if (typeof at !== 'object' || at === null) return undefined
    at = Object.getOwnPropertyDescriptor(at, part)?.value
  }
  return at
}
