// SPDX-License-Identifier: Apache-2.0
import { isDeepStrictEqual } from 'node:util'
import { type KubeObject, keyOf, keyOfObject, type ObjectEvent } from '../lib/object.ts'
import type { ObjectRef, Problem } from '../lib/problem.ts'
import { type Structure, validateStructure } from '../manifests/schema.ts'
import { isConfiguration } from '../model/inventory.ts'
import { loadModel } from '../model/load.ts'
import type { Model } from '../model/model.ts'
import { parseNode } from '../model/node.ts'

/**
 * The objects that make up the configuration, and the last model that was free of errors: an invalid configuration is
 * reported and held back while the last valid one stays in use.
 *
 * What stands in an API server was checked by the CRDs of the day it was written, MetalLB's perhaps, and by none while
 * there was none. So the structure is checked here, whatever the source; the model relies on it.
 */
export class Configuration {
  readonly #objects = new Map<string, Structure>()
  readonly #namespace: string
  #stale = true
  #model: Model | null = null
  #problems: readonly Problem[] = []

  /** `namespace` is where metallb.io objects count, usually metallb-system. */
  constructor(namespace: string) {
    this.#namespace = namespace
  }

  /** Takes the event if it is about configuration; false: it is about something else. */
  apply({ type, object }: ObjectEvent): boolean {
    if (!isConfiguration(object, this.#namespace)) return false
    const key = keyOfObject(object)
    const before = this.#objects.get(key)
    const after = type === 'deleted' ? undefined : this.#check(object)
    if (after) this.#objects.set(key, after)
    else this.#objects.delete(key)
    if (!before || !after || !saysTheSame(before, after)) this.#stale = true
    return true
  }

  /** True when something that the model reads changed since the last reload. */
  get stale(): boolean {
    return this.#stale
  }

  /** Problems of the objects as they are now, whether or not `model` is older. */
  get problems(): readonly Problem[] {
    return this.#problems
  }

  /** The last valid model; null while there never was one. */
  get model(): Model | null {
    return this.#model
  }

  /** Of the object as it is now; undefined where there is none, or a file holds it. */
  uidOf({ kind, namespace, name }: ObjectRef): string | undefined {
    const structure = this.#objects.get(keyOf(kind, namespace, name))
    return structure?.ok ? structure.object.metadata.uid : undefined
  }

  /** Reads all objects again; true when there is a new valid model. */
  reload(): boolean {
    const readable: KubeObject[] = []
    const flaws: Problem[] = []
    for (const structure of this.#objects.values()) {
      flaws.push(...structure.problems)
      if (structure.ok) readable.push(structure.object)
    }
    const { model, problems } = loadModel(readable, { namespace: this.#namespace })
    this.#stale = false
    this.#problems = [...flaws, ...problems]
    if (!model || readable.length < this.#objects.size) return false
    this.#model = model
    return true
  }

  /** Not its status, which is what we write, nor an object in the wrong namespace, of which nothing else counts. */
  #check(object: KubeObject): Structure {
    if (!object.apiVersion.startsWith('metallb.io/')) return { ok: true, object, problems: [] }
    const { status: _, ...said } = object
    if (object.metadata.namespace !== this.#namespace) return { ok: true, object: said, problems: [] }
    return validateStructure(said)
  }
}

/**
 * Whether the model reads the same from both. Every counter that the controller writes into a pool and every heartbeat
 * of a kubelet comes back as an event; none of them may make us look at all Services again.
 */
function saysTheSame(before: Structure, after: Structure): boolean {
  return isDeepStrictEqual(essenceOf(before), essenceOf(after))
}

function essenceOf(structure: Structure): unknown {
  if (!structure.ok) return structure.problems
  if (structure.object.kind === 'Node') return parseNode(structure.object)
  const { metadata, ...sections } = structure.object
  return { labels: metadata.labels, problems: structure.problems, ...sections }
}
