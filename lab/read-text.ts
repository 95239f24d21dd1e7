// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs'

/** The content of a file that others may remove at any moment; undefined when they have. */
export function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && GONE.has(String(error.code))) return undefined
    throw error
  }
}

/** ESRCH: a process that ended while its file below /proc was read. */
const GONE = new Set(['ENOENT', 'ESRCH'])
