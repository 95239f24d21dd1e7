// SPDX-License-Identifier: Apache-2.0
/** The files of a directory as they are read into the catalog; only what changed is read again. */
import type { Problem } from '../lib/problem.ts'
import type { Catalog } from './catalog.ts'
import { type FileReading, readFile } from './file.ts'
import { reads } from './kinds.ts'
import { type Reading, readManifest, unreadableText } from './read.ts'
import { decodeText } from './text.ts'
import type { Tree } from './tree.ts'

/** `id` of the content read last, and of the content that the places in the catalog are about. */
type Known = Readonly<{ id: string; placesId: string; known: Reading['known'] }>

export type ManifestFilesOptions = Readonly<{ tree: Tree; catalog: Catalog; namespace: string }>

export class ManifestFiles {
  readonly #options: ManifestFilesOptions
  readonly #known = new Map<string, Known>()

  constructor(options: ManifestFilesOptions) {
    this.#options = options
  }

  /** Reads what changed since the last call. */
  *refresh(): Generator<void> {
    for (const file of yield* this.#options.tree.takeChanged()) {
      yield* this.#take(file, readFile(file, this.#known.get(file)?.id))
      yield
    }
  }

  /** Which content of the file the places in the catalog are about. */
  placesId(file: string): string | undefined {
    return this.#known.get(file)?.placesId
  }

  *#take(file: string, reading: FileReading): Generator<void> {
    const { catalog, namespace } = this.#options
    switch (reading.type) {
      case 'unchanged':
        return
      case 'gone':
        this.#known.delete(file)
        return catalog.remove(file)
      case 'refused':
        this.#remember(file, reading.id, undefined)
        return catalog.keep(file, aboutFile('error', reading.code, { file, message: reading.message }))
      case 'read':
        if (reading.bytes.length === 0) return this.#takeEmpty(file, reading.id)
        const known = this.#known.get(file)?.known
        const options = { file, namespace, reads, ...(known ? { known } : {}) }
        const decoded = decodeText(reading.bytes)
        const found = decoded.ok
          ? yield* readManifest(decoded.text, options)
          : unreadableText(decoded.text, decoded.flaw, file)
        this.#remember(file, reading.id, found)
        return catalog.put(file, found)
    }
  }

  /** A shell that runs `generate > file` leaves it empty until the first output: that is not the wish to delete all. */
  #takeEmpty(file: string, id: string): void {
    const { catalog } = this.#options
    this.#remember(file, id, undefined)
    if (!catalog.holdsAny(file))
      return catalog.put(file, { entries: [], problems: [], broken: true, known: new Map(), foreign: [] })
    const message = `${file} is empty; what it held stays as it was until the file has content again or is deleted`
    catalog.keep(file, aboutFile('warning', 'emptyFile', { file, message }))
  }

  #remember(file: string, id: string, found: Reading | undefined): void {
    const before = this.#known.get(file)
    const keepsEntries = before !== undefined && (found?.broken ?? true)
    this.#known.set(file, { id, placesId: keepsEntries ? before.placesId : id, known: found?.known ?? new Map() })
  }
}

type AboutFile = Readonly<{ file: string; message: string }>

function aboutFile(severity: Problem['severity'], code: string, { file, message }: AboutFile): Problem {
  return { severity, object: { kind: '', namespace: '', name: '' }, field: '', code, message, transient: false, file }
}
