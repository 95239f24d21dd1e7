// SPDX-License-Identifier: Apache-2.0
import { type KubeObject, refOf } from '../lib/object.ts'
import { Flaws, Section } from './read.ts'

/** One endpoint of an EndpointSlice, reduced to what decides an announcement. */
export type Endpoint = Readonly<{
  nodeName: string | null
  /** conditions.ready is true or absent, or conditions.serving is true; terminating is not consulted. */
  canServe: boolean
  /** How many addresses it has; BGP wants at least one. */
  addresses: number
}>

const SERVICE_LABEL = 'kubernetes.io/service-name'

/**
 * Reads an EndpointSlice: the Service (`namespace/name`) it belongs to and its endpoints; null where it belongs to none.
 * An endpoint that cannot be read is left out: nothing is announced on its account.
 */
export function parseEndpointSlice(object: KubeObject): { service: string; endpoints: Endpoint[] } | null {
  const { namespace, labels } = object.metadata
  const name = Object.hasOwn(labels, SERVICE_LABEL) ? labels[SERVICE_LABEL] : undefined
  if (!name) return null
  const given = Array.isArray(object.endpoints) ? object.endpoints : []
  const endpoints = given.flatMap((value: unknown) => parseEndpoint(value, object) ?? [])
  return { service: `${namespace}/${name}`, endpoints }
}

function parseEndpoint(value: unknown, object: KubeObject): Endpoint | null {
  const flaws = new Flaws(refOf(object))
  const endpoint = new Section(value ?? 'nothing', 'endpoints[]', flaws)
  const conditions = endpoint.section('conditions')
  const canServe = (conditions.boolean('ready') ?? true) || (conditions.boolean('serving') ?? false)
  const nodeName = endpoint.string('nodeName') || null
  const addresses = endpoint.strings('addresses').length
  return flaws.problems.length === 0 ? { nodeName, canServe, addresses } : null
}
