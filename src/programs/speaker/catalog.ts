// SPDX-License-Identifier: Apache-2.0
import type { KubeObject, ObjectEvent } from '../../lib/object.ts'
import { keyOfObject } from '../../lib/object.ts'
import type { Problem } from '../../lib/problem.ts'
import { type Endpoint, parseEndpointSlice } from '../../model/endpoint.ts'
import { handles, parseService, type Service } from '../../model/service.ts'

export type Known = Readonly<{ service: Service; endpoints: readonly Endpoint[] }>

/** Services that are ours with the endpoints of all their EndpointSlices; says which Service an event touches. */
export class Catalog {
  readonly #classes: readonly string[]
  readonly #fillDefaults: boolean
  readonly #services = new Map<string, Service>()
  readonly #problems = new Map<string, readonly Problem[]>()
  readonly #slices = new Map<string, { service: string; endpoints: readonly Endpoint[] }>()
  /** Service key → keys of its slices. */
  readonly #slicesOf = new Map<string, Set<string>>()

  constructor(options: { classes: readonly string[]; fillDefaults: boolean }) {
    this.#classes = options.classes
    this.#fillDefaults = options.fillDefaults
  }

  /** Keys (`namespace/name`) of the Services that have to be planned again after this event. */
  apply({ type, object }: ObjectEvent): readonly string[] {
    const present = type === 'applied'
    if (object.kind === 'Service') return [this.#takeService(object, present)]
    if (object.kind === 'EndpointSlice') return this.#takeSlice(object, present)
    return []
  }

  get(key: string): Known | undefined {
    const service = this.#services.get(key)
    if (!service) return undefined
    const slices = [...(this.#slicesOf.get(key) ?? [])]
    return { service, endpoints: slices.flatMap((slice) => this.#slices.get(slice)?.endpoints ?? []) }
  }

  keys(): Iterable<string> {
    return this.#services.keys()
  }

  /** Services that cannot be read; they keep announcing what was last understood. */
  problems(): readonly Problem[] {
    return [...this.#problems.values()].flat()
  }

  #takeService(object: KubeObject, present: boolean): string {
    const key = `${object.metadata.namespace}/${object.metadata.name}`
    this.#problems.delete(key)
    const parsed = present ? parseService(object, { fillDefaults: this.#fillDefaults }) : null
    if (parsed?.ok && handles(this.#classes, parsed.service)) this.#services.set(key, parsed.service)
    else if (parsed?.ok === false) this.#problems.set(key, parsed.problems)
    else this.#services.delete(key)
    return key
  }

  #takeSlice(object: KubeObject, present: boolean): readonly string[] {
    const slice = keyOfObject(object)
    const before = this.#slices.get(slice)
    if (before) this.#slicesOf.get(before.service)?.delete(slice)
    this.#slices.delete(slice)
    const after = present ? parseEndpointSlice(object) : null
    if (after) {
      this.#slices.set(slice, after)
      const slices = this.#slicesOf.get(after.service)
      if (slices) slices.add(slice)
      else this.#slicesOf.set(after.service, new Set([slice]))
    }
    const touched = new Set([before, after].flatMap((known) => known?.service ?? []))
    return [...touched]
  }
}
