// SPDX-License-Identifier: Apache-2.0
/** The files of one run of the lab, in a directory of their own that is named after the process that owns it. */
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Whatever a run leaves outside of its sandbox is called this and its process id. */
export const RUN_PREFIX = 'metallb-lab-'

/** Makes the directory of a run. Its id is our process id, so nobody needs to guess whether its owner still lives. */
export function createRunDirectory(): string {
  removeLeftovers()
  const directory = join(tmpdir(), `${RUN_PREFIX}${process.pid}`)
  mkdirSync(directory, { mode: 0o700 })
  return directory
}

export function removeRunDirectory(directory: string): void {
  rmSync(directory, { recursive: true, force: true })
}

/** A run that was killed with SIGKILL could not remove its files: the next one does, once its process is gone. */
function removeLeftovers(): void {
  for (const name of readdirSync(tmpdir())) {
    const pid = name.startsWith(RUN_PREFIX) ? Number(name.slice(RUN_PREFIX.length)) : Number.NaN
    if (!Number.isInteger(pid) || (pid !== process.pid && isAlive(pid))) continue
    try {
      removeRunDirectory(join(tmpdir(), name))
    } catch {
      // It belongs to another user, who will remove it.
    }
  }
}

/** Whether there is a process of this id, whoever owns it. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
