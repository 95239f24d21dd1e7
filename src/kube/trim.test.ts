// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import {
  BGP_PEERS,
  ENDPOINT_SLICES,
  LEASES,
  NAMESPACES,
  NODES,
  PODS,
  type Resource,
  SECRETS,
  SERVICE_L2_STATUSES,
  SERVICES,
} from './resource.ts'
import { Trimmer } from './trim.ts'

const META = {
  name: 'x',
  namespace: 'ns',
  uid: 'u',
  resourceVersion: '7',
  creationTimestamp: '2026-01-01T00:00:00Z',
  generation: 3,
  labels: { a: 'b' },
  annotations: { mine: 'yes', 'kubectl.kubernetes.io/last-applied-configuration': '{}' },
  managedFields: [{ manager: 'kubectl' }],
}
const IDENTITY = { uid: 'u', creationTimestamp: '2026-01-01T00:00:00Z' }
const KEPT = { name: 'x', namespace: 'ns', resourceVersion: '7', labels: { a: 'b' }, annotations: {}, ...IDENTITY }

const KINDS: [Resource, object, object][] = [
  [
    SERVICES,
    {
      metadata: META,
      spec: {
        type: 'LoadBalancer',
        clusterIP: '10.96.0.1',
        clusterIPs: ['10.96.0.1'],
        sessionAffinity: 'None',
        selector: { app: 'web' },
        ports: [{ name: 'http', protocol: 'TCP', port: 80, targetPort: 8080, nodePort: 30000 }],
      },
      status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] }, conditions: [{ type: 'theirs', status: 'True' }] },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { ...KEPT, annotations: { mine: 'yes' } },
      spec: {
        type: 'LoadBalancer',
        clusterIP: '10.96.0.1',
        clusterIPs: ['10.96.0.1'],
        selector: { app: 'web' },
        ports: [{ protocol: 'TCP', port: 80 }],
      },
      status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] }, conditions: [{ type: 'theirs', status: 'True' }] },
    },
  ],
  [
    ENDPOINT_SLICES,
    {
      metadata: { ...META, labels: { a: 'b', 'kubernetes.io/service-name': 'web' } },
      addressType: 'IPv4',
      ports: [{ port: 80 }],
      endpoints: [
        {
          addresses: ['10.0.0.1'],
          nodeName: 'n',
          conditions: { ready: true, serving: true },
          targetRef: { kind: 'Pod' },
        },
        { addresses: [] },
      ],
    },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        name: 'x',
        namespace: 'ns',
        resourceVersion: '7',
        labels: { 'kubernetes.io/service-name': 'web' },
        annotations: {},
      },
      endpoints: [{ nodeName: 'n', conditions: { ready: true, serving: true }, addresses: [''] }, { addresses: [] }],
    },
  ],
  [
    NODES,
    {
      metadata: { ...META, namespace: undefined },
      spec: { podCIDR: '10.244.0.0/24' },
      status: {
        addresses: [
          { type: 'ExternalIP', address: '203.0.113.1' },
          { type: 'InternalIP', address: '192.0.2.1' },
          { type: 'InternalIP', address: '2001:db8::1' },
          { type: 'Hostname', address: 'x' },
          'odd',
        ],
        conditions: [
          { type: 'Ready', status: 'True', lastHeartbeatTime: 'now' },
          { type: 'MemoryPressure', status: 'False' },
        ],
        images: [{ names: ['x'] }],
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { ...KEPT, namespace: '' },
      status: {
        addresses: [
          { type: 'InternalIP', address: '192.0.2.1' },
          { type: 'InternalIP', address: '2001:db8::1' },
          'odd',
        ],
        conditions: [{ type: 'Ready', status: 'True' }],
      },
    },
  ],
  [
    NAMESPACES,
    { metadata: META, spec: { finalizers: ['kubernetes'] }, status: { phase: 'Active' } },
    {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'x', namespace: 'ns', resourceVersion: '7', labels: { a: 'b' }, annotations: {} },
    },
  ],
  [
    SECRETS,
    { metadata: META, type: 'kubernetes.io/basic-auth', data: { password: 'eA==' }, immutable: true },
    { apiVersion: 'v1', kind: 'Secret', metadata: KEPT, type: 'kubernetes.io/basic-auth', data: { password: 'eA==' } },
  ],
  [
    PODS,
    { metadata: META, spec: { nodeName: 'n', containers: [{}] }, status: { podIP: '10.0.0.1', containerStatuses: [] } },
    { apiVersion: 'v1', kind: 'Pod', metadata: KEPT, spec: { nodeName: 'n' }, status: { podIP: '10.0.0.1' } },
  ],
  [
    BGP_PEERS,
    { apiVersion: 'metallb.io/v1beta2', kind: 'BGPPeer', metadata: META, spec: { myASN: 1 }, status: { x: 1 } },
    { apiVersion: 'metallb.io/v1beta2', kind: 'BGPPeer', metadata: KEPT, spec: { myASN: 1 } },
  ],
  [
    SERVICE_L2_STATUSES,
    { metadata: META, spec: {}, status: { node: 'n' } },
    { apiVersion: 'metallb.io/v1beta1', kind: 'ServiceL2Status', metadata: KEPT, status: { node: 'n' } },
  ],
  [
    LEASES,
    { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: META, spec: { holderIdentity: 'a' } },
    { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: KEPT, spec: { holderIdentity: 'a' } },
  ],
]
for (const [resource, object, expected] of KINDS) {
  test(`what is kept of a ${resource.kind}`, () => assert.deepEqual(new Trimmer(resource).trim(object), expected))
}

