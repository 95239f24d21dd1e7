// SPDX-License-Identifier: Apache-2.0
/** Objects that the speakers of the BGP tests read, as a cluster would hold them. */

export type Manifest = Readonly<Record<string, unknown>>

const NAMESPACE = 'metallb-system'
/** Pools hold all addresses that a test may give its Services. */
const POOL = ['198.51.100.0/24', '203.0.113.0/24', 'fd11::/64']

export function node(name: string, address: string, labels: Readonly<Record<string, string>> = {}): Manifest {
  const status = { addresses: [{ type: 'InternalIP', address }] }
  return { apiVersion: 'v1', kind: 'Node', metadata: { name, labels }, status }
}

export function pool(): Manifest {
  return metallb('v1beta1', 'IPAddressPool', 'pool', { addresses: POOL })
}

/** A BGPPeer. */
export function peer(name: string, spec: object): Manifest {
  return metallb('v1beta2', 'BGPPeer', name, spec)
}

/** A BGPAdvertisement. */
export function advertisement(name: string, spec: object = {}): Manifest {
  return metallb('v1beta1', 'BGPAdvertisement', name, spec)
}

/** The password of a BGPPeer that names it. */
export function secret(name: string, password: string): Manifest {
  const metadata = { name, namespace: NAMESPACE }
  const data = { password: Buffer.from(password).toString('base64') }
  return { apiVersion: 'v1', kind: 'Secret', metadata, type: 'kubernetes.io/basic-auth', data }
}

/** A Service that has its addresses already, with an endpoint on `on`. */
export function service(name: string, ips: readonly string[], on = 'elsewhere'): Manifest[] {
  const metadata = { name, namespace: 'default', labels: { app: name } }
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: { type: 'LoadBalancer', ports: [{ name: 'http', protocol: 'TCP', port: 80 }] },
      status: { loadBalancer: { ingress: ips.map((ip) => ({ ip })) } },
    },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { ...metadata, labels: { 'kubernetes.io/service-name': name } },
      addressType: 'IPv4',
      ports: [{ name: 'http', protocol: 'TCP', port: 80 }],
      endpoints: [{ addresses: ['10.244.1.10'], nodeName: on, conditions: { ready: true } }],
    },
  ]
}

function metallb(version: string, kind: string, name: string, spec: object): Manifest {
  return { apiVersion: `metallb.io/${version}`, kind, metadata: { name, namespace: NAMESPACE }, spec }
}
