// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseService } from '../../model/service.ts'
import { Waiting } from './waiting.ts'

function service(name: string, { day = 1, annotations = {}, port = 80 } = {}) {
  const creationTimestamp = `2026-01-0${day}T00:00:00Z`
  const metadata = { name, namespace: 'default', labels: {}, annotations, creationTimestamp }
  const spec = { type: 'LoadBalancer', ports: [{ port }] }
  const parsed = parseService({ apiVersion: 'v1', kind: 'Service', metadata, spec }, { fillDefaults: true })
  assert(parsed.ok)
  return parsed.service
}

function wokenBy(waiting: Waiting, ...pools: string[]): string[] {
  waiting.free(pools)
  return waiting.wake().toSorted()
}

test('freed room wakes those that wait for it, once each, and nobody else', () => {
  const waiting = new Waiting()
  waiting.set(service('a'), ['blue'])
  waiting.set(service('b'), ['blue', 'green'])
  waiting.set(service('c'), ['red'])
  assert.deepEqual(wokenBy(waiting, 'blue', 'green'), ['default/a', 'default/b'])
  assert.deepEqual(wokenBy(waiting, 'yellow'), [])
  assert.deepEqual(waiting.wake(), [])
})

test('a new list replaces the old one; an empty one ends the waiting', () => {
  const waiting = new Waiting()
  waiting.set(service('a'), ['blue'])
  waiting.set(service('a'), ['green'])
  assert.deepEqual(wokenBy(waiting, 'blue'), [])
  waiting.set(service('a'), [])
  assert.deepEqual(wokenBy(waiting, 'green'), [])
})

test('of many that ask for the same, only as many as one piece of room can serve are woken: the oldest', () => {
  const waiting = new Waiting()
  for (const day of [5, 3, 1, 4, 2]) waiting.set(service(`s${day}`, { day }), ['blue'])
  assert.deepEqual(wokenBy(waiting, 'blue'), ['default/s1', 'default/s2'])
  waiting.remove('default/s1')
  waiting.free(['blue'])
  assert.deepEqual(wokenBy(waiting, 'blue'), ['default/s2', 'default/s3', 'default/s4', 'default/s5'])
})

test('those that ask for something else stand in a queue of their own', () => {
  const waiting = new Waiting()
  for (const day of [1, 2, 3]) waiting.set(service(`plain${day}`, { day }), ['blue'])
  waiting.set(service('exact', { day: 9, annotations: { 'metallb.io/loadBalancerIPs': '192.0.2.1' } }), ['blue'])
  const shared = { 'metallb.io/allow-shared-ip': 'k' }
  for (const port of [80, 81]) waiting.set(service(`shared${port}`, { day: 9, annotations: shared, port }), ['blue'])
  assert.deepEqual(wokenBy(waiting, 'blue'), [
    'default/exact',
    'default/plain1',
    'default/plain2',
    'default/shared80',
    'default/shared81',
  ])
})
