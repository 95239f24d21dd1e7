// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { core, l2, metallb, NAMESPACE, namespace, node, pool } from '../../test/model/objects.ts'
import type { KubeObject } from '../lib/object.ts'
import { Configuration } from './configuration.ts'

const a = pool('a', ['192.0.2.0/24'])
const ready = (time: string, addresses: object[] = []) =>
  node('n1', {}, { addresses, conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime: time }] })
const labelled = (object: KubeObject, labels: Record<string, string>): KubeObject => ({
  ...object,
  metadata: { ...object.metadata, labels },
})
const renewed = (object: KubeObject): KubeObject => ({
  ...object,
  metadata: { ...object.metadata, resourceVersion: '2', annotations: { note: 'x' } },
})

const CHANGES: [name: string, before: KubeObject | null, after: KubeObject, matters: boolean][] = [
  ['a new pool', null, a, true],
  ['the same pool again', a, structuredClone(a), false],
  ['counters in a pool', a, { ...a, status: { assignedIPv4: 1 } }, false],
  ['annotations and versions of a pool', a, renewed(a), false],
  ['addresses of a pool', a, pool('a', ['192.0.2.0/25']), true],
  ['labels of a pool', a, labelled(a, { tier: 'web' }), true],
  ['an advertisement', l2('x'), l2('x', { interfaces: ['eth0'] }), true],
  ['a heartbeat of a Node', ready('then'), ready('now'), false],
  ['an address of a Node', ready('then'), ready('then', [{ type: 'InternalIP', address: '10.0.0.1' }]), true],
  ['labels of a Node', node('n1'), node('n1', { rack: '7' }), true],
  [
    'a Node without network',
    node('n1'),
    node('n1', {}, { conditions: [{ type: 'NetworkUnavailable', status: 'True' }] }),
    true,
  ],
  ['labels of a Namespace', namespace('x'), namespace('x', { team: 'a' }), true],
  ['a Secret', core('Secret', 's', { data: { password: 'YQ==' } }), core('Secret', 's', { data: {} }), true],
  ['a pool in the wrong namespace', null, metallb('IPAddressPool', 'a', {}, { namespace: 'default' }), true],
]
for (const [name, before, after, matters] of CHANGES) {
  test(`change of configuration: ${name}: ${matters ? 'read again' : 'nothing to do'}`, () => {
    const configuration = new Configuration(NAMESPACE)
    if (before) assert.equal(configuration.apply({ type: 'applied', object: before }), true)
    configuration.reload()
    assert.equal(configuration.apply({ type: 'applied', object: after }), true)
    assert.equal(configuration.stale, matters)
    configuration.reload()
    assert.equal(configuration.apply({ type: 'deleted', object: after }), true)
    assert.equal(configuration.stale, true)
  })
}

const OTHERS: [name: string, object: KubeObject][] = [
  ['a Service', core('Service', 'web')],
  ['a Secret of another namespace', core('Secret', 's', {}, { namespace: 'default' })],
  ['a status object of ours', metallb('ServiceL2Status', 'l2-x', {})],
  ['our ConfigurationState', metallb('ConfigurationState', 'controller', {})],
]
for (const [name, object] of OTHERS) {
  test(`not configuration: ${name}`, () => {
    const configuration = new Configuration(NAMESPACE)
    configuration.reload()
    assert.equal(configuration.apply({ type: 'applied', object }), false)
    assert.equal(configuration.stale, false)
  })
}
