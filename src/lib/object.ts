// SPDX-License-Identifier: Apache-2.0
/** Kubernetes objects as they come from a source, before anything is believed about their fields. */
import type { ObjectRef, Problem } from './problem.ts'

export type ObjectMeta = Readonly<{
  name: string
  namespace: string
  labels: Readonly<Record<string, string>>
  annotations: Readonly<Record<string, string>>
  /** RFC 3339; absent in hand-written manifests. */
  creationTimestamp?: string
  /** RFC 3339; somebody asked for its end, and finalizers hold it until theirs is done. */
  deletionTimestamp?: string
  uid?: string
  resourceVersion?: string
}>

/** `spec`, `status` and the other sections (`data`, `endpoints`, …) are unchecked: the model reads them with suspicion. */
export type KubeObject = Readonly<{
  apiVersion: string
  kind: string
  metadata: ObjectMeta
  [section: string]: unknown
}>

/** Same kind, namespace and name is the same object; versions of one kind are not told apart. */
export function keyOf(kind: string, namespace: string, name: string): string {
  return `${kind}/${namespace}/${name}`
}

/** The same key from the object itself. */
export function keyOfObject({ kind, metadata }: KubeObject): string {
  return keyOf(kind, metadata.namespace, metadata.name)
}

/** How a problem or a write names this object. */
export function refOf({ kind, metadata }: KubeObject): ObjectRef {
  return { kind, namespace: metadata.namespace, name: metadata.name }
}

export type ObjectEvent =
  | Readonly<{ type: 'applied'; object: KubeObject }>
  | Readonly<{ type: 'deleted'; object: KubeObject }>

/**
 * Where objects come from: a directory (`manifests/`) or an API server (`kube/`).
 * `onEvents` gets the initial objects as one batch, then each batch of changes; `onProblems` the whole
 * current list of what the source could not read, whenever that list changes.
 */
export type ObjectListener = Readonly<{
  onEvents(events: readonly ObjectEvent[]): void
  onProblems(problems: readonly Problem[]): void
}>

export interface ObjectSource {
  /** Resolves once the initial objects were delivered. */
  start(listener: ObjectListener): Promise<void>
  /** Looks at everything anew, for an owner who may have missed news; resolves when what differs was delivered. */
  refresh(): Promise<void>
  /** Fills in file, line and column of a problem where this source knows them. */
  locate(problem: Problem): Problem
  stop(): Promise<void>
}

/** What we write about an object: only status and the annotations that are ours. `null` removes an annotation. */
export type StatusWrite = Readonly<{
  object: ObjectRef
  status: Readonly<Record<string, unknown>>
  annotations: Readonly<Record<string, string | null>>
  /** Of the object that this was decided on; given, the write happens only while the object is still that one. */
  resourceVersion?: string
}>

/** `gone`: there is no such object. `outdated`: it changed since; the newer one is to be decided on. Neither wrote. */
export type WriteOutcome =
  | Readonly<{ type: 'written'; resourceVersion?: string }>
  | Readonly<{ type: 'gone' }>
  | Readonly<{ type: 'outdated' }>

export type EventWrite = Readonly<{
  object: ObjectRef
  type: 'Normal' | 'Warning'
  reason: string
  message: string
  /** Of the object, without which `kubectl describe` does not show the event. */
  uid?: string
}>

/** Where results go. Both calls throw a Fault when the write did not happen; the owner of the loop retries. */
export interface ObjectSink {
  writeStatus(write: StatusWrite): Promise<WriteOutcome>
  writeEvent(event: EventWrite): Promise<void>
}
