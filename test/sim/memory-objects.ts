// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { isDeepStrictEqual } from 'node:util'
import { Fault } from '../../src/lib/fault.ts'
import {
  type EventWrite,
  type KubeObject,
  keyOf,
  keyOfObject,
  type ObjectEvent,
  type ObjectListener,
  type ObjectSink,
  type ObjectSource,
  type StatusWrite,
  type WriteOutcome,
} from '../../src/lib/object.ts'
import { validateStructure } from '../../src/manifests/schema.ts'

/** An API server in memory. test/contract/ holds it to the suite that the real sources pass. */
export class MemoryObjects {
  readonly objects = new Map<string, KubeObject>()
  readonly statusWrites: StatusWrite[] = []
  readonly eventWrites: EventWrite[] = []
  /** Refused, as the object had changed. */
  readonly outdatedWrites: StatusWrite[] = []
  /** How many of the next writes fail. */
  faults = 0
  /** While it is not resolved, writes wait for it. */
  gate: Promise<void> = Promise.resolve()
  readonly #listeners = new Set<ObjectListener>()
  /** Null: objects have no resourceVersion, as in files. */
  #version: number | null

  constructor({ versioned = false } = {}) {
    this.#version = versioned ? 1 : null
  }

  /** A client of this API: a source of its objects and a sink for what is written about them. */
  open(): ObjectSource & ObjectSink {
    let listening: ObjectListener | null = null
    return {
      start: async (listener) => {
        listening = listener
        this.#listeners.add(listener)
        listener.onEvents([...this.objects.values()].map((object) => ({ type: 'applied', object })))
      },
      stop: async () => {
        if (listening) this.#listeners.delete(listening)
      },
      refresh: async () => {},
      locate: (problem) => problem,
      writeStatus: (write) => this.#writeStatus(write),
      writeEvent: (event) => this.#writeEvent(event),
    }
  }

  /** As `kubectl apply`: what the user says is replaced; status and our annotation stay. Refuses what the schema does. */
  apply(...objects: readonly KubeObject[]): void {
    const events = objects.flatMap((object): ObjectEvent[] => {
      const checked = validateStructure(object)
      assert(checked.ok, checked.ok ? '' : checked.problems[0]?.message)
      const before = this.objects.get(keyOfObject(checked.object))
      const merged = before ? overlay(checked.object, before) : checked.object
      if (isDeepStrictEqual(merged, before)) return []
      return [{ type: 'applied', object: this.#store(merged) }]
    })
    this.#tell(events)
  }

  /** As it was stored before there was a schema: nobody looks at it. */
  put(object: KubeObject): void {
    this.#tell([{ type: 'applied', object: this.#store(object) }])
  }

  delete(kind: string, namespace: string, name: string): void {
    const object = this.objects.get(keyOf(kind, namespace, name))
    if (!object) return
    this.objects.delete(keyOfObject(object))
    this.#tell([{ type: 'deleted', object }])
  }

  async #writeStatus(write: StatusWrite): Promise<WriteOutcome> {
    await this.#admitWrite()
    const { kind, namespace, name } = write.object
    const before =
      this.objects.get(keyOf(kind, namespace, name)) ?? (this.#version === null ? undefined : madeByWriting(write))
    if (write.resourceVersion !== undefined && before && before.metadata.resourceVersion !== write.resourceVersion) {
      this.outdatedWrites.push(write)
      return { type: 'outdated' }
    }
    this.statusWrites.push(write)
    if (!before) return { type: 'gone' }
    const annotations: Record<string, string> = { ...before.metadata.annotations }
    for (const [key, value] of Object.entries(write.annotations)) {
      if (value === null) delete annotations[key]
      else annotations[key] = value
    }
    const object = this.#store({ ...before, metadata: { ...before.metadata, annotations }, status: write.status })
    this.#tell([{ type: 'applied', object }])
    const { resourceVersion } = object.metadata
    return { type: 'written', ...(resourceVersion === undefined ? {} : { resourceVersion }) }
  }

  #store(object: KubeObject): KubeObject {
    const metadata =
      this.#version === null ? object.metadata : { ...object.metadata, resourceVersion: String(this.#version++) }
    const stored = { ...object, metadata }
    this.objects.set(keyOfObject(stored), stored)
    return stored
  }

  async #writeEvent(event: EventWrite): Promise<void> {
    await this.#admitWrite()
    this.eventWrites.push(event)
  }

  async #admitWrite(): Promise<void> {
    await this.gate
    if (this.faults === 0) return
    this.faults--
    throw new Fault({ code: 'unavailable' }, 'the API is not there')
  }

  #tell(events: readonly ObjectEvent[]): void {
    if (events.length > 0) for (const listener of this.#listeners) listener.onEvents(events)
  }
}

/** What a sink makes where it is missing. */
function madeByWriting({ object: { kind, namespace, name } }: StatusWrite): KubeObject | undefined {
  if (kind !== 'ConfigurationState') return undefined
  return { apiVersion: 'metallb.io/v1beta1', kind, metadata: { name, namespace, labels: {}, annotations: {} } }
}

function overlay(object: KubeObject, before: KubeObject): KubeObject {
  const ours = Object.entries(before.metadata.annotations).filter(([key]) => key.endsWith('/ip-allocated-from-pool'))
  const annotations = { ...object.metadata.annotations, ...Object.fromEntries(ours) }
  const status = object['status'] ?? before['status']
  const { resourceVersion } = before.metadata
  const metadata = { ...object.metadata, annotations, ...(resourceVersion === undefined ? {} : { resourceVersion }) }
  return { ...object, metadata, ...(status === undefined ? {} : { status }) }
}
