// SPDX-License-Identifier: Apache-2.0
/** Objects as a cluster's own components or its users would have made them. */
import type { ApiClient, Manifest } from './api-client.ts'
import { NAMESPACE } from './credentials.ts'

export function namespace(name: string = NAMESPACE, labels: Readonly<Record<string, string>> = {}): Manifest {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } }
}

/** A Service of type LoadBalancer; `fields` are those of its spec to add or set otherwise. */
export function service(name: string, fields: object = {}, metadata: Partial<Manifest['metadata']> = {}): Manifest {
  const ports = [{ name: 'http', protocol: 'TCP', port: 80 }]
  // Node ports are few, and nobody here uses them.
  const spec = { type: 'LoadBalancer', allocateLoadBalancerNodePorts: false, selector: { app: name }, ports, ...fields }
  return { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'default', ...metadata }, spec }
}

/** Ready endpoints of a Service, one on each of the nodes. */
export function endpointSlice(serviceName: string, nodes: readonly string[]): Manifest {
  const endpoints = nodes.map((nodeName, index) => ({
    addresses: [`10.244.${index}.10`],
    conditions: { ready: true, serving: true, terminating: false },
    nodeName,
  }))
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: serviceName, namespace: 'default', labels: { 'kubernetes.io/service-name': serviceName } },
    addressType: 'IPv4',
    ports: [{ name: 'http', protocol: 'TCP', port: 80 }],
    endpoints,
  }
}

/** A pool of metallb-system with these ranges. */
export function pool(name: string, ...addresses: readonly string[]): Manifest {
  return metallb('IPAddressPool', name, { addresses })
}

/** An object of metallb.io/v1beta1, or of the version that is given. */
export function metallb(kind: string, name: string, spec: object, version = 'v1beta1'): Manifest {
  return { apiVersion: `metallb.io/${version}`, kind, metadata: { name, namespace: NAMESPACE }, spec }
}

/** Creates a Node that is ready, as its kubelet would; the address is its InternalIP. */
export async function createNode(
  client: ApiClient,
  name: string,
  { address, labels = {} }: { address: string; labels?: Readonly<Record<string, string>> },
): Promise<void> {
  const all = { 'kubernetes.io/hostname': name, ...labels }
  const node: Manifest = { apiVersion: 'v1', kind: 'Node', metadata: { name, labels: all }, spec: {} }
  await client.create(node)
  const conditions = [{ type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'kubelet is ready' }]
  await client.patchStatus(node, { addresses: [{ type: 'InternalIP', address }], conditions })
}
