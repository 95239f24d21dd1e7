// SPDX-License-Identifier: Apache-2.0
/** Small worlds of manifests, and seeded changes of their bytes, for programs that read files from hostile hands. */

const CORPUS: readonly string[] = [
  'apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n  annotations:\n    metallb.universe.tf/loadBalancerIPs: 192.0.2.9\nspec:\n  type: LoadBalancer\n  loadBalancerIP: 192.0.2.7\n  healthCheckNodePort: 30000\n  ipFamilies: [IPv4, IPv6]\n  loadBalancerSourceRanges: [10.0.0.0/8]\n  ports:\n  - {name: a, port: 80, targetPort: 8080, nodePort: 30080}\n  - {name: b, port: 443, targetPort: https}\n',
  'apiVersion: metallb.io/v1beta1\nkind: IPAddressPool\nmetadata:\n  name: a\nspec:\n  addresses:\n  - 192.0.2.0/24\n  - 10.0.0.0/8\n  - "2001:db8::/64"\n  serviceAllocation: {namespaceSelectors: [{matchLabels: {a: b}}]}\n---\napiVersion: metallb.io/v1beta1\nkind: L2Advertisement\nmetadata: {name: l2}\nspec: {ipAddressPools: [a], nodeSelectors: [{matchLabels: {rack: "1"}}], preferredNodeSelectors: [{weight: 5, preference: {matchExpressions: [{key: k, operator: In, values: [v]}]}}]}\n---\napiVersion: v1\nkind: Node\nmetadata: {name: n1, labels: {rack: "2"}}\nstatus: {addresses: [{type: InternalIP, address: 192.0.2.1}]}\n',
  'apiVersion: metallb.io/v1beta1\nkind: BGPPeer\nmetadata:\n  name: peer\nspec:\n  myASN: 64500\n  peerASN: 64501\n  peerAddress: 10.0.0.1\n  bfdProfile: x\n  passwordSecret: {name: s}\n  nodeSelectors:\n  - matchLabels: &l {rack: "1"}\n---\napiVersion: metallb.io/v1beta1\nkind: BGPAdvertisement\nmetadata: {name: b}\nspec: {localPref: 7, communities: [gold], peers: [peer], ipAddressPoolSelectors: [{matchLabels: {a: b}}]}\n',
]
const PIECES = [
  '- ',
  ': ',
  '{',
  '}',
  '[',
  ']',
  '"',
  "'",
  '\n',
  '\n---\n',
  '&a ',
  '*a',
  '<<: ',
  '|\n',
  '\t',
  '\r',
  '\u0000',
  '\u001b[31m',
  '\u009b',
  '\u202e',
  '👍',
  '%',
  '::',
  ',',
  '-1',
  '1e999',
  '0x7fffffff',
  '~',
  '__proto__: {polluted: 1}\n',
  'null',
  '/33',
  '::1',
  'x'.repeat(70),
]

/** mulberry32: small, seeded, good enough to choose mutations. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let value = Math.imul(state ^ (state >>> 15), state | 1)
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61)
    return ((value ^ (value >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** Mostly small changes: what stays valid gets furthest into the rules. */
export function mutate(random: () => number): Buffer {
  const below = (limit: number): number => Math.floor(random() * limit)
  let bytes = Buffer.from(CORPUS[below(CORPUS.length)] ?? '')
  for (let times = 1 + below(4); times > 0; times--) {
    const at = below(bytes.length + 1)
    const end = Math.min(bytes.length, at + below(random() < 0.2 ? bytes.length : 12))
    const piece = Buffer.from(PIECES[below(PIECES.length)] ?? '')
    const [head, middle, tail] = [bytes.subarray(0, at), bytes.subarray(at, end), bytes.subarray(end)]
    const choices = [
      [head, piece, tail],
      [head, piece, middle, tail],
      [head, tail],
      [head, middle, middle, tail],
      [bytes, Buffer.from('\n---\n'), Buffer.from(CORPUS[below(CORPUS.length)] ?? '')],
    ]
    bytes = Buffer.concat(choices[below(choices.length)] ?? [])
  }
  return bytes
}
