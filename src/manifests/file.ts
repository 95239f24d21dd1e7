// SPDX-License-Identifier: Apache-2.0
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'
import type { ManifestCode } from './codes.ts'
import { errnoOf, whyOf } from './faults.ts'
import { MAX_FILE_BYTES } from './text.ts'

export type FileReading =
  | Readonly<{ type: 'read'; id: string; bytes: Uint8Array }>
  | Readonly<{ type: 'unchanged' }>
  | Readonly<{ type: 'gone' }>
  | Readonly<{ type: 'refused'; id: string; code: ManifestCode; message: string }>

/** Reads a file unless it is the one of `knownId`, which changes whenever content or file does. Never throws. */
export function readFile(path: string, knownId: string | undefined): FileReading {
  let fd = -1
  try {
    // A pipe in the directory must not hold us up: without a writer even opening it would wait.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const stat = fstatSync(fd, { bigint: true })
    const id = [stat.dev, stat.ino, stat.size, stat.mtimeNs, stat.ctimeNs].join('.')
    if (id === knownId) return { type: 'unchanged' }
    if (stat.isDirectory()) return { type: 'gone' }
    if (!stat.isFile()) return { type: 'refused', id, code: 'unreadable', message: `${path} is no regular file` }
    if (stat.size > MAX_FILE_BYTES) {
      const message = `${path} has ${stat.size} bytes; at most ${MAX_FILE_BYTES} are read, so split it`
      return { type: 'refused', id, code: 'tooLarge', message }
    }
    return { type: 'read', id, bytes: readFileSync(fd) }
  } catch (thrown) {
    if (['ENOENT', 'ENOTDIR'].includes(errnoOf(thrown))) return { type: 'gone' }
    return { type: 'refused', id: '', code: 'unreadable', message: `cannot read ${path}: ${whyOf(thrown)}` }
  } finally {
    if (fd >= 0) closeSync(fd)
  }
}
