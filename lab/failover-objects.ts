// SPDX-License-Identifier: Apache-2.0
/** What the speakers of the failover lab read: Nodes, a pool, and Services that have their addresses already. */

export type ObjectsPlan = Readonly<{
  nodes: readonly Readonly<{ name: string; address: string }>[]
  /** One Service has each. */
  addresses: readonly string[]
  /** The node that answers for all of them as long as it can; absent: the election spreads them. */
  preferred?: string
}>

type Manifest = Readonly<Record<string, unknown>>

const POOL = ['198.18.0.0/15', '10.0.0.0/8']
const ROLE = 'example.com/role'

/** So many addresses for Services, 65,536 at most. */
export function someAddresses(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `198.18.${index >> 8}.${index & 255}`)
}

/** One document with all of it, as no controller is there to give addresses. */
export function objectsOf({ nodes, addresses, preferred }: ObjectsPlan): string {
  const items = [
    ...nodes.map(({ name, address }) => nodeOf(name, address, name === preferred)),
    metallb('IPAddressPool', { addresses: POOL }),
    metallb('L2Advertisement', preferred === undefined ? {} : PREFERENCE),
    ...addresses.flatMap((ip, index) => [serviceOf(ip, index), sliceOf(index)]),
  ]
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
}

const PREFERENCE = {
  preferredNodeSelectors: [{ weight: 100, preference: { matchLabels: { [ROLE]: 'preferred' } } }],
}

function nodeOf(name: string, address: string, isPreferred: boolean): Manifest {
  const labels = isPreferred ? { [ROLE]: 'preferred' } : {}
  const status = { addresses: [{ type: 'InternalIP', address }] }
  return { apiVersion: 'v1', kind: 'Node', metadata: { name, labels }, status }
}

function metallb(kind: string, spec: object): Manifest {
  return { apiVersion: 'metallb.io/v1beta1', kind, metadata: { name: 'lab', namespace: 'metallb-system' }, spec }
}

function serviceOf(ip: string, index: number): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: `service-${index}`, namespace: 'default' },
    spec: { type: 'LoadBalancer', ports: [{ name: 'http', protocol: 'TCP', port: 80 }] },
    status: { loadBalancer: { ingress: [{ ip }] } },
  }
}

function sliceOf(index: number): Manifest {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: `service-${index}`,
      namespace: 'default',
      labels: { 'kubernetes.io/service-name': `service-${index}` },
    },
    addressType: 'IPv4',
    ports: [{ name: 'http', protocol: 'TCP', port: 80 }],
    endpoints: [{ addresses: ['10.244.1.10'], nodeName: 'elsewhere', conditions: { ready: true } }],
  }
}
