// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bgp, core, l2, metallb, NAMESPACE, namespace, node, peer, pool, profile } from '../../test/model/objects.ts'
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

/** As an API server may hold them: written before there was a schema, or under another one. */
const MISTAKES: [name: string, object: KubeObject, field: string][] = [
  ['a pool without spec', { ...metallb('IPAddressPool', 'z', {}), spec: null }, 'spec'],
  ['addresses that are one text', metallb('IPAddressPool', 'z', { addresses: '192.0.2.0/24' }), 'spec.addresses'],
  ['an address that is a number', metallb('IPAddressPool', 'z', { addresses: [7] }), 'spec.addresses[0]'],
  ['a list of nulls', l2('z', { ipAddressPools: [null] }), 'spec.ipAddressPools[0]'],
  ['a spec that is a list', metallb('L2Advertisement', 'z', []), 'spec'],
  ['a hold time in numbers', peer('z', { holdTime: 90 }), 'spec.holdTime'],
  [
    'labels that are a list',
    bgp('z', { serviceSelectors: [{ matchLabels: ['a'] }] }),
    'spec.serviceSelectors[0].matchLabels',
  ],
  ['communities in a map', metallb('Community', 'z', { communities: { vip: '1:2' } }), 'spec.communities'],
  ['an interval in words', profile('z', { receiveInterval: 'fast' }), 'spec.receiveInterval'],
]
for (const [name, object, field] of MISTAKES) {
  test(`a structure that no schema checked: ${name}`, () => {
    const configuration = new Configuration(NAMESPACE)
    configuration.apply({ type: 'applied', object: a })
    assert.equal(configuration.reload(), true)
    const { model } = configuration
    configuration.apply({ type: 'applied', object })
    assert.deepEqual([configuration.stale, configuration.reload()], [true, false])
    assert.deepEqual(
      configuration.problems.map((problem) => [problem.object.name, problem.field, problem.severity]),
      [['z', field, 'error']],
    )
    assert.equal(configuration.model, model, 'the last valid configuration stays in use')
    configuration.apply({ type: 'applied', object: structuredClone(object) })
    assert.equal(configuration.stale, false)
    configuration.apply({ type: 'deleted', object })
    assert.equal(configuration.reload(), true)
    assert.deepEqual(configuration.problems, [])
  })
}

test('null is no value, and a status that makes no sense is none of the configuration', () => {
  const configuration = new Configuration(NAMESPACE)
  const object = pool('z', ['192.0.2.0/24'], { autoAssign: null, serviceAllocation: null })
  configuration.apply({ type: 'applied', object: { ...object, status: 'full' } })
  assert.equal(configuration.reload(), true)
  assert.deepEqual(configuration.problems, [])
  assert.equal(configuration.model?.pools[0]?.autoAssign, true)
})

test('the uid of an object is at hand for events, as long as the object is', () => {
  const configuration = new Configuration(NAMESPACE)
  const ref = { kind: 'BGPPeer', namespace: NAMESPACE, name: 'tor' }
  const tor = peer('tor')
  const object = { ...tor, metadata: { ...tor.metadata, uid: 'u' } }
  assert.equal(configuration.uidOf(ref), undefined)
  configuration.apply({ type: 'applied', object })
  assert.equal(configuration.uidOf(ref), 'u')
  assert.equal(configuration.uidOf({ ...ref, name: 'spine' }), undefined)
  configuration.apply({ type: 'deleted', object })
  assert.equal(configuration.uidOf(ref), undefined)
})
