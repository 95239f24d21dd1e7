// SPDX-License-Identifier: Apache-2.0
import { isDeepStrictEqual } from 'node:util'
import { type KubeObject, keyOfObject, type ObjectEvent } from '../lib/object.ts'
import type { Problem } from '../lib/problem.ts'
import { isConfiguration } from '../model/inventory.ts'
import { loadModel } from '../model/load.ts'
import type { Model } from '../model/model.ts'
import { parseNode } from '../model/node.ts'

/**
 * The objects that make up the configuration, and the last model that was free of errors: an invalid configuration is
 * reported and held back while the last valid one stays in use.
 */
export class Configuration {
  readonly #objects = new Map<string, KubeObject>()
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
    if (type === 'deleted') this.#objects.delete(key)
    else this.#objects.set(key, object)
    if (type === 'deleted' || !before || !saysTheSame(before, object)) this.#stale = true
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

  /** Reads all objects again; true when there is a new valid model. */
  reload(): boolean {
    const { model, problems } = loadModel(this.#objects.values(), { namespace: this.#namespace })
    this.#stale = false
    this.#problems = problems
    if (model) this.#model = model
    return model !== null
  }
}

/**
 * Whether the model reads the same from both. Every counter that the controller writes into a pool and every heartbeat
 * of a kubelet comes back as an event; none of them may make us look at all Services again.
 */
function saysTheSame(before: KubeObject, after: KubeObject): boolean {
  return isDeepStrictEqual(essenceOf(before), essenceOf(after))
}

function essenceOf(object: KubeObject): unknown {
  if (object.kind === 'Node') return parseNode(object)
  const { metadata, status: _, ...sections } = object
  return { labels: metadata.labels, ...sections }
}
