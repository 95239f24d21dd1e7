// SPDX-License-Identifier: Apache-2.0
/** The directory of this process's run, which is gone soon after the process, however that ended. */
import { spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createRunDirectory } from '../run-directory.ts'

let root: string | undefined
let count = 0

/** Makes a new directory below the run's own, `NAME-1`, `NAME-2` and so on. */
export function scratchDirectory(name: string): string {
  root ??= guarded(createRunDirectory())
  const directory = join(root, `${name}-${++count}`)
  mkdirSync(directory)
  return directory
}

/**
 * A guard in a session of its own waits for the end of our pipe, which no kind of death can hold back. Components die
 * with us (child.ts) but may write their last file meanwhile, so that the first attempt to remove all may fail.
 */
function guarded(directory: string): string {
  const script = 'cat; for try in 1 2 3; do sleep 0.2; rm -rf "$1" && exit; done'
  const guard = spawn('sh', ['-c', script, 'guard', directory], { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
  guard.unref()
  if (guard.stdin && 'unref' in guard.stdin && typeof guard.stdin.unref === 'function') guard.stdin.unref()
  return directory
}
