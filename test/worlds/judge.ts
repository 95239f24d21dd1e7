// SPDX-License-Identifier: Apache-2.0
/**
 * Runs the worlds named on the command line against the sources beside it, which a mutant may have changed. Prints
 * `caught <world>` for the first that comes out otherwise, `survived` if none does; what cannot be loaded exits with 1.
 */
import { comesOut } from './rule-outcome.ts'
import { readWorld } from './rule-worlds.ts'

process.stdout.write(`${await verdictOn(process.argv.slice(2))}\n`)

async function verdictOn(names: readonly string[]): Promise<string> {
  for (const name of names) if (!(await comesOut(readWorld(name)))) return `caught ${name}`
  return 'survived'
}
