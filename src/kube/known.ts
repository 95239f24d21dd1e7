// SPDX-License-Identifier: Apache-2.0
import { type KubeObject, keyOfObject, type ObjectEvent } from '../lib/object.ts'
import type { Trimmer } from './trim.ts'
import { compareVersions, type Versions } from './versions.ts'

/**
 * Which objects of one resource were told, and in which version: what turns a list into the difference to what the
 * listener has, and a watch that repeats itself into news. The objects themselves are kept by whoever is told.
 */
export class Known {
  /** By the key of the object. */
  readonly #told = new Map<string, string>()
  readonly #versions: Versions
  readonly #trimmer: Trimmer

  constructor(versions: Versions, trimmer: Trimmer) {
    this.#versions = versions
    this.#trimmer = trimmer
  }

  /**
   * These are all there are. Gives what went without being told, what is new and what changed; null between them,
   * where the caller may do something else: there may be very many.
   */
  *replace(objects: readonly KubeObject[]): Generator<ObjectEvent | null> {
    const present = new Set<string>()
    for (const object of objects) {
      present.add(keyOfObject(object))
      yield null
    }
    for (const key of this.#told.keys()) yield present.has(key) ? null : this.#lose(key)
    for (const object of objects) yield this.apply(object)
  }

  /** The server's history was put back (etcd restored from a backup): its versions begin anew below those we know. */
  rewind(): void {
    for (const key of this.#told.keys()) {
      this.#told.set(key, '')
      this.#versions.forget(key)
    }
  }

  /** A new version of an object; null: it is known already, or older than what is known. */
  apply(object: KubeObject): ObjectEvent | null {
    const key = keyOfObject(object)
    const version = object.metadata.resourceVersion ?? ''
    const told = this.#told.get(key)
    if (told !== undefined && compareVersions(version, told) <= 0) return null
    if (!this.#versions.saw(key, version)) return null
    this.#told.set(key, version)
    return { type: 'applied', object }
  }

  /** It is gone, or is none of ours any more; null: it was never told. */
  delete(object: KubeObject): ObjectEvent | null {
    const key = keyOfObject(object)
    if (!this.#told.has(key)) return null
    this.#forget(key)
    return { type: 'deleted', object }
  }

  /** Keys are of the form kind/namespace/name, and no name has a slash in it. */
  #lose(key: string): ObjectEvent {
    const [, namespace = '', name = ''] = key.split('/')
    this.#forget(key)
    return { type: 'deleted', object: this.#trimmer.ghost(namespace, name) }
  }

  #forget(key: string): void {
    this.#told.delete(key)
    this.#versions.forget(key)
  }
}
