// SPDX-License-Identifier: Apache-2.0
/** Manifests in a line each, for worlds small enough to foresee by hand. Fields are YAML's flow style. */

function metallb(kind: string, name: string, spec: string, version = 'v1beta1'): string {
  return `---\napiVersion: metallb.io/${version}\nkind: ${kind}\nmetadata: { name: ${name} }\nspec: { ${spec} }\n`
}

export const pool = (name: string, addresses: string, more = ''): string =>
  metallb('IPAddressPool', name, `addresses: [${addresses}]${more}`)

export const l2 = (spec = ''): string => metallb('L2Advertisement', 'l', spec)

export const bgp = (spec = '', name = 'b'): string => metallb('BGPAdvertisement', name, spec)

/** An external peer. */
export const peer = (name = 'p', spec = 'peerAddress: 10.0.0.1'): string =>
  metallb('BGPPeer', name, `myASN: 64500, peerASN: 64501, ${spec}`, 'v1beta2')

export const node = (name: string, labels = ''): string =>
  `---\napiVersion: v1\nkind: Node\nmetadata: { name: ${name}, labels: { ${labels} } }\n`

export const service = (name: string, spec = '', metadata = ''): string =>
  `---\napiVersion: v1\nkind: Service\nmetadata: { name: ${name}${metadata} }\nspec: { type: LoadBalancer, ports: [{ port: 80 }]${spec} }\n`

/** A Service that holds addresses. */
export const holder = (name: string, ips: readonly string[], spec = ''): string =>
  `${service(name, spec)}status: { loadBalancer: { ingress: [${ips.map((ip) => `{ ip: "${ip}" }`).join(', ')}] } }\n`

/** An endpoint of the Service on each of these nodes. */
export const endpoints = (name: string, ...nodes: readonly string[]): string => {
  const all = nodes.map((at, index) => `{ addresses: [10.9.0.${index + 1}], nodeName: ${at} }`)
  return `---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: { name: ${name}-x, labels: { kubernetes.io/service-name: ${name} } }\nendpoints: [${all.join(', ')}]\n`
}
