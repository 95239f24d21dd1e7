// SPDX-License-Identifier: Apache-2.0
import type { Flaw } from './codes.ts'
import { quoted } from './text.ts'

/** Repeated keys of one mapping that are named. */
export const LISTED = 100

/** A key that its mapping had before; `offset` is where it stands again. */
export type Repeated = Readonly<{ name: string; offset: number }>

/** Warnings about keys. At the top of a YAML document all have one cause, a missing `---` above the first of them. */
export function duplicateKeys(repeated: readonly Repeated[], top: boolean): Flaw[] {
  const first = repeated[0]
  if (!top || !first) return repeated.map(({ name, offset }) => duplicateKey([name], offset, 'remove one'))
  return [duplicateKey([...new Set(repeated.map(({ name }) => name))], first.offset, 'is `---` missing?')]
}

function duplicateKey(names: readonly string[], offset: number, hint: string): Flaw {
  const list = names.map(quoted).join(', ')
  const keys = names.length === 1 ? `the key ${list} stands` : `the keys ${list} stand`
  const message = `${keys} here again, and the last value of a key counts; ${hint}`
  return { severity: 'warning', code: 'duplicateKey', message, offset }
}
