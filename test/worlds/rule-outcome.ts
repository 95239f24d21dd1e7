// SPDX-License-Identifier: Apache-2.0
/** What comes of a world: the JSON of `simulate`, made in this process. */
import { isDeepStrictEqual } from 'node:util'
import { answer } from '../../src/programs/cli/simulate/main.ts'
import type { RuleWorld } from './rule-worlds.ts'
import { parseExactly } from './simulate.ts'

/** The document that `metallb simulate` prints for these arguments. */
export async function outcomeOf({ args }: Pick<RuleWorld, 'args'>): Promise<unknown> {
  const { pieces } = await answer([...args, '-o', 'json'])
  return parseExactly([...pieces].join(''))
}

/**
 * `actual` without the keys that `expected` does not speak of, so that a world says nothing of wording and of what it
 * is not about. Lists are kept whole: one item more is one too many.
 */
export function partOf(actual: unknown, expected: unknown): unknown {
  if (Array.isArray(actual) && Array.isArray(expected)) return actual.map((item, at) => partOf(item, expected[at]))
  if (!isFields(actual) || !isFields(expected)) return actual
  const kept = Object.entries(actual).filter(([key]) => Object.hasOwn(expected, key))
  return Object.fromEntries(kept.map(([key, value]) => [key, partOf(value, expected[key])]))
}

/** Whether a world comes out as it should. A bug that an assertion stops is not what was expected, either. */
export async function comesOut(world: RuleWorld): Promise<boolean> {
  try {
    return isDeepStrictEqual(partOf(await outcomeOf(world), world.expected), world.expected)
  } catch {
    return false
  }
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
