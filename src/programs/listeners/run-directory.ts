// SPDX-License-Identifier: Apache-2.0
/** The directory for the local socket and for what should outlive the process, where there is one to write to. */
import { accessSync, constants, existsSync, mkdirSync, type Stats, statSync } from 'node:fs'
import { reasonOf } from '../../lib/fault.ts'

export type RunDirectory =
  | Readonly<{ usable: true; path: string }>
  /** `why` is a sentence for people. */
  | Readonly<{ usable: false; path: string; why: string }>

/**
 * Makes the directory of --run-dir if need be, for its owner alone. In a read-only image it is not to be had. One that
 * others may write to, as a Pod's emptyDir, will do; one of another user will not, who could put anything in its place.
 */
export function openRunDirectory(path: string): RunDirectory {
  try {
    // Not recursive: its parent (/run) is there, or wrong; and Node's never comes back from /proc.
    if (!existsSync(path)) mkdirSync(path, { mode: 0o700 })
    accessSync(path, constants.W_OK | constants.X_OK)
    const owner = strangerOf(statSync(path))
    if (owner !== null) return { usable: false, path, why: `${path} ${owner}` }
    return { usable: true, path }
  } catch (error) {
    return { usable: false, path, why: `${path} cannot be written (${reasonOf(error)})` }
  }
}

const WRITABLE_BY_OTHERS = 0o022

/**
 * Why what was opened in the directory is not to be read or written, as half a sentence; null: it is a file of ours.
 * Whoever else may write to the directory can put links to other files there, pipes, or files of their own.
 */
export function distrustOf(stats: Stats): string | null {
  if (!stats.isFile()) return 'is no file'
  if (stats.nlink > 1) return 'has another name elsewhere'
  if ((stats.mode & WRITABLE_BY_OTHERS) !== 0) return 'can be written by other users'
  return strangerOf(stats)
}

/** For open(2): no link is followed, and a pipe does not make us wait for whoever made it. */
export const CAUTIOUS = constants.O_NOFOLLOW | constants.O_NONBLOCK

function strangerOf({ uid }: Stats): string | null {
  return uid === 0 || uid === process.geteuid?.() ? null : `belongs to another user (uid ${uid})`
}
