// SPDX-License-Identifier: Apache-2.0
/**
 * What stands in the guides, written anew in guides/: a file for each block, named by its number. The numbers count the
 * blocks of code in each of the five guides: 0 several clusters, 1 high availability, 2 several routers, 3 basics,
 * 4 an enterprise. Names of images are data: nothing is fetched.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const GUIDES = join(import.meta.dirname, 'guides')

/** The text of a guide's block. */
export function guide(name: string): string {
  return readFileSync(join(GUIDES, name), 'utf8')
}

/** Text with one passage otherwise, as `replace` does it; the passage has to be there. */
export function corrected(text: string, from: string | RegExp, to: string): string {
  const result = text.replace(from, to)
  assert.notEqual(result, text, `there is no ${String(from)} to correct`)
  return result
}

/** The documents of YAML text whose text contains all the words. */
export function only(text: string, ...words: readonly string[]): string {
  const found = text.split(/^---\n/m).filter((document) => words.every((word) => document.includes(word)))
  assert.ok(found.length > 0, `no document has ${words.join(', ')}`)
  return found.join('---\n')
}
