// SPDX-License-Identifier: Apache-2.0
/**
 * What a Service holds, as it stands in the API and as it should: addresses, the pool annotation and the condition
 * metallb.io/AddressAssigned, which travel in one write. Pure: the writer carries it out.
 */
import { ALLOCATED_FROM_POOL, type Verdict } from '../../ipam/converge.ts'
import type { KubeObject, StatusWrite } from '../../lib/object.ts'
import { refOf } from '../../lib/object.ts'
import type { Service } from '../../model/service.ts'

export const CONDITION = 'metallb.io/AddressAssigned'

type Condition = Readonly<{ status: 'True' | 'False'; reason: string; message: string }>

export type Holding = Readonly<{
  ips: readonly string[]
  /** Value of the annotation ip-allocated-from-pool. */
  pool: string | null
  condition: Condition | null
}>

/** Reads what the object says now; parts that are not as the API has them count as absent. */
export function holdingOf(object: KubeObject): Holding {
  const status = record(object['status'])
  const ingress = list(record(status['loadBalancer'])['ingress'])
  const condition = list(status['conditions'])
    .map(record)
    .find(({ type }) => type === CONDITION)
  return {
    ips: ingress.map((entry) => text(record(entry)['ip'])).filter((ip) => ip !== ''),
    pool: object.metadata.annotations[ALLOCATED_FROM_POOL] ?? null,
    condition: condition
      ? {
          status: condition['status'] === 'True' ? 'True' : 'False',
          reason: text(condition['reason']),
          message: text(condition['message']),
        }
      : null,
  }
}

/** The Service with the addresses and the pool that count for the next decision. */
export function withHolding(service: Service, { ips, pool }: Holding): Service {
  const { [ALLOCATED_FROM_POOL]: _, ...others } = service.annotations
  const annotations = pool === null ? others : { ...others, [ALLOCATED_FROM_POOL]: pool }
  return { ...service, annotations, ingress: ips.map((ip) => ({ ip })) }
}

/** What the Service should hold after this verdict. A kept address with an invalid request says so in the reason. */
export function desiredOf({ lease, refusal }: Verdict): Holding {
  return { ips: lease?.ips ?? [], pool: lease?.pool ?? null, condition: conditionOf(lease, refusal) }
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
  if (!held.condition) return desired.condition !== null && desired.condition.reason !== 'Assigned'
  const { status, reason, message } = held.condition
  const wanted = desired.condition
  return status !== wanted?.status || reason !== wanted.reason || message !== wanted.message
}

/** The status write that makes the object say `desired`; conditions of others stay. `now` is RFC 3339. */
export function writeOf(object: KubeObject, desired: Holding, now: string): StatusWrite {
  const status = record(object['status'])
  const { resourceVersion } = object.metadata
  const conditions = list(status['conditions']).filter((entry) => record(entry)['type'] !== CONDITION)
  if (desired.condition)
    conditions.push({ type: CONDITION, ...desired.condition, lastTransitionTime: since(object, desired, now) })
  return {
    object: refOf(object),
    status: {
      ...status,
      loadBalancer: desired.ips.length === 0 ? {} : { ingress: desired.ips.map((ip) => ({ ip })) },
      conditions,
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
function since(object: KubeObject, desired: Holding, now: string): string {
  const before = list(record(object['status'])['conditions'])
    .map(record)
    .find(({ type }) => type === CONDITION)
  return before?.['status'] === desired.condition?.status ? text(before?.['lastTransitionTime']) || now : now
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return isRecord(value) ? value : {}
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? [...value] : []
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
