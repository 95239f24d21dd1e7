// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { core, node } from '../../test/model/objects.ts'
import { formatIp } from '../lib/ip.ts'
import { type Endpoint, parseEndpointSlice } from './endpoint.ts'
import { parseNode } from './node.ts'

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
