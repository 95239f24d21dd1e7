// SPDX-License-Identifier: Apache-2.0
/** Finds the lines of problems about objects, by reading their files again: positions of everything would cost memory. */
import { keyOf } from '../lib/object.ts'
import type { Problem } from '../lib/problem.ts'
import type { Catalog, Claim } from './catalog.ts'
import { duplicateProblem } from './duplicate.ts'
import { readFile } from './file.ts'
import { OpenText } from './open-text.ts'
import { decodeText, type Position } from './text.ts'

export class Places {
  readonly #catalog: Catalog
  readonly #placesId: (file: string) => string | undefined
  /** Files read in this turn of the loop: problems come in lists, and mostly about the same files. */
  readonly #open = new Map<string, OpenText | null>()
  readonly #duplicates = new Map<string, Problem>()

  /** `placesId`: which content of a file the places in the catalog are about. */
  constructor(catalog: Catalog, placesId: (file: string) => string | undefined) {
    this.#catalog = catalog
    this.#placesId = placesId
  }

  /** The problem with file, line and column of its field, or of the nearest parent of it that is written there. */
  locate(problem: Problem): Problem {
    if (problem.file !== undefined) return problem
    const { kind, namespace, name } = problem.object
    const claim = this.#catalog.claim(keyOf(kind, namespace, name))
    if (!claim) return problem
    return { ...problem, file: claim.file, ...this.#position(claim, problem.field) }
  }

  /** A problem for each object that stands more than once, which names all places. */
  duplicates(): Problem[] {
    const before = new Map(this.#duplicates)
    this.#duplicates.clear()
    for (const claims of this.#catalog.duplicates()) {
      const signature = claims.map(({ file, entry }) => `${file} ${this.#placesId(file)} ${entry.place.start}`).join()
      const problem = before.get(signature) ?? this.#duplicate(claims)
      if (problem) this.#duplicates.set(signature, problem)
    }
    return [...this.#duplicates.values()]
  }

  #duplicate(claims: readonly Claim[]): Problem | undefined {
    const last = claims.at(-1)
    if (!last) return undefined
    const places = claims.map((claim) => ({ file: claim.file, ...this.#position(claim, '') }))
    return duplicateProblem(last.entry.ref, places)
  }

  #position({ file, entry }: Claim, field: string): Position | undefined {
    return this.#read(file)?.at(entry.place, field)
  }

  /** Null when the file now says something else than what the places are about. */
  #read(file: string): OpenText | null {
    const known = this.#open.get(file)
    if (known !== undefined) return known
    if (this.#open.size === 0) setImmediate(() => this.#open.clear())
    const reading = readFile(file, undefined)
    const current = reading.type === 'read' && reading.id === this.#placesId(file)
    const decoded = current ? decodeText(reading.bytes) : null
    const open = decoded?.ok ? new OpenText(decoded.text) : null
    this.#open.set(file, open)
    return open
  }
}
