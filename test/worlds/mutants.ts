// SPDX-License-Identifier: Apache-2.0
/** Copies of the sources in which one mutant at a time lives, and the worlds that look for it there. */
import { execFile } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Mutant } from './rule.ts'

const ROOT = join(import.meta.dirname, '../..')
const COPIED = ['src', 'test/worlds', 'package.json']
/** A mutant may turn a loop into one without end. */
const LIMIT_MS = 20_000

/** `source` with the mutant in it. Throws where its text does not stand there exactly once, which is a row out of date. */
export function mutate(source: string, { file, find, replace }: Mutant): string {
  const [before, after, ...more] = source.split(find)
  if (before === undefined || after === undefined || more.length > 0) {
    throw new Error(`${file} has ${more.length + (after === undefined ? 0 : 1)} times, not once: ${find}`)
  }
  return before + replace + after
}

/** One copy of the tree, from `Arena.open`. Not for two mutants at once. */
export class Arena {
  readonly #root: string

  constructor(root: string) {
    this.#root = root
  }

  static async open(): Promise<Arena> {
    const root = await mkdtemp(join(tmpdir(), 'metallb-mutants-'))
    for (const path of COPIED) await cp(join(ROOT, path), join(root, path), { recursive: true })
    await symlink(join(ROOT, 'node_modules'), join(root, 'node_modules'))
    return new Arena(root)
  }

  /** The world of these that comes out otherwise with the mutant than without; null where none does. */
  async hunt(mutant: Mutant, worlds: readonly string[]): Promise<string | null> {
    const path = join(this.#root, mutant.file)
    const source = await readFile(path, 'utf8')
    await writeFile(path, mutate(source, mutant))
    try {
      const words = (await this.#judge(worlds)).trim().split(' ')
      return words[0] === 'caught' ? (words[1] ?? '') : null
    } finally {
      await writeFile(path, source)
    }
  }

  /** What does not end in time is caught as well: it does not come out as expected. */
  async #judge(worlds: readonly string[]): Promise<string> {
    const judge = join(this.#root, 'test/worlds/judge.ts')
    // Only the file with the mutant is compiled anew: the cache goes by content.
    const env = { ...process.env, NODE_COMPILE_CACHE: join(this.#root, 'compiled') }
    try {
      return (await promisify(execFile)(process.execPath, [judge, ...worlds], { timeout: LIMIT_MS, env })).stdout
    } catch (thrown) {
      if (thrown instanceof Error && 'killed' in thrown && thrown.killed === true) return `caught ${worlds[0] ?? ''}`
      throw thrown
    }
  }

  async close(): Promise<void> {
    await rm(this.#root, { recursive: true, force: true })
  }
}
