// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '../../lib/object.ts'
import { parseEndpointSlice } from '../../model/endpoint.ts'
import { parseNode } from '../../model/node.ts'
import { parseService } from '../../model/service.ts'
import { trimForRestart } from './last-state.ts'

const object = (apiVersion: string, kind: string, rest: object, annotations = {}): KubeObject => ({
  apiVersion,
  kind,
  metadata: { name: 'x', namespace: 'n', labels: { app: 'x' }, annotations, uid: 'u', resourceVersion: '7' },
  ...rest,
})
const SERVICE = object(
  'v1',
  'Service',
  {
    spec: {
      type: 'LoadBalancer',
      loadBalancerClass: 'metallb.io/a',
      externalTrafficPolicy: 'Local',
      healthCheckNodePort: 30_000,
      selector: { app: 'x' },
      ports: [{ port: 80 }],
      clusterIPs: ['10.0.0.7'],
    },
    status: { loadBalancer: { ingress: [{ ip: '192.0.2.1', ipMode: 'VIP' }] }, conditions: [{ type: 'metallb.io/x' }] },
  },
  { 'metallb.io/allow-shared-ip': 'k', 'metallb.universe.tf/healthCheckNodePort': '8080', 'example.com/long': 'x' },
)
const SLICE = object('discovery.k8s.io/v1', 'EndpointSlice', {
  metadata: { ...SERVICE.metadata, annotations: {}, labels: { 'kubernetes.io/service-name': 'web' } },
  endpoints: [
    { addresses: ['10.0.0.1'], nodeName: 'a', conditions: { ready: true }, targetRef: { kind: 'Pod', name: 'p1' } },
    { addresses: ['10.0.0.2'], nodeName: 'a', conditions: { ready: true } },
    { addresses: ['10.0.0.3'], nodeName: 'b', conditions: { ready: false, serving: true } },
    { addresses: ['10.0.0.4'], nodeName: 'c', conditions: { ready: false } },
    { addresses: [], conditions: {} },
  ],
})
const NODE = object('v1', 'Node', {
  spec: { podCIDR: '10.1.0.0/24' },
  status: {
    addresses: [
      { type: 'InternalIP', address: '192.0.2.9' },
      { type: 'Hostname', address: 'x' },
    ],
    conditions: [
      { type: 'Ready', status: 'True' },
      { type: 'NetworkUnavailable', status: 'True', reason: 'r' },
    ],
    images: [{ names: ['a'.repeat(1000)] }],
  },
})
const ALL = { secrets: true }

const readService = (given: KubeObject | null) => {
  const parsed = given && parseService(given, { fillDefaults: false })
  assert.ok(parsed?.ok)
  const { key, labels, type, loadBalancerClass, externalTrafficPolicy, healthCheckNodePort, ingress } = parsed.service
  return { key, labels, type, loadBalancerClass, externalTrafficPolicy, healthCheckNodePort, ingress }
}

test('a Service is read the same in all that a speaker looks at', () => {
  const trimmed = trimForRestart(SERVICE, ALL)
  assert.deepEqual(readService(trimmed), readService(SERVICE))
  assert.deepEqual(Object.keys(trimmed?.metadata.annotations ?? {}), [
    'metallb.io/allow-shared-ip',
    'metallb.universe.tf/healthCheckNodePort',
  ])
  assert.ok(JSON.stringify(trimmed).length < JSON.stringify(SERVICE).length)
})

test('an EndpointSlice keeps one endpoint of each sort', () => {
  const trimmed = trimForRestart(SLICE, ALL)
  assert.deepEqual(parseEndpointSlice(trimmed ?? SERVICE)?.endpoints, [
    { nodeName: 'a', canServe: true, addresses: 1 },
    { nodeName: 'b', canServe: true, addresses: 1 },
    { nodeName: 'c', canServe: false, addresses: 1 },
    { nodeName: null, canServe: true, addresses: 0 },
  ])
  assert.deepEqual(trimForRestart(trimmed ?? SLICE, ALL), trimmed, 'trimmed once is trimmed')
})

test('a Node keeps what the model reads', () => {
  const trimmed = trimForRestart(NODE, ALL)
  assert.deepEqual(parseNode(trimmed ?? SERVICE), parseNode(NODE))
  assert.ok(JSON.stringify(trimmed).length < 300)
})

const AT = '2026-01-01T00:00:00Z'
const unready = { type: 'Ready', status: 'False', reason: 'KubeletNotReady', message: 'node is shutting down' }
const LEAVING: readonly [string, KubeObject][] = [
  ['deleted', { ...NODE, metadata: { ...NODE.metadata, deletionTimestamp: AT } }],
  ['deleted', { ...NODE, spec: { taints: [{ key: 'karpenter.sh/disrupted', effect: 'NoSchedule', timeAdded: AT }] } }],
  ['shuttingDown', { ...NODE, status: { conditions: [unready] } }],
]
for (const [leaving, node] of LEAVING) {
  test(`a Node that is ${leaving} is so after a restart: ${JSON.stringify(trimForRestart(node, ALL))}`, () => {
    assert.equal(parseNode(node).leaving, leaving)
    assert.deepEqual(parseNode(trimForRestart(node, ALL) ?? SERVICE), parseNode(node))
  })
}

const peer = (spec: object) => object('metallb.io/v1beta2', 'BGPPeer', { spec, status: {} })
const secret = object('v1', 'Secret', { type: 'Opaque', data: { password: 'c2VjcmV0' } })
const PLACES: [string, KubeObject, boolean, boolean][] = [
  ['a peer without a password', peer({ myASN: 1 }), true, true],
  ['a peer with an empty password', peer({ password: '', passwordSecret: {} }), true, true],
  ['a peer with its password', peer({ password: 'secret' }), true, false],
  ['a peer with a Secret’s name', peer({ passwordSecret: { name: 's' } }), true, false],
  ['a Secret', secret, true, false],
  ['a pool', object('metallb.io/v1beta1', 'IPAddressPool', { spec: { addresses: ['192.0.2.0/24'] } }), true, true],
  ['a ConfigMap', object('v1', 'ConfigMap', { data: { extras: 'x' } }), true, true],
  ['a Namespace', object('v1', 'Namespace', {}), false, false],
  ['a status of ours', object('metallb.io/v1beta1', 'ServiceL2Status', {}), false, false],
]
for (const [name, given, inMemory, onDisk] of PLACES) {
  test(`${name}: ${inMemory ? 'kept' : 'not kept'} in memory, ${onDisk ? 'kept' : 'not kept'} on a disk`, () => {
    assert.equal(trimForRestart(given, { secrets: true }) !== null, inMemory)
    assert.equal(trimForRestart(given, { secrets: false }) !== null, onDisk)
  })
}
