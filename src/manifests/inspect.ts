// SPDX-License-Identifier: Apache-2.0
/** A value read from a file → the objects in it: lists opened, shape and structure checked, defaults filled in. */
import { type KubeObject, keyOf, refOf } from '../lib/object.ts'
import type { ObjectRef, Problem } from '../lib/problem.ts'
import { MAX_DEPTH } from './depth.ts'
import { isMetallb } from './kinds.ts'
import { validateStructure } from './schema.ts'
import { toObject } from './shape.ts'
import { isFields, type Path } from './structural.ts'

/** An object at `path` of its document; null where it is known by name but not usable. */
export type Find = Readonly<{ key: string; ref: ObjectRef; object: KubeObject | null; path: Path }>

/** A problem about the value at `path` that does not know its line yet. */
export type Complaint = Readonly<{ problem: Problem; path: Path }>

/**
 * `broken`: at least one value could not even be told by name, so that what is missing is unknown.
 * `foreign`: `apps/v1 Deployment` for each object of a kind that nobody asked for, which was not looked at.
 */
export type Inspection = Readonly<{
  finds: readonly Find[]
  complaints: readonly Complaint[]
  broken: boolean
  foreign: readonly string[]
}>

/**
 * `namespace`: the one where metallb.io objects count, and where they are when they name none.
 * `reads`: which kinds are wanted; without it all are.
 */
export type InspectOptions = Readonly<{ namespace: string; reads?: (apiVersion: string, kind: string) => boolean }>

/** Every object in a value, and what is wrong with it. Never throws. */
export function inspect(value: unknown, { namespace, reads }: InspectOptions): Inspection {
  const finds: Find[] = []
  const complaints: Complaint[] = []
  const foreign: string[] = []
  let broken = false
  for (const { item, path } of flatten(value, [])) {
    const stray = reads ? foreignTo(item, reads) : undefined
    if (stray !== undefined) {
      foreign.push(stray)
      continue
    }
    const shaped = toObject(item, namespace)
    if (!shaped.ok) {
      broken = true
      complaints.push({ problem: { severity: 'error', transient: false, ...shaped.flaw }, path })
      continue
    }
    const stranger = wrongNamespace(shaped.object, namespace)
    if (stranger) {
      complaints.push({ problem: stranger, path })
      continue
    }
    const ref = refOf(shaped.object)
    const checked = validateStructure(shaped.object, ref)
    complaints.push(...checked.problems.map((problem) => ({ problem, path })))
    const key = keyOf(ref.kind, ref.namespace, ref.name)
    finds.push({ key, ref, object: checked.ok ? checked.object : null, path })
  }
  return { finds, complaints, broken, foreign }
}

function foreignTo(item: unknown, reads: NonNullable<InspectOptions['reads']>): string | undefined {
  if (!isFields(item)) return undefined
  const { apiVersion, kind } = item
  if (typeof apiVersion !== 'string' || typeof kind !== 'string' || apiVersion === '' || kind === '') return undefined
  return reads(apiVersion, kind) ? undefined : `${apiVersion} ${kind}`
}

/** `kind: List`, and what the API answers to a list request (ServiceList, …), whose items may lack apiVersion and kind. */
function* flatten(value: unknown, path: Path): Generator<{ item: unknown; path: Path }> {
  const isList = isFields(value) && typeof value['kind'] === 'string' && value['kind'].endsWith('List')
  if (!isList || !Array.isArray(value['items']) || path.length > MAX_DEPTH) {
    yield { item: value, path }
    return
  }
  const { apiVersion } = value
  const kind = String(value['kind']).slice(0, -'List'.length)
  const defaults = kind === '' ? {} : { apiVersion, kind }
  for (const [index, item] of value['items'].entries())
    yield* flatten(isFields(item) ? { ...defaults, ...item } : item, [...path, 'items', index])
}

function wrongNamespace(object: KubeObject, namespace: string): Problem | undefined {
  if (!isMetallb(object.apiVersion) || object.metadata.namespace === namespace) return undefined
  return {
    severity: 'error',
    object: refOf(object),
    field: 'metadata.namespace',
    code: 'wrongNamespace',
    message: `${object.kind} ${object.metadata.name} is in namespace ${object.metadata.namespace} but only counts in ${namespace}; move it there`,
    transient: false,
  }
}
