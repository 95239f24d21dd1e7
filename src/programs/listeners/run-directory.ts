// SPDX-License-Identifier: Apache-2.0
/** The directory for the local socket and for what should outlive the process, where there is one to write to. */
import { accessSync, constants, existsSync, mkdirSync } from 'node:fs'
import { reasonOf } from '../../lib/fault.ts'

export type RunDirectory =
  | Readonly<{ usable: true; path: string }>
  /** `why` is a sentence for people. */
  | Readonly<{ usable: false; path: string; why: string }>

/** Makes the directory of --run-dir if need be, for its owner alone. In a read-only image it is not to be had. */
export function openRunDirectory(path: string): RunDirectory {
  try {
    // Not recursive: its parent (/run) is there, or wrong; and Node's never comes back from /proc.
    if (!existsSync(path)) mkdirSync(path, { mode: 0o700 })
    accessSync(path, constants.W_OK | constants.X_OK)
    return { usable: true, path }
  } catch (error) {
    return { usable: false, path, why: `${path} cannot be written (${reasonOf(error)})` }
  }
}
