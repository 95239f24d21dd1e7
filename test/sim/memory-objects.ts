// SPDX-License-Identifier: Apache-2.0
import { Fault } from '../../src/lib/fault.ts'
import type {
  EventWrite,
  KubeObject,
  ObjectEvent,
  ObjectListener,
  ObjectSink,
  ObjectSource,
  StatusWrite,
} from '../../src/lib/object.ts'
import { keyOf, keyOfObject } from '../../src/lib/object.ts'
import type { Problem } from '../../src/lib/problem.ts'

/** Objects in memory as source and sink: what a status write changes comes back as an event, as from an API server. */
export class MemoryObjects implements ObjectSource, ObjectSink {
  readonly objects = new Map<string, KubeObject>()
  readonly statusWrites: StatusWrite[] = []
  readonly eventWrites: EventWrite[] = []
  /** How many of the next writes fail. */
  faults = 0
  /** While set, writes wait for it. */
  gate: Promise<void> = Promise.resolve()
  #listener: ObjectListener | null = null

  start(listener: ObjectListener): Promise<void> {
    this.#listener = listener
    listener.onEvents([...this.objects.values()].map((object) => ({ type: 'applied', object })))
    return Promise.resolve()
  }

  stop(): Promise<void> {
    this.#listener = null
    return Promise.resolve()
  }

  locate(problem: Problem): Problem {
    return problem
  }

  /** As `kubectl apply`: spec, labels and annotations of the new object; status and our annotations stay. */
  apply(...objects: readonly KubeObject[]): void {
    const events: ObjectEvent[] = []
    for (const object of objects) {
      const before = this.objects.get(keyOfObject(object))
      const merged = before ? overlay(object, before) : object
      this.objects.set(keyOfObject(object), merged)
      events.push({ type: 'applied', object: merged })
    }
    this.#listener?.onEvents(events)
  }

  delete(kind: string, namespace: string, name: string): void {
    const object = this.objects.get(keyOf(kind, namespace, name))
    if (!object) return
    this.objects.delete(keyOfObject(object))
    this.#listener?.onEvents([{ type: 'deleted', object }])
  }

  async writeStatus(write: StatusWrite): Promise<void> {
    await this.gate
    this.#fail()
    this.statusWrites.push(write)
    const { kind, namespace, name } = write.object
    const before = this.objects.get(keyOf(kind, namespace, name))
    if (!before) return
    const annotations: Record<string, string> = { ...before.metadata.annotations }
    for (const [key, value] of Object.entries(write.annotations)) {
      if (value === null) delete annotations[key]
      else annotations[key] = value
    }
    const object = { ...before, metadata: { ...before.metadata, annotations }, status: write.status }
    this.objects.set(keyOfObject(object), object)
    this.#listener?.onEvents([{ type: 'applied', object }])
  }

  async writeEvent(event: EventWrite): Promise<void> {
    await this.gate
    this.#fail()
    this.eventWrites.push(event)
  }

  #fail(): void {
    if (this.faults === 0) return
    this.faults--
    throw new Fault({ code: 'unavailable' }, 'the API is not there')
  }
}

function overlay(object: KubeObject, before: KubeObject): KubeObject {
  const ours = Object.entries(before.metadata.annotations).filter(([key]) => key.endsWith('/ip-allocated-from-pool'))
  const annotations = { ...object.metadata.annotations, ...Object.fromEntries(ours) }
  return { ...object, metadata: { ...object.metadata, annotations }, status: object['status'] ?? before['status'] }
}