test('what is kept of a Node that is leaving', () => {
  const metadata = { ...META, namespace: undefined, deletionTimestamp: '2026-01-02T00:00:00Z' }
  const spec = {
    podCIDR: 'x',
    taints: [{ key: 'karpenter.sh/disrupted', effect: 'NoSchedule', timeAdded: 'x' }, 'odd'],
  }
  const unready = { type: 'Ready', status: 'False', reason: 'KubeletNotReady', message: 'node is shutting down' }
  const status = { conditions: [{ ...unready, lastHeartbeatTime: 'now' }] }
  assert.deepEqual(new Trimmer(NODES).trim({ metadata, spec, status }), {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { ...KEPT, namespace: '', deletionTimestamp: '2026-01-02T00:00:00Z' },
    spec: { taints: [{ key: 'karpenter.sh/disrupted' }, 'odd'] },
    status: { conditions: [unready] },
  })
})

const NAMELESS = [
  null,
  7,
  'x',
  [],
  {},
  { metadata: null },
  { metadata: [] },
  { metadata: { name: '' } },
  { metadata: { name: 7 } },
]
for (const object of NAMELESS) {
  test(`${JSON.stringify(object)} is no object`, () => assert.equal(new Trimmer(SERVICES).trim(object), null))
}

test('fields of the wrong type are handed on for the model to complain about', () => {
  const object = { metadata: { name: 'x', labels: { a: 7, b: 'c' } }, spec: { ports: 'x', type: 7 }, status: 'y' }
  const trimmed = new Trimmer(SERVICES).trim(object)
  assert.deepEqual([trimmed?.['spec'], trimmed?.['status']], [{ type: 7, ports: 'x' }, 'y'])
  assert.deepEqual(trimmed?.metadata.labels, { b: 'c' })
})

test('a key that JavaScript knows is a key like any other', () => {
  const metadata = JSON.parse(
    '{"name":"x","labels":{"__proto__":"a","constructor":"b"},"annotations":{"__proto__":"c"}}',
  )
  const trimmed = new Trimmer(SERVICES).trim({ metadata })
  assert.deepEqual(Object.entries(trimmed?.metadata.labels ?? {}), [
    ['__proto__', 'a'],
    ['constructor', 'b'],
  ])
  assert.equal(Object.getPrototypeOf(trimmed?.metadata.labels), Object.prototype)
})

const FIELD_NAMES = ['spec', 'status', 'endpoints', 'conditions', 'addresses', 'ports', 'selector', 'data', 'nodeName']

test('whatever is sent, an object with a name is trimmed to one with metadata in full', () => {
  const anything = fc.oneof(
    fc.jsonValue({ maxDepth: 3 }),
    fc.dictionary(fc.constantFrom(...FIELD_NAMES), fc.jsonValue()),
  )
  const metadata = fc.dictionary(
    fc.constantFrom('labels', 'annotations', 'uid', 'namespace', 'creationTimestamp'),
    anything,
  )
  const object = fc.record({
    fields: fc.dictionary(fc.constantFrom(...FIELD_NAMES), fc.oneof(anything, fc.array(anything))),
    metadata,
  })
  const trimmers = KINDS.map(([resource]) => new Trimmer(resource))
  fc.assert(
    fc.property(object, fc.constantFrom(...trimmers), (input, trimmer) => {
      const trimmed = trimmer.trim({ ...input.fields, metadata: { ...input.metadata, name: 'x' } })
      assert.equal(trimmed?.metadata.name, 'x')
      assert.equal(typeof trimmed.metadata.namespace, 'string')
      for (const text of Object.values({ ...trimmed.metadata.labels, ...trimmed.metadata.annotations })) {
        assert.equal(typeof text, 'string')
      }
    }),
  )
})
