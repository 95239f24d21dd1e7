// SPDX-License-Identifier: Apache-2.0
import { Fault } from '../lib/fault.ts'

export type DirectoryFault =
  | { code: 'noDirectory'; path: string }
  | { code: 'cannotWatch'; path: string }
  | { code: 'cannotWrite'; path: string }
  | { code: 'locked'; path: string; pid: number }

/** The code of a failed system call (`ENOENT`), '' for anything else. */
export function errnoOf(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : ''
}

const WORDS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space left',
  EDQUOT: 'the disk quota is used up',
  EMFILE: 'too many open files',
  ENFILE: 'too many open files',
  EISDIR: 'it is a directory',
  ENOTDIR: 'it is not a directory',
  ELOOP: 'it is a loop of links',
  EIO: 'the disk failed to read or write',
  ENOENT: 'it does not exist',
}

/** Why a system call failed, for people. */
export function whyOf(thrown: unknown): string {
  const code = errnoOf(thrown)
  return WORDS[code] ?? (code === '' ? String(thrown) : code)
}

export function cannotWrite(path: string, cause: unknown): Fault<DirectoryFault> {
  return new Fault({ code: 'cannotWrite', path }, `cannot write ${path}: ${whyOf(cause)}`, cause)
}

/** inotify's limit comes as ENOSPC, which would be misread as a full disk. */
export function cannotWatch(path: string, cause: unknown): Fault<DirectoryFault> {
  const limit = ['ENOSPC', 'EMFILE'].includes(errnoOf(cause))
  const why = limit ? 'the limit of watches is reached; raise fs.inotify.max_user_watches' : whyOf(cause)
  return new Fault({ code: 'cannotWatch', path }, `cannot watch ${path} for changes: ${why}`, cause)
}
