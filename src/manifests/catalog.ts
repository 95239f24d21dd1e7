// SPDX-License-Identifier: Apache-2.0
/**
 * Which object counts when files overlap, change or break. Pure: it is told what each file holds now and answers which
 * objects are different from what it said last time.
 *
 * - A file that is not wholly readable keeps the objects it had; at its first reading its readable objects count.
 * - An object that is not valid keeps its last valid version.
 * - Of several objects of one key the last one counts, by path and place.
 */
import { isDeepStrictEqual } from 'node:util'
import type { KubeObject, ObjectEvent } from '../lib/object.ts'
import type { ObjectRef, Problem } from '../lib/problem.ts'
import { comparePaths } from './paths.ts'
import type { Entry, Place, Reading } from './read.ts'

export type Claim = Readonly<{ file: string; entry: Entry }>

/** What else is known about an object: returns the object as the world sees it. */
export type Overlay = (key: string, object: KubeObject) => KubeObject

type Shelf = Readonly<{ entries: readonly Entry[]; problems: readonly Problem[]; broken: boolean }>

export class Catalog {
  readonly #overlay: Overlay
  readonly #shelves = new Map<string, Shelf>()
  readonly #claims = new Map<string, Claim[]>()
  /** The last valid version of each object, without overlay. */
  readonly #valid = new Map<string, KubeObject>()
  readonly #told = new Map<string, KubeObject>()
  readonly #contested = new Set<string>()
  readonly #changed = new Set<string>()

  constructor(overlay: Overlay) {
    this.#overlay = overlay
  }

  /** Takes what a file holds now. */
  put(file: string, { entries, problems, broken }: Reading): void {
    const before = this.#shelves.get(file)
    const kept = broken && before ? before.entries : entries
    this.#shelves.set(file, { entries: kept, problems, broken })
    if (before && kept === before.entries) return
    if (before) this.#unclaim(file, before.entries)
    for (const entry of kept) {
      const claims = this.#claims.get(entry.key) ?? []
      claims.push({ file, entry })
      this.#claims.set(entry.key, claims)
      this.#changed.add(entry.key)
    }
  }

  /** Keeps what a file held, for `problem` makes it unreadable now. */
  keep(file: string, problem: Problem): void {
    const entries = this.#shelves.get(file)?.entries ?? []
    this.#shelves.set(file, { entries, problems: [problem], broken: true })
  }

  /** The file is gone, and what it held. */
  remove(file: string): void {
    const shelf = this.#shelves.get(file)
    if (!shelf) return
    this.#unclaim(file, shelf.entries)
    this.#shelves.delete(file)
  }

  /** The overlay of this object changed. */
  touch(key: string): void {
    this.#changed.add(key)
  }

  /** Takes what changed since the last call; yields wherever it may be interrupted. */
  *drain(): Generator<void, ObjectEvent[]> {
    const events: ObjectEvent[] = []
    for (const key of this.#changed) {
      this.#changed.delete(key)
      const event = this.#settle(key)
      if (event) events.push(event)
      yield
    }
    return events
  }

  /** The object changed by our own hand: whoever listens knows already. */
  acknowledge(key: string): void {
    const object = this.#valid.get(key)
    if (object && this.#told.has(key)) this.#told.set(key, this.#overlay(key, object))
  }

  /** The object as written in its file. */
  get(key: string): KubeObject | undefined {
    return this.#valid.get(key)
  }

  /** Where the version stands that counts. */
  claim(key: string): Claim | undefined {
    return this.#claims.get(key)?.at(-1)
  }

  /** All objects of a kind that some file holds, valid or not. */
  refs(kind: string): ObjectRef[] {
    const winners = [...this.#claims.values()].flatMap((claims) => claims.at(-1)?.entry.ref ?? [])
    return winners.filter((ref) => ref.kind === kind)
  }

  /** Whether some file is not wholly readable, so that objects missing here may not be missing. */
  get hasBroken(): boolean {
    return this.#shelves.values().some(({ broken }) => broken)
  }

  holdsAny(file: string): boolean {
    return (this.#shelves.get(file)?.entries.length ?? 0) > 0
  }

  /** By file; objects that stand twice at last. */
  problems(): Problem[] {
    const flawed = [...this.#shelves].filter(([, { problems }]) => problems.length > 0)
    return flawed.toSorted(([a], [b]) => comparePaths(a, b)).flatMap(([, { problems }]) => problems)
  }

  /** The places of each object that stands more than once, the one that counts last. */
  duplicates(): readonly (readonly Claim[])[] {
    return [...this.#contested].toSorted(comparePaths).map((key) => this.#claims.get(key) ?? [])
  }

  #unclaim(file: string, entries: readonly Entry[]): void {
    for (const { key } of entries) {
      const rest = (this.#claims.get(key) ?? []).filter((claim) => claim.file !== file)
      if (rest.length > 0) this.#claims.set(key, rest)
      else this.#claims.delete(key)
      this.#changed.add(key)
    }
  }

  #settle(key: string): ObjectEvent | null {
    const claims = this.#claims.get(key)
    if (!claims) return this.#drop(key)
    if (claims.length > 1) {
      claims.sort((a, b) => comparePaths(a.file, b.file) || comparePlaces(a.entry.place, b.entry.place))
      this.#contested.add(key)
    } else this.#contested.delete(key)
    const object = claims.at(-1)?.entry.object ?? this.#valid.get(key)
    if (!object) return null
    this.#valid.set(key, object)
    const merged = this.#overlay(key, object)
    if (isDeepStrictEqual(this.#told.get(key), merged)) return null
    this.#told.set(key, merged)
    return { type: 'applied', object: merged }
  }

  #drop(key: string): ObjectEvent | null {
    const object = this.#told.get(key)
    this.#told.delete(key)
    this.#valid.delete(key)
    this.#contested.delete(key)
    return object ? { type: 'deleted', object } : null
  }
}

function comparePlaces(a: Place, b: Place): number {
  if (a.start !== b.start) return a.start - b.start
  if (a.document !== b.document) return a.document - b.document
  for (const [index, step] of a.path.entries()) {
    const other = b.path[index]
    if (typeof step === 'number' && typeof other === 'number' && step !== other) return step - other
  }
  return 0
}
