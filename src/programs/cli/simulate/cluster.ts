// SPDX-License-Identifier: Apache-2.0
/** The objects there are after each step, and what is wrong with the documents they came from. Values, never changed. */
import { type KubeObject, keyOf } from '../../../lib/object.ts'
import type { ObjectRef, Problem } from '../../../lib/problem.ts'
import { METALLB_KINDS } from '../../../manifests/schema.ts'
import { parseService, type Service } from '../../../model/service.ts'
import type { PathObjects } from '../paths.ts'

/** `service` is null for every other kind. */
export type Stored = Readonly<{ object: KubeObject; service: Service | null; from: PathObjects }>

export type Cluster = Readonly<{
  objects: ReadonlyMap<string, Stored>
  /** Services whose manifest could not be understood, and that were not there before. */
  unreadable: ReadonlyMap<string, KubeObject>
  /** Of documents: by the object they are about, '' where that is not known. */
  documentProblems: ReadonlyMap<string, readonly Problem[]>
  ignored: ReadonlyMap<string, number>
}>

export const EMPTY: Cluster = {
  objects: new Map(),
  unreadable: new Map(),
  documentProblems: new Map(),
  ignored: new Map(),
}

/** Applies a step's objects over those there are; a document that cannot be used is left out. */
export function applied(before: Cluster, from: PathObjects): Cluster {
  const objects = new Map(before.objects)
  const unreadable = new Map(before.unreadable)
  const problems = new Map(before.documentProblems)
  for (const { key } of from.entries) problems.delete(key)
  for (const [key, found] of Map.groupBy(from.problems, ({ object }) => aboutOf(object)))
    problems.set(key, [...(problems.get(key) ?? []), ...found])
  for (const { key, object } of from.entries) {
    if (!object) continue
    const parsed = object.kind === 'Service' ? parseService(object, { fillDefaults: true }) : null
    if (parsed?.ok === false) {
      problems.set(key, [...(problems.get(key) ?? []), ...parsed.problems.map((problem) => from.locate(problem))])
      if (!objects.has(key)) unreadable.set(key, object)
      continue
    }
    objects.set(key, { object, service: parsed?.service ?? null, from })
    unreadable.delete(key)
  }
  return { objects, unreadable, documentProblems: problems, ignored: sum(before.ignored, from.ignored) }
}

function aboutOf({ kind, namespace, name }: ObjectRef): string {
  return kind === '' ? '' : keyOf(kind, namespace, name)
}

/** Without the objects of these keys, and without what was wrong with them. */
export function without(before: Cluster, keys: readonly string[]): Cluster {
  const gone = new Set(keys)
  const keep = <T>(map: ReadonlyMap<string, T>): Map<string, T> => new Map([...map].filter(([key]) => !gone.has(key)))
  return {
    ...before,
    objects: keep(before.objects),
    unreadable: keep(before.unreadable),
    documentProblems: keep(before.documentProblems),
  }
}

/** Whether some document of the configuration is unusable: then none of it is used. */
export function isFlawed({ documentProblems }: Cluster): boolean {
  return [...documentProblems.values()].flat().some(({ severity, code, object }) => {
    return severity === 'error' && (METALLB_KINDS.has(object.kind) || code === 'unknownKind')
  })
}

const DEFAULT_NODE: KubeObject = {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'node-1', namespace: '', labels: {}, annotations: {} },
}

/** All objects; a cluster without any Node is taken to have one, ready and without labels. */
export function objectsOf({ objects }: Cluster): readonly KubeObject[] {
  const all = Array.from(objects.values(), ({ object }) => object)
  return all.some(({ kind }) => kind === 'Node') ? all : [...all, DEFAULT_NODE]
}

/** Fills in where a problem about one of the objects stands. */
export function locate({ objects }: Cluster, problem: Problem): Problem {
  const { kind, namespace, name } = problem.object
  return objects.get(keyOf(kind, namespace, name))?.from.locate(problem) ?? problem
}

/** Name of every Node. */
export function nodesOf(cluster: Cluster): readonly string[] {
  return objectsOf(cluster).flatMap(({ kind, metadata }) => (kind === 'Node' ? metadata.name : []))
}

function sum(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const total = new Map(a)
  for (const [kind, count] of b) total.set(kind, (total.get(kind) ?? 0) + count)
  return total
}
