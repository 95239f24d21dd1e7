// SPDX-License-Identifier: Apache-2.0
/** The directory of this process's run, which is gone soon after the process, however that ended. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createRunDirectory } from '../run-directory.ts'
import { afterUs } from './guard.ts'

let root: string | undefined
let count = 0

/** Makes a new directory below the run's own, `NAME-1`, `NAME-2` and so on. */
export function scratchDirectory(name: string): string {
  if (root === undefined) {
    root = createRunDirectory()
    afterUs('rm -rf "$1"', root)
  }
  const directory = join(root, `${name}-${++count}`)
  mkdirSync(directory)
  return directory
}
