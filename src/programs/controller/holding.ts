// SPDX-License-Identifier: Apache-2.0
/**
 * What a Service holds, as it stands in the API and as it should: addresses, the pool annotation and our conditions,
 * which travel in one write. Pure: the writer carries it out.
 */
import { ALLOCATED_FROM_POOL, type Verdict } from '../../ipam/converge.ts'
import type { KubeObject, StatusWrite } from '../../lib/object.ts'
import { refOf } from '../../lib/object.ts'
import { type Fields, fieldsOf, listAt, textAt } from '../../lib/unchecked.ts'
import type { Service } from '../../model/service.ts'

export const CONDITION = 'metallb.io/AddressAssigned'

/** Whether any node announces it (announced.ts). */
export const ANNOUNCED = 'metallb.io/Announced'

export type Condition = Readonly<{ status: 'True' | 'False'; reason: string; message: string }>

export type Holding = Readonly<{
  ips: readonly string[]
  /** Value of the annotation ip-allocated-from-pool. */
  pool: string | null
  condition: Condition | null
  /** Null for most: a Service that was announced all along says nothing of it. */
  announced: Condition | null
}>

/** Reads what the object says now; parts that are not as the API has them count as absent. */
export function holdingOf(object: KubeObject): Holding {
  const ingress = listAt(object['status'], 'loadBalancer', 'ingress')
  return {
    ips: ingress.map((entry) => textAt(entry, 'ip')).filter((ip) => ip !== ''),
    pool: object.metadata.annotations[ALLOCATED_FROM_POOL] ?? null,
    condition: readCondition(object, CONDITION),
    announced: readCondition(object, ANNOUNCED),
  }
}

function readCondition(object: KubeObject, type: string): Condition | null {
  const found = find(object, type)
  if (!found) return null
  const status = found['status'] === 'True' ? 'True' : 'False'
  return { status, reason: textAt(found, 'reason'), message: textAt(found, 'message') }
}

function find(object: KubeObject, type: string): Fields | undefined {
  return listAt(object['status'], 'conditions')
    .map(fieldsOf)
    .find((condition) => condition['type'] === type)
}

/** The Service with the addresses and the pool that count for the next decision. */
export function withHolding(service: Service, { ips, pool }: Holding): Service {
  const { [ALLOCATED_FROM_POOL]: _, ...others } = service.annotations
  const annotations = pool === null ? others : { ...others, [ALLOCATED_FROM_POOL]: pool }
  return { ...service, annotations, ingress: ips.map((ip) => ({ ip })) }
}

/**
 * What the Service should hold after this verdict. A kept address with an invalid request says so in the reason. Without
 * an address there is nothing to announce, and nothing to say of it.
 */
export function desiredOf({ lease, refusal }: Verdict, announced: Condition | null = null): Holding {
  const condition = conditionOf(lease, refusal)
  return { ips: lease?.ips ?? [], pool: lease?.pool ?? null, condition, announced: lease ? announced : null }
}

function conditionOf(lease: Verdict['lease'], refusal: Verdict['refusal']): Condition | null {
  if (refusal) return { status: lease ? 'True' : 'False', reason: refusal.code, message: refusal.message }
  return lease ? { status: 'True', reason: 'Assigned', message: `from pool ${lease.pool}` } : null
}

/**
 * Whether going from one to the other is worth a write. A Service that is in order and has no condition of ours, as
 * MetalLB leaves it, is not written for the condition alone (it comes with its next change).
 */
export function differs(held: Holding, desired: Holding): boolean {
  if (held.pool !== desired.pool || held.ips.join() !== desired.ips.join()) return true
  if (!alike(held.announced, desired.announced)) return true
  if (!held.condition) return desired.condition !== null && desired.condition.reason !== 'Assigned'
  return !alike(held.condition, desired.condition)
}

function alike(a: Condition | null, b: Condition | null): boolean {
  return a?.status === b?.status && a?.reason === b?.reason && a?.message === b?.message
}

const OURS: ReadonlySet<string> = new Set([CONDITION, ANNOUNCED])

/** The status write that makes the object say `desired`; conditions of others stay. `now` is RFC 3339. */
export function writeOf(object: KubeObject, desired: Holding, now: string): StatusWrite {
  const status = fieldsOf(object['status'])
  const { resourceVersion } = object.metadata
  const others = listAt(status, 'conditions').filter((entry) => !OURS.has(textAt(entry, 'type')))
  const ours = [
    [CONDITION, desired.condition],
    [ANNOUNCED, desired.announced],
  ] as const
  const conditions = ours.flatMap(([type, condition]) =>
    condition ? [{ type, ...condition, lastTransitionTime: since(find(object, type), condition, now) }] : [],
  )
  return {
    object: refOf(object),
    status: {
      ...status,
      loadBalancer: desired.ips.length === 0 ? {} : { ingress: desired.ips.map((ip) => ({ ip })) },
      conditions: [...others, ...conditions],
    },
    annotations: { [ALLOCATED_FROM_POOL]: desired.pool },
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  }
}

/** The object as it is once that write is there. */
export function written(
  object: KubeObject,
  { status, annotations }: StatusWrite,
  resourceVersion?: string,
): KubeObject {
  const left = { ...object.metadata.annotations, ...annotations }
  const kept = Object.entries(left).filter((entry): entry is [string, string] => entry[1] !== null)
  const version = resourceVersion === undefined ? {} : { resourceVersion }
  return { ...object, metadata: { ...object.metadata, annotations: Object.fromEntries(kept), ...version }, status }
}

/** A condition's time moves with its status only (Kubernetes API conventions). */
function since(before: Fields | undefined, { status }: Condition, now: string): string {
  return before?.['status'] === status ? textAt(before, 'lastTransitionTime') || now : now
}
