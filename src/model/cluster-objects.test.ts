// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { core, node } from '../../test/model/objects.ts'
import { formatIp } from '../lib/ip.ts'
import type { KubeObject } from '../lib/object.ts'
import { type Endpoint, parseEndpointSlice } from './endpoint.ts'
import { type Node, parseNode } from './node.ts'

const slice = (endpoints: unknown, labels: Record<string, string> = { 'kubernetes.io/service-name': 'web' }) =>
  core('EndpointSlice', 'web-x1', { endpoints }, { namespace: 'default', labels })
const endpoint = (fields: Partial<Endpoint> = {}): Endpoint => ({
  nodeName: 'n1',
  canServe: true,
  addresses: 1,
  ...fields,
})
const one = { nodeName: 'n1', addresses: ['10.244.0.1'] }

const ENDPOINTS: readonly (readonly [string, unknown, readonly Endpoint[]])[] = [
  ['no conditions', [one], [endpoint()]],
  ['ready', [{ ...one, conditions: { ready: true } }], [endpoint()]],
  ['readiness null', [{ ...one, conditions: { ready: null } }], [endpoint()]],
  ['not ready', [{ ...one, conditions: { ready: false } }], [endpoint({ canServe: false })]],
  ['not ready but serving', [{ ...one, conditions: { ready: false, serving: true, terminating: true } }], [endpoint()]],
  ['ready and not serving', [{ ...one, conditions: { ready: true, serving: false } }], [endpoint()]],
  ['no node', [{ addresses: ['a'] }], [endpoint({ nodeName: null })]],
  ['no addresses', [{ nodeName: 'n1' }], [endpoint({ addresses: 0 })]],
  ['several addresses', [{ nodeName: 'n1', addresses: ['a', 'b'] }], [endpoint({ addresses: 2 })]],
  ['none', undefined, []],
  ['not a list', { 0: one }, []],
  [
    'readable ones beside unreadable ones',
    [null, 'x', { ...one, conditions: { ready: 'yes' } }, { ...one, addresses: [5] }, one],
    [endpoint()],
  ],
]
for (const [name, endpoints, expected] of ENDPOINTS) {
  test(`endpoints: ${name}`, () => {
    assert.deepEqual(parseEndpointSlice(slice(endpoints)), { service: 'default/web', endpoints: expected })
  })
}

test('an EndpointSlice of no Service is nothing to us', () => {
  assert.equal(parseEndpointSlice(slice([one], {})), null)
  assert.equal(parseEndpointSlice(slice([one], { 'kubernetes.io/service-name': '' })), null)
})

test('a node with addresses and conditions', () => {
  const status = {
    addresses: [
      { type: 'Hostname', address: 'n1' },
      { type: 'InternalIP', address: '2001:DB8::1' },
      { type: 'InternalIP', address: '192.0.2.1' },
      { type: 'ExternalIP', address: '203.0.113.1' },
    ],
    conditions: [{ type: 'Ready', status: 'True' }],
  }
  const parsed = parseNode(node('n1', { zone: 'a' }, status))
  assert.deepEqual(parsed.addresses.map(formatIp), ['2001:db8::1', '192.0.2.1'])
  assert.deepEqual(parsed.labels, { 'kubernetes.io/hostname': 'n1', zone: 'a' })
  assert.deepEqual([parsed.networkUnavailable, parsed.excluded], [false, false])
})

const EXCLUDE = 'node.kubernetes.io/exclude-from-external-load-balancers'
const unavailable = (value: unknown) =>
  parseNode(node('n', {}, { conditions: [{ type: 'NetworkUnavailable', status: value }] }))

test('a node without network, and an excluded one', () => {
  assert.equal(unavailable('True').networkUnavailable, true)
  assert.equal(unavailable('False').networkUnavailable, false)
  assert.equal(unavailable(true).networkUnavailable, false)
  assert.equal(parseNode(node('n', { [EXCLUDE]: '' })).excluded, true)
  assert.equal(parseNode(node('n', { [EXCLUDE]: 'false' })).excluded, true)
})

const tainted = (...taints: readonly unknown[]) => core('Node', 'n', { spec: { taints } })
const condition = (type: string, status: unknown, words: object = {}) =>
  core('Node', 'n', { status: { conditions: [{ type, status, ...words }] } })
const CORDON = [{ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }]
const SHUTDOWN = { reason: 'KubeletNotReady', message: 'node is shutting down' }
const ENDING = { status: { conditions: [{ type: 'Ready', status: 'False', ...SHUTDOWN }] } }
const LEAVING: readonly (readonly [string, KubeObject, Node['leaving']])[] = [
  ['nothing said', node('n'), null],
  ['deletionTimestamp', core('Node', 'n', {}, { deletionTimestamp: '2026-01-01T00:00:00Z' }), 'deleted'],
  ['of the Cluster Autoscaler', tainted({ key: 'ToBeDeletedByClusterAutoscaler', value: '17' }), 'deleted'],
  ['of Karpenter', tainted({ key: 'other' }, { key: 'karpenter.sh/disrupted', effect: 'NoSchedule' }), 'deleted'],
  ['of Karpenter before v1', tainted({ key: 'karpenter.sh/disruption', value: 'disrupting' }), 'deleted'],
  ['a candidate only', tainted({ key: 'DeletionCandidateOfClusterAutoscaler', effect: 'PreferNoSchedule' }), null],
  ['a plain cordon', core('Node', 'n', { spec: { unschedulable: true, taints: CORDON } }), null],
  ['of the cloud', tainted({ key: 'node.cloudprovider.kubernetes.io/shutdown' }), 'shuttingDown'],
  ['a kubelet that ends', condition('Ready', 'False', SHUTDOWN), 'shuttingDown'],
  ['beside other troubles', condition('Ready', 'False', { message: '[PLEG, node is shutting down]' }), 'shuttingDown'],
  ['as the reason', condition('Ready', 'False', { reason: 'node is shutting down' }), 'shuttingDown'],
  ['not ready', condition('Ready', 'False', { reason: 'KubeletNotReady', message: 'PLEG is not healthy' }), null],
  ['ready in spite of its words', condition('Ready', 'True', SHUTDOWN), null],
  ['of another condition', condition('MemoryPressure', 'False', SHUTDOWN), null],
  ['both', core('Node', 'n', { spec: { taints: [{ key: 'karpenter.sh/disrupted' }] }, ...ENDING }), 'deleted'],
  ['nonsense for taints', core('Node', 'n', { spec: { taints: 'karpenter.sh/disrupted' } }), null],
  ['nonsense for a taint', tainted('karpenter.sh/disrupted', null, { key: 7 }), null],
  ['nonsense for a spec', core('Node', 'n', { spec: 'x' }), null],
  ['nonsense for words', condition('Ready', 'False', { message: ['node is shutting down'] }), null],
]
for (const [name, object, leaving] of LEAVING) {
  test(`whether a node is leaving: ${name}`, () => assert.equal(parseNode(object).leaving, leaving))
}

test('a node whose status is nonsense is still a node', () => {
  for (const status of [
    'x',
    [],
    { addresses: 'x', conditions: 7 },
    { addresses: [null, 'x', { type: 'InternalIP', address: 1 }] },
  ]) {
    assert.deepEqual(parseNode(core('Node', 'n', { status })).addresses, [])
  }
})
