// SPDX-License-Identifier: Apache-2.0
/** What the rules look at: every file that is tracked, or would be after `git add`. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export const ROOT = join(import.meta.dirname, '../..')

/** A rule says in sentences what is wrong with one file; none, if it is right. Paths are relative to the root. */
export type Rule = (path: string, source: string) => readonly string[]

/** Paths of all files, sorted. A file that git still lists but that is gone from the disk is left out. */
export function files(): string[] {
  // CI may run as another user than the one who owns the checkout.
  const git = [
    '-c',
    'safe.directory=*',
    'ls-files',
    '-z',
    '--cached',
    '--others',
    '--exclude-standard',
    '--deduplicate',
  ]
  const listed = execFileSync('git', git, { cwd: ROOT, encoding: 'utf8' })
  const paths = listed.split('\0').filter((path) => path !== '' && existsSync(join(ROOT, path)))
  return paths.toSorted()
}

export function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8')
}

/** What the rule has to say about all files that `applies` picks, each line with its path. */
export function violations(rule: Rule, applies: (path: string) => boolean): string[] {
  return files()
    .filter(applies)
    .flatMap((path) => rule(path, read(path)).map((sentence) => `${path}: ${sentence}`))
}

export const isTypeScript = (path: string): boolean => path.endsWith('.ts')
export const isTest = (path: string): boolean => path.endsWith('.test.ts')
export const isGenerated = (path: string): boolean => path.endsWith('.generated.ts')
