// SPDX-License-Identifier: Apache-2.0
import type { KubeObject, ObjectEvent } from '../../lib/object.ts'
import type { Problem } from '../../lib/problem.ts'
import { type Endpoint, parseEndpointSlice } from '../../model/endpoint.ts'
import { handles, parseService, type Service } from '../../model/service.ts'
import { type Serving, ServingTable, sameServing } from './serving.ts'

/** `uid` is the Service's; '' where it comes from a file. */
export type Known = Readonly<{ service: Service; uid: string; endpoints: readonly Endpoint[] }>

type Slice = Readonly<{ name: string; serving: Serving }>

const NOTHING = {}
const NO_SLICES: readonly Slice[] = []

/** Services that are ours with the endpoints of all their EndpointSlices; says which Service an event touches. */
export class Catalog {
  readonly #classes: readonly string[]
  readonly #fillDefaults: boolean
  readonly #services = new Map<string, Readonly<{ service: Service; uid: string }>>()
  readonly #problems = new Map<string, readonly Problem[]>()
  readonly #table = new ServingTable()
  /** Service key → its slices; there is seldom more than one. */
  readonly #slices = new Map<string, readonly Slice[]>()
  /** `namespace/name` of a slice → key of its Service. */
  readonly #serviceOf = new Map<string, string>()

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
    const found = this.#services.get(key)
    if (!found) return undefined
    const slices = this.#slices.get(key) ?? NO_SLICES
    const [first, second] = slices
    const endpoints = first && !second ? first.serving : slices.flatMap(({ serving }) => serving)
    return { ...found, endpoints }
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
    if (parsed?.ok && handles(this.#classes, parsed.service)) {
      this.#services.set(key, { service: trimmed(parsed.service), uid: object.metadata.uid ?? '' })
    } else if (parsed?.ok === false) this.#problems.set(key, parsed.problems)
    else this.#services.delete(key)
    return key
  }

  /** Slices of Services that are not ours are known too, since any Service may become ours. */
  #takeSlice(object: KubeObject, present: boolean): readonly string[] {
    const name = `${object.metadata.namespace}/${object.metadata.name}`
    const parsed = present ? parseEndpointSlice(object) : null
    const serving = this.#table.reduce(parsed?.endpoints ?? [])
    const before = this.#serviceOf.get(name)
    if (before !== undefined && before === parsed?.service) {
      const known = this.#slices.get(before)?.find((slice) => slice.name === name)
      if (known && sameServing(known.serving, serving)) return []
    }
    if (before !== undefined) this.#drop(before, name)
    if (parsed) {
      this.#serviceOf.set(name, parsed.service)
      this.#slices.set(parsed.service, [...(this.#slices.get(parsed.service) ?? NO_SLICES), { name, serving }])
    }
    const touched = new Set([before, parsed?.service].filter((key) => key !== undefined))
    return [...touched].filter((key) => this.#services.has(key))
  }

  #drop(service: string, name: string): void {
    this.#serviceOf.delete(name)
    const left = (this.#slices.get(service) ?? NO_SLICES).filter((slice) => slice.name !== name)
    if (left.length === 0) this.#slices.delete(service)
    else this.#slices.set(service, left)
  }
}

/** Without what only the controller reads: every node of a cluster keeps every Service of it. */
function trimmed(service: Service): Service {
  const annotations = Object.entries(service.annotations).filter(([name]) => SPEAKERS_ANNOTATIONS.test(name))
  return {
    ...service,
    annotations: annotations.length === 0 ? NOTHING : Object.fromEntries(annotations),
    podSelector: NOTHING,
    ports: [],
    ipFamilies: [],
  }
}

const SPEAKERS_ANNOTATIONS = /\/(?:allow-shared-ip|healthCheckNodePort)$/
