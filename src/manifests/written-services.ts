// SPDX-License-Identifier: Apache-2.0
/** What `.status/services` says about each Service: kept up to date from disk for speakers, and by our own writes. */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { keyOf } from '../lib/object.ts'
import type { ObjectRef, Problem } from '../lib/problem.ts'
import { whyOf } from './faults.ts'
import type { Written } from './overlay.ts'
import { fileNameOf, type StatusFiles } from './status-files.ts'
import { isFields } from './structural.ts'
import { Watches } from './watches.ts'

const FOLDER = 'services'

export class WrittenServices {
  readonly #files: StatusFiles
  readonly #watches: Watches
  /** From the directory of manifests down to the folder: each may appear, or be replaced, at any time. */
  readonly #chain: readonly string[]
  readonly #written = new Map<string, Written>()
  readonly #names = new Map<string, string>()
  readonly #dirty = new Set<string>()
  readonly #problems = new Map<string, Problem>()

  constructor(dir: string, files: StatusFiles, onChange: () => void) {
    this.#files = files
    this.#chain = [dir, files.root, join(files.root, FOLDER)]
    this.#watches = new Watches((at, name) => {
      const isLast = at === this.#chain.at(-1)
      if (isLast && name !== null) this.#dirty.add(name)
      else if (name !== null && !this.#chain.includes(join(at, name))) return
      onChange()
    })
  }

  get(key: string): Written | undefined {
    return this.#written.get(key)
  }

  /** Keys of all Services that something is written about. */
  keys(): Iterable<string> {
    return this.#written.keys()
  }

  problems(): Problem[] {
    return [...this.#problems.values()]
  }

  /** Writes a file and remembers it, so that the echo of our own write is no news. Throws a Fault when that failed. */
  write(ref: ObjectRef, written: Written): void {
    const { namespace, name } = ref
    const metadata = { name, namespace, annotations: written.annotations }
    this.#files.write(this.#pathOf(ref), { apiVersion: 'v1', kind: 'Service', metadata, status: written.status })
    this.#remember(fileNameOf(ref), keyOf('Service', namespace, name), written)
  }

  /** Removes the file. Throws a Fault when that failed. */
  remove(ref: ObjectRef): void {
    this.#files.remove(this.#pathOf(ref))
    this.#forget(fileNameOf(ref))
  }

  /** Takes every file for changed. */
  suspectAll(): void {
    for (const name of [...this.#files.list(FOLDER), ...this.#names.keys()]) this.#dirty.add(name)
  }

  /** Reads what changed on disk; answers the keys of Services about which it now says something else. */
  *refresh(): Generator<void, string[]> {
    if (this.#watchChain()) this.suspectAll()
    const changed: string[] = []
    for (const name of this.#dirty) {
      this.#dirty.delete(name)
      if (name.endsWith('.json') && !name.startsWith('.')) changed.push(...this.#readFile(name))
      yield
    }
    return changed
  }

  close(): void {
    this.#watches.close()
  }

  /** True when the folder is another than before, so that everything has to be read. */
  #watchChain(): boolean {
    let isNew = false
    for (const dir of this.#chain) {
      const stat = statSync(dir, { throwIfNoEntry: false })
      if (!stat) {
        const before = this.#watches.idOf(dir)
        this.#watches.drop(dir)
        return before !== undefined
      }
      const id = `${stat.dev}.${stat.ino}`
      isNew = this.#watches.idOf(dir) !== id
      this.#watches.add(dir, id)
    }
    return isNew
  }

  #readFile(name: string): string[] {
    const path = this.#files.pathOf(FOLDER, name)
    try {
      const content = this.#files.read(path)
      this.#problems.delete(name)
      if (content === null) return this.#forget(name)
      const read = parse(content)
      if (!read || fileNameOf(read.ref) !== name)
        throw new Error('it is not the status of the Service that it is named after')
      const key = keyOf('Service', read.ref.namespace, read.ref.name)
      if (isDeepStrictEqual(this.#written.get(key), read.written)) return []
      this.#remember(name, key, read.written)
      return [key]
    } catch (thrown) {
      this.#problems.set(name, unreadable(path, thrown))
      return []
    }
  }

  #remember(name: string, key: string, written: Written): void {
    this.#written.set(key, written)
    this.#names.set(name, key)
    this.#problems.delete(name)
  }

  #forget(name: string): string[] {
    const key = this.#names.get(name)
    this.#names.delete(name)
    this.#problems.delete(name)
    return key !== undefined && this.#written.delete(key) ? [key] : []
  }

  #pathOf(ref: ObjectRef): string {
    return this.#files.pathOf(FOLDER, fileNameOf(ref))
  }
}

function parse(content: unknown): { ref: ObjectRef; written: Written } | null {
  if (!isFields(content) || !isFields(content['metadata']) || !isFields(content['status'])) return null
  const { name, namespace, annotations = {} } = content['metadata']
  if (typeof name !== 'string' || typeof namespace !== 'string' || !isFields(annotations)) return null
  if (!isAnnotations(annotations)) return null
  return { ref: { kind: 'Service', namespace, name }, written: { status: content['status'], annotations } }
}

function isAnnotations(fields: Readonly<Record<string, unknown>>): fields is Record<string, string | null> {
  return Object.values(fields).every((value) => value === null || typeof value === 'string')
}

function unreadable(path: string, thrown: unknown): Problem {
  const why =
    thrown instanceof SyntaxError
      ? 'it is not JSON'
      : thrown instanceof Error && !('code' in thrown)
        ? thrown.message
        : whyOf(thrown)
  const message = `${path} cannot be used: ${why}; remove it, and the controller writes it anew`
  const object = { kind: 'Service', namespace: '', name: '' }
  return { severity: 'error', object, field: '', code: 'unreadableStatus', message, transient: false, file: path }
}
