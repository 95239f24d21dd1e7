// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '../../lib/object.ts'
import { Services } from './services.ts'

const KEY = 'default/web'
const readable = { type: 'LoadBalancer', clusterIP: '10.96.0.1', ports: [{ port: 80 }] }
const unreadable = { ...readable, ports: 'http' }
const service = (spec: object, ips: readonly string[], uid = 'first'): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', namespace: 'default', labels: {}, annotations: {}, uid, resourceVersion: '7' },
  spec,
  status: { loadBalancer: { ingress: ips.map((ip) => ({ ip })) } },
})

function rig(...objects: readonly KubeObject[]) {
  const services = new Services({ classes: [], fillDefaults: false })
  const take = (object: KubeObject) => services.take({ type: 'applied', object })
  for (const object of objects) take(object)
  return { services, take }
}

test('of a Service that never could be read, what it holds counts, until it holds nothing any more', () => {
  const { services, take } = rig(service(unreadable, ['192.0.2.1']))
  assert.deepEqual(services.get(KEY)?.held.ips, ['192.0.2.1'])
  assert.deepEqual(take(service(unreadable, [])), { key: KEY, type: 'gone' })
  assert.equal(services.get(KEY), undefined)
  assert.deepEqual(
    services.problems().map(({ field }) => field),
    ['spec.ports'],
  )
})

test('what was understood of a Service stays true while it cannot be read', () => {
  const { services, take } = rig(service(readable, ['192.0.2.1']))
  assert.equal(take(service(unreadable, [])), null)
  assert.deepEqual(services.get(KEY)?.held.ips, ['192.0.2.1'])
  assert.equal(services.problems().length, 1)
  take(service(readable, ['192.0.2.1']))
  assert.deepEqual(services.problems(), [])
})

test('another Service of the same name was told nothing, and nothing is on its way to it', () => {
  const { services, take } = rig(service(readable, ['192.0.2.1']))
  const entry = services.get(KEY)
  assert(entry)
  entry.said = new Set(['AllocationFailed no available IPs'])
  entry.writing = entry.held
  take(service(readable, []))
  assert.deepEqual([services.get(KEY)?.said, services.get(KEY)?.writing], [entry.said, entry.writing])
  take(service(readable, [], 'second'))
  assert.deepEqual([services.get(KEY)?.said, services.get(KEY)?.writing], [null, null])
})
