// SPDX-License-Identifier: Apache-2.0
/** What a rule is here: one promise to the user, and the smallest change to the code that would break it. */

/** `find` stands exactly once in `file` (a path from the root of the checkout). */
export type Mutant = Readonly<{ file: string; find: string; replace: string }>

/** `id` is the area and a few words; worlds name the rules that they show by it. */
export type Rule = Readonly<{ id: string; says: string; mutant: Mutant }>

type Row = readonly [id: string, says: string, find: string, replace: string]

/** The rules of one area whose mutants are all in one file: rows of `id` (without the area), says, find, replace. */
export function rulesIn(area: string, file: string, rows: readonly Row[]): Rule[] {
  return rows.map(([id, says, find, replace]) => ({ id: `${area}-${id}`, says, mutant: { file, find, replace } }))
}
