// SPDX-License-Identifier: Apache-2.0
/**
 * What the controller writes: `.status/<plural kind>/<namespace>.<name>.json`, one object per file.
 *
 * A file is written under another name and renamed into place, so that a reader, or a controller that was killed at any
 * moment, finds the old or the new one and never half of one. Unfinished files stand in `.status/.tmp`, on the same file
 * system but out of the folders that speakers watch. Power loss may cost the last seconds: nothing is synced.
 * Writes are synchronous: each takes some 50 µs, and what memory and disk say never differs between turns of the loop.
 */
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { ObjectRef } from '../lib/problem.ts'
import { cannotWrite, errnoOf } from './faults.ts'

export class StatusFiles {
  readonly root: string
  readonly #temporary: string
  #counter = 0

  /** `dir`: the directory of manifests. */
  constructor(dir: string) {
    this.root = join(dir, '.status')
    this.#temporary = join(this.root, '.tmp')
  }

  /** Makes the folders that others watch. Throws a Fault when that cannot be. */
  prepare(): void {
    for (const folder of ['services', 'events']) this.#attempt(join(this.root, folder), (path) => mkdir(path))
  }

  /** Removes what a killed controller left unfinished. Only for the one that holds the lock. */
  clean(): void {
    this.#attempt(this.#temporary, (path) => rmSync(path, { recursive: true, force: true }))
    this.#attempt(this.#temporary, (path) => mkdir(path))
  }

  pathOf(folder: string, name: string): string {
    return join(this.root, folder, name)
  }

  write(path: string, content: unknown): void {
    const text = `${JSON.stringify(content, null, 2)}\n`
    this.#attempt(path, () => {
      try {
        this.#replace(path, text)
      } catch (thrown) {
        if (errnoOf(thrown) !== 'ENOENT') throw thrown
        // Somebody removed .status, or this is the first object of its kind.
        mkdir(dirname(path))
        mkdir(this.#temporary)
        this.#replace(path, text)
      }
    })
  }

  /** Fine if there is no such file. */
  remove(path: string): void {
    this.#attempt(path, () => {
      try {
        unlinkSync(path)
      } catch (thrown) {
        if (errnoOf(thrown) !== 'ENOENT') throw thrown
      }
    })
  }

  /** Names in a folder; empty when there is no such folder. */
  list(folder: string): string[] {
    try {
      return readdirSync(join(this.root, folder)).filter((name) => !name.startsWith('.'))
    } catch (thrown) {
      if (errnoOf(thrown) === 'ENOENT') return []
      throw thrown
    }
  }

  /** The content of a file; null when it does not exist. Throws when it is no JSON or cannot be read. */
  read(path: string): unknown {
    try {
      return JSON.parse(readFileSync(path, 'utf8'))
    } catch (thrown) {
      if (errnoOf(thrown) === 'ENOENT') return null
      throw thrown
    }
  }

  #replace(path: string, text: string): void {
    const temporary = join(this.#temporary, `${process.pid}-${this.#counter++}`)
    writeFileSync(temporary, text)
    renameSync(temporary, path)
  }

  #attempt(path: string, action: (path: string) => void): void {
    try {
      action(path)
    } catch (thrown) {
      throw cannotWrite(path, thrown)
    }
  }
}

function mkdir(path: string): void {
  mkdirSync(path, { recursive: true })
}

/** The folder of a kind: its plural in lower case, as in the API's paths. */
export function folderOf(kind: string): string {
  const lower = kind.toLowerCase()
  if (lower.endsWith('status')) return `${lower}es`
  return lower.endsWith('y') ? `${lower.slice(0, -1)}ies` : `${lower}s`
}

/** NAME_MAX of Linux file systems is 255 bytes; Kubernetes' names go up to 63 + 253. */
const MAX_NAME_BYTES = 255

/** `namespace.name.json`; a name too long for a file is cut, and told apart by a hash. */
export function fileNameOf({ namespace, name }: Pick<ObjectRef, 'namespace' | 'name'>, suffix = ''): string {
  const full = `${namespace}.${name}${suffix}.json`
  if (Buffer.byteLength(full) <= MAX_NAME_BYTES) return full
  const digest = createHash('sha256').update(`${namespace}.${name}`).digest('hex').slice(0, 16)
  return `${namespace}.${name.slice(0, 120)}-${digest}${suffix}.json`
}
