// SPDX-License-Identifier: Apache-2.0
/**
 * What a speaker has to know of each object to announce again after a restart without an API server: enough for the
 * model and the plan, and nothing else. Pure; journal.ts keeps the result.
 */
import type { KubeObject } from '../../lib/object.ts'
import { parseEndpointSlice } from '../../model/endpoint.ts'
import { ServingTable } from './serving.ts'

/** `secrets`: where it is kept is memory, so passwords and keys may be in it. */
export type Trimming = Readonly<{ secrets: boolean }>

type Fields = Readonly<Record<string, unknown>>

/**
 * The object as it is kept, or null where it is not: a kind that decides nothing here, or a secret without a place for
 * secrets. A BGPPeer that needs one is left out with it; without its password it could not be configured at all.
 */
export function trimForRestart(object: KubeObject, { secrets }: Trimming): KubeObject | null {
  switch (object.kind) {
    case 'Service':
      return kept(object, { spec: serviceSpec(object), status: serviceStatus(object) }, SERVICE_ANNOTATIONS)
    case 'EndpointSlice':
      return kept(object, { endpoints: endpointsOf(object) })
    case 'Node':
      return keptNode(object)
    case 'Secret':
      return secrets ? kept(object, pick(object, ['type', 'data', 'stringData'])) : null
    case 'ConfigMap':
      return kept(object, pick(object, ['data']))
    case 'BGPPeer':
      return secrets || !needsSecret(object) ? kept(object, pick(object, ['spec'])) : null
    case 'IPAddressPool':
    case 'L2Advertisement':
    case 'BGPAdvertisement':
    case 'BFDProfile':
    case 'Community':
      return kept(object, pick(object, ['spec']))
    default:
      return null
  }
}

const SERVICE_ANNOTATIONS = /\/(?:allow-shared-ip|healthCheckNodePort)$/
const NO_ANNOTATIONS = /^$/

function kept(object: KubeObject, sections: Fields, annotations = NO_ANNOTATIONS): KubeObject {
  const { name, namespace, labels } = object.metadata
  const given = Object.entries(object.metadata.annotations).filter(([key]) => annotations.test(key))
  const metadata = { name, namespace, labels, annotations: Object.fromEntries(given) }
  return { apiVersion: object.apiVersion, kind: object.kind, metadata, ...sections }
}

function serviceSpec({ spec }: KubeObject): Fields {
  return pick(spec, ['type', 'loadBalancerClass', 'externalTrafficPolicy', 'healthCheckNodePort'])
}

function serviceStatus({ status }: KubeObject): Fields {
  const { ingress } = pick(pick(status, ['loadBalancer'])['loadBalancer'], ['ingress'])
  return { loadBalancer: { ingress: itemsOf(ingress).map((entry) => pick(entry, ['ip'])) } }
}

/** One endpoint of each sort; the same words that parseEndpointSlice reads. */
function endpointsOf(object: KubeObject): Fields[] {
  const serving = new ServingTable().reduce(parseEndpointSlice(object)?.endpoints ?? [])
  return serving.map(({ nodeName, canServe, addresses }) => ({
    addresses: addresses > 0 ? ['0.0.0.0'] : [],
    conditions: { ready: canServe },
    ...(nodeName === null ? {} : { nodeName }),
  }))
}

/** With what says that the node is leaving: a speaker that starts there must not lead traffic to it. */
function keptNode(object: KubeObject): KubeObject {
  const { deletionTimestamp } = object.metadata
  const taints = itemsOf(pick(object['spec'], ['taints'])['taints']).map((taint) => pick(taint, ['key']))
  const node = kept(object, { ...(taints.length > 0 && { spec: { taints } }), status: nodeStatus(object) })
  return deletionTimestamp === undefined ? node : { ...node, metadata: { ...node.metadata, deletionTimestamp } }
}

function nodeStatus({ status }: KubeObject): Fields {
  const { addresses, conditions } = pick(status, ['addresses', 'conditions'])
  return {
    addresses: itemsOf(addresses)
      .map((address) => pick(address, ['type', 'address']))
      .filter(({ type }) => type === 'InternalIP'),
    conditions: itemsOf(conditions)
      .map((condition) => pick(condition, ['type', 'status', 'reason', 'message']))
      .filter(({ type, status: value }) => type === 'NetworkUnavailable' || (type === 'Ready' && value === 'False')),
  }
}

function needsSecret({ spec }: KubeObject): boolean {
  const { password, passwordSecret } = pick(spec, ['password', 'passwordSecret'])
  return Boolean(password) || Boolean(pick(passwordSecret, ['name'])['name'])
}

function itemsOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

/** Those of the fields that are there. */
function pick(value: unknown, fields: readonly string[]): Fields {
  const entries: [string, unknown][] = typeof value === 'object' && value !== null ? Object.entries(value) : []
  return Object.fromEntries(entries.filter(([name]) => fields.includes(name)))
}
