// SPDX-License-Identifier: Apache-2.0
/** Objects of the worlds of routers, and what is waited for in them besides sessions and routes. */
import assert from 'node:assert/strict'
import { fieldAt } from '../../lab/cluster/field.ts'
import { endpointSlice } from '../../lab/cluster/objects.ts'
import { observed } from '../../lab/cluster/observe.ts'
import { guide, only } from './guide-text.ts'
import { scene } from './routers-open.ts'
import { NODES, type NodeName, type RouterName } from './routers-scene.ts'

export const SYSTEM = ['-n', 'metallb-system'] as const
/** Addresses of the guides to several routers, to high availability, and to the basics. */
export const LAN = {
  'node-1': '192.168.1.10/24',
  'node-2': '192.168.1.11/24',
  'node-3': '192.168.1.12/24',
  'router-1': '192.168.1.1/24',
  'router-2': '192.168.1.2/24',
  'router-3': '192.168.1.3/24',
} as const
/** What the routers of the guide to several ones are told. */
export const CLUSTER = { asn: 64_501, remoteAs: 64_500 } as const
export const PASSWORD = 'bgp-shared-secret'
export const PRODUCTION = only(guide('2.8-advertisements.yaml'), 'production-advertisement')
export const SERVICE = guide('2.18-critical-service.yaml')
export const SERVICE_ROUTE = '192.168.1.240/32'

/** The same for each of the routers. */
export function atAll<T>(value: T): Readonly<Record<RouterName, T>> {
  return { 'router-1': value, 'router-2': value, 'router-3': value }
}

/** Pools, an advertisement, the guide's Service with pods on all nodes, and these peers; nothing else. */
export async function serve(peers: string): Promise<void> {
  const { world } = scene
  await world.clear()
  await world.client.apply(endpointSlice('critical-service', NODES))
  await world.applied([guide('2.4-pools.yaml'), peers, PRODUCTION, SERVICE].join('---\n'))
  assert.equal(await world.addressOf('critical-service'), '192.168.1.240')
}

/** A Service like many others. */
export function plain(name: string, annotations = '{}'): string {
  return `apiVersion: v1
kind: Service
metadata: { name: ${name}, annotations: ${annotations} }
spec: { type: LoadBalancer, ports: [{ port: 80 }] }
`
}

/** Makes a plain Service with pods on all nodes; its address. */
export async function addPlain(name: string, annotations?: string): Promise<string> {
  await scene.world.client.apply(endpointSlice(name, NODES))
  await scene.world.applied(plain(name, annotations))
  return await scene.world.addressOf(name)
}

const isValid = (state: unknown) => fieldAt(state, 'status', 'result') === 'Valid'

/** Resolves when a node's speaker says that it finds no error in the configuration. */
export async function findsNoError(node: NodeName): Promise<void> {
  const path = '/apis/metallb.io/v1beta1/namespaces/metallb-system/configurationstates'
  await observed(scene.world.client, { path, name: `speaker-${node}` }, isValid, `${node} finds no error`)
}
