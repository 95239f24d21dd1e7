// SPDX-License-Identifier: Apache-2.0
import { type KubeObject, keyOfObject, type ObjectEvent } from '../lib/object.ts'
import type { Problem } from '../lib/problem.ts'
import { loadModel } from '../model/load.ts'
import type { Model } from '../model/model.ts'

const CORE_KINDS: ReadonlySet<string> = new Set(['Node', 'Namespace', 'Secret', 'ConfigMap'])

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
    if (!object.apiVersion.startsWith('metallb.io/') && !CORE_KINDS.has(object.kind)) return false
    if (type === 'applied') this.#objects.set(keyOfObject(object), object)
    else this.#objects.delete(keyOfObject(object))
    this.#stale = true
    return true
  }

  /** True when something changed since the last reload. */
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
