// SPDX-License-Identifier: Apache-2.0
/** Whether an object may come beside those that are there, by the same reading that controller and speakers go by. */
import { type KubeObject, keyOfObject } from '../../../lib/object.ts'
import type { Problem } from '../../../lib/problem.ts'
import { validateStructure } from '../../../manifests/schema.ts'
import { draftModel } from '../../../model/load.ts'

export type Judgement = Readonly<{
  /** Why it may not; none: it may. */
  refusals: readonly Problem[]
  /** About the object itself. */
  warnings: readonly Problem[]
}>

/**
 * `existing` are objects of the namespace, with the former version of the candidate, if it has one. A candidate answers
 * for what is wrong about itself, and for what is wrong about others because of it: a conflict is blamed on the object
 * that is later by name, whichever of them is new. What was wrong before and has nothing to do with it is not held
 * against it, or an invalid configuration could not be mended one object at a time. References to what may still come
 * are no reason to refuse.
 */
export function judge(candidate: KubeObject, existing: readonly KubeObject[], namespace: string): Judgement {
  const structure = validateStructure(candidate)
  if (!structure.ok) return { refusals: structure.problems.filter(isError), warnings: [] }
  const readable = existing.flatMap(readableOf)
  const key = keyOfObject(candidate)
  const others = readable.filter((object) => keyOfObject(object) !== key)
  const before = new Set(draftModel(readable, { namespace }).problems.map(fingerprint))
  const after = draftModel([...others, structure.object], { namespace }).problems
  const isOwn = ({ object }: Problem) => keyOfRef(object) === key
  return {
    refusals: after.filter(isError).filter((problem) => isOwn(problem) || !before.has(fingerprint(problem))),
    warnings: after.filter((problem) => problem.severity === 'warning' && isOwn(problem)),
  }
}

/** As the API server would store it today: an older one may have taken what it refuses now. */
function readableOf(object: KubeObject): readonly KubeObject[] {
  const structure = validateStructure(object)
  return structure.ok ? [structure.object] : []
}

function isError({ severity, transient }: Problem): boolean {
  return severity === 'error' && !transient
}

function keyOfRef({ kind, namespace, name }: Problem['object']): string {
  return `${kind}/${namespace}/${name}`
}

function fingerprint({ object, field, code, message }: Problem): string {
  return `${keyOfRef(object)} ${field} ${code} ${message}`
}
