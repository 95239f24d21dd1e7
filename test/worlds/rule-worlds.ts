// SPDX-License-Identifier: Apache-2.0
/**
 * The worlds that show rules. `by-rule/<name>.yaml` holds the manifests, `<name>.then.yaml` those of a second step, and
 * `<name>.json` what `simulate` says of them, as far as the world is about it. Comments in the first file say the rest:
 * `# rules: <id> <id>…` and `# arguments: <further arguments of simulate>`; both may go on in a second such line.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseExactly } from './simulate.ts'

const FOLDER = join(import.meta.dirname, 'by-rule')

export type RuleWorld = Readonly<{
  name: string
  /** Ids of the rules that it shows. */
  rules: readonly string[]
  /** What follows `simulate`. */
  args: readonly string[]
  expected: unknown
}>

/** Names of all worlds. */
export function worldNames(): string[] {
  const names = readdirSync(FOLDER).filter((name) => name.endsWith('.json'))
  return names.map((name) => name.slice(0, -'.json'.length)).toSorted()
}

/** Reads one world; its manifests are left to `simulate`. */
export function readWorld(name: string): RuleWorld {
  const path = join(FOLDER, `${name}.yaml`)
  const second = join(FOLDER, `${name}.then.yaml`)
  const text = readFileSync(path, 'utf8')
  const then = existsSync(second) ? ['--then', second] : []
  const expected = parseExactly(readFileSync(join(FOLDER, `${name}.json`), 'utf8'))
  return { name, rules: wordsAfter('rules', text), args: [path, ...then, ...wordsAfter('arguments', text)], expected }
}

function wordsAfter(key: string, text: string): string[] {
  const lines = text.split('\n').filter((line) => line.startsWith(`# ${key}: `))
  return lines.flatMap((line) => line.slice(`# ${key}: `.length).split(' ')).filter((word) => word !== '')
}
