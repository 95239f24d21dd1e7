// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '../../lib/object.ts'
import { Catalog } from './catalog.ts'

const service = (name: string, spec: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: {
    name,
    namespace: 'default',
    labels: { app: name },
    annotations: { 'metallb.io/allow-shared-ip': 'k', 'example.com/long': 'text' },
  },
  spec: { type: 'LoadBalancer', ports: [{ port: 80 }], selector: { app: name }, ...spec },
})
type Ready = Readonly<{ node?: string; ready?: boolean; ip?: string }>
const slice = (name: string, owner: string, ...endpoints: readonly Ready[]): KubeObject => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name, namespace: 'default', labels: { 'kubernetes.io/service-name': owner }, annotations: {} },
  endpoints: endpoints.map(({ node, ready = true, ip = '10.0.0.1' }) => ({
    addresses: [ip],
    conditions: { ready },
    ...(node === undefined ? {} : { nodeName: node }),
  })),
})
const filled = (...objects: readonly KubeObject[]): Catalog => {
  const catalog = new Catalog({ classes: [], fillDefaults: false })
  for (const object of objects) catalog.apply({ type: 'applied', object })
  return catalog
}
const whatServes = (catalog: Catalog, key: string) =>
  catalog.get(key)?.endpoints.map(({ nodeName, canServe }) => `${nodeName} ${canServe}`)

const A = { node: 'a' }
const CHANGES: [string, KubeObject, 'applied' | 'deleted', readonly string[], readonly string[]][] = [
  ['the same again', slice('s', 'web', A), 'applied', [], ['a true']],
  ['another address of the endpoint', slice('s', 'web', { node: 'a', ip: '10.0.0.9' }), 'applied', [], ['a true']],
  ['a second endpoint on the node', slice('s', 'web', A, { node: 'a', ip: '10.0.0.2' }), 'applied', [], ['a true']],
  ['no longer ready', slice('s', 'web', { node: 'a', ready: false }), 'applied', ['default/web'], ['a false']],
  ['moved to another node', slice('s', 'web', { node: 'b' }), 'applied', ['default/web'], ['b true']],
  ['an endpoint of no node', slice('s', 'web', {}), 'applied', ['default/web'], ['null true']],
  ['a second slice', slice('t', 'web', { node: 'b' }), 'applied', ['default/web'], ['a true', 'b true']],
  ['gone', slice('s', 'web', A), 'deleted', ['default/web'], []],
  ['given to another Service of ours', slice('s', 'api', A), 'applied', ['default/web', 'default/api'], []],
  ['given to a Service that is not ours', slice('s', 'other', A), 'applied', ['default/web'], []],
  ['a slice of a Service that is not ours', slice('u', 'other', A), 'applied', [], ['a true']],
]
for (const [name, object, type, touched, serving] of CHANGES) {
  test(`an EndpointSlice says that the endpoint is ready on node a, then: ${name}`, () => {
    const catalog = filled(service('web'), service('api'), slice('s', 'web', A))
    assert.deepEqual(catalog.apply({ type, object }), touched)
    assert.deepEqual(whatServes(catalog, 'default/web'), serving)
  })
}

test('a Service that becomes a LoadBalancer later finds the endpoints that came before it', () => {
  const catalog = filled(slice('s', 'web', A), service('web'))
  assert.deepEqual(whatServes(catalog, 'default/web'), ['a true'])
})

test('what only the controller reads is not kept', () => {
  const known = filled(service('web')).get('default/web')?.service
  assert.deepEqual(known?.annotations, { 'metallb.io/allow-shared-ip': 'k' })
  assert.deepEqual([known.ports, known.podSelector, known.labels], [[], {}, { app: 'web' }])
})

test('slices that say the same share what is kept of them', () => {
  const catalog = filled(service('web'), service('api'), slice('s', 'web', A), slice('t', 'api', A))
  assert.equal(catalog.get('default/web')?.endpoints, catalog.get('default/api')?.endpoints)
})
