// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { node } from '../../../test/model/objects.ts'
import { MemoryObjects } from '../../../test/sim/memory-objects.ts'
import { ALLOCATED_FROM_POOL } from '../../ipam/converge.ts'
import { systemClock } from '../../lib/clock.ts'
import { createLog } from '../../lib/log.ts'
import type { KubeObject } from '../../lib/object.ts'
import { Controller } from './controller.ts'
import { CONDITION, holdingOf } from './holding.ts'

const meta = (name: string, namespace: string, annotations: Record<string, string> = {}) => ({
  name,
  namespace,
  labels: {},
  annotations,
})
const pool = (name: string, ...addresses: string[]): KubeObject => ({
  apiVersion: 'metallb.io/v1beta1',
  kind: 'IPAddressPool',
  metadata: meta(name, 'metallb-system'),
  spec: { addresses },
})
const service = (name: string, annotations: Record<string, string> = {}, spec: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: meta(name, 'default', annotations),
  spec: { type: 'LoadBalancer', ports: [{ port: 80 }], ...spec },
})

const created = (object: KubeObject, creationTimestamp: string): KubeObject => ({
  ...object,
  metadata: { ...object.metadata, creationTimestamp },
})

async function rig(...objects: readonly KubeObject[]) {
  const api = new MemoryObjects()
  api.apply(...objects)
  const controller = await startOn(api)
  const ipsOf = (name: string) => {
    const object = api.objects.get(`Service/default/${name}`)
    return object ? holdingOf(object).ips : undefined
  }
  return { api, controller, ipsOf }
}

async function startOn(api: MemoryObjects, log: string[] = []): Promise<Controller> {
  const client = api.open()
  const controller = new Controller({
    source: client,
    sink: client,
    log: createLog('info', (line) => log.push(line)),
    clock: { ...systemClock, after: (_delayMs, fire) => systemClock.after(0, fire) },
    namespace: 'metallb-system',
    classes: [],
    fillDefaults: true,
  })
  await controller.start()
  return controller
}

test('a Service gets the first address of the pool, with annotation, condition and event in order', async () => {
  const { api, ipsOf, controller } = await rig(pool('a', '192.0.2.10-192.0.2.11'), service('web'))
  assert.deepEqual(ipsOf('web'), ['192.0.2.10'])
  const object = api.objects.get('Service/default/web')
  assert.equal(object?.metadata.annotations[ALLOCATED_FROM_POOL], 'a')
  assert.equal(object && holdingOf(object).condition?.status, 'True')
  assert.deepEqual(
    api.eventWrites.map(({ reason }) => reason),
    ['IPAllocated'],
  )
  await controller.stop()
})

test('a full pool is said once; freed room wakes the one that waits', async () => {
  const { api, ipsOf, controller } = await rig(pool('a', '192.0.2.10/32'), service('first'), service('second'))
  assert.deepEqual(ipsOf('second'), [])
  const refused = api.objects.get('Service/default/second')
  assert.equal(refused && holdingOf(refused).condition?.status, 'False')
  api.apply(service('second'), service('third'))
  await controller.settled()
  const warnings = api.eventWrites.filter(
    ({ object, reason }) => object.name === 'second' && reason === 'AllocationFailed',
  )
  assert.equal(warnings.length, 1)
  api.delete('Service', 'default', 'first')
  await controller.settled()
  assert.deepEqual(ipsOf('second'), ['192.0.2.10'])
  assert.deepEqual(ipsOf('third'), [])
  await controller.stop()
})

test('of those that wait, the older one gets the room, however the news came', async () => {
  const { api, ipsOf, controller } = await rig(pool('a', '192.0.2.10/32'), service('first'))
  api.apply(created(service('a-young'), '2026-01-02T00:00:00Z'))
  await controller.settled()
  api.apply(created(service('z-old'), '2026-01-01T00:00:00Z'))
  await controller.settled()
  api.apply(created(service('a-young', {}, { ports: [{ port: 81 }] }), '2026-01-02T00:00:00Z'))
  api.delete('Service', 'default', 'first')
  await controller.settled()
  assert.deepEqual([ipsOf('z-old'), ipsOf('a-young')], [['192.0.2.10'], []])
  await controller.stop()
})

test('Services that are not what they were do not stand before one that still waits', async () => {
  const sharing = { 'metallb.io/allow-shared-ip': 'k' }
  const waiting = ['b', 'c', 'd'].map((name) => created(service(name, sharing), '2026-01-01T00:00:00Z'))
  const { api, ipsOf, controller } = await rig(pool('a', '192.0.2.10/32'), service('a'), ...waiting)
  assert.deepEqual(ipsOf('a'), ['192.0.2.10'])
  api.delete('Service', 'default', 'a')
  api.apply(...['b', 'c'].map((name) => created(service(name), '2026-01-02T00:00:00Z')))
  await controller.settled()
  assert.deepEqual([ipsOf('b'), ipsOf('c'), ipsOf('d')], [[], [], ['192.0.2.10']])
  await controller.stop()
})

test('an address that a changed Service begins to share goes to the one that waits before one that is new', async () => {
  const wants = { 'metallb.io/loadBalancerIPs': '192.0.2.10' }
  const shares = { 'metallb.io/allow-shared-ip': 'k' }
  const waiting = service('c', { ...wants, ...shares })
  const { api, ipsOf, controller } = await rig(pool('a', '192.0.2.10/32'), service('a', wants), waiting)
  assert.deepEqual([ipsOf('a'), ipsOf('c')], [['192.0.2.10'], []])
  api.apply(service('e', { ...wants, ...shares }), service('a', shares, { ports: [{ port: 81 }] }))
  await controller.settled()
  assert.deepEqual([ipsOf('a'), ipsOf('c'), ipsOf('e')], [['192.0.2.10'], ['192.0.2.10'], []])
  await controller.stop()
})

test('an address that a changed Service gives up goes to the one that waits, not to a younger newcomer', async () => {
  const { api, ipsOf, controller } = await rig(pool('a', '192.0.2.10/32'), service('first'), service('second'))
  assert.deepEqual(ipsOf('second'), [])
  api.apply(service('third'), service('first', { 'metallb.io/loadBalancerIPs': '192.0.2.99' }))
  await controller.settled()
  assert.deepEqual([ipsOf('first'), ipsOf('second'), ipsOf('third')], [[], ['192.0.2.10'], []])
  await controller.stop()
})

test('a Service that begins to share is looked at before the one that wants to share with it', async () => {
  const { api, ipsOf, controller } = await rig(pool('a', '192.0.2.10-192.0.2.20'), service('web'))
  const sharing = { 'metallb.io/allow-shared-ip': 'web' }
  api.apply(service('metrics', sharing, { ports: [{ port: 9113 }] }), service('web', sharing))
  await controller.settled()
  assert.deepEqual([ipsOf('web'), ipsOf('metrics')], [['192.0.2.10'], ['192.0.2.10']])
  await controller.stop()
})

test('a second address that cannot be had is told once', async () => {
  const dual = { ipFamilyPolicy: 'PreferDualStack', ipFamilies: ['IPv4', 'IPv6'], clusterIPs: ['10.0.0.1', 'fd00::1'] }
  const { api, controller } = await rig(pool('a', '192.0.2.10-192.0.2.20'), service('web', {}, dual))
  for (const port of [81, 82, 83]) {
    api.apply(service('web', {}, { ...dual, ports: [{ port }] }))
    await controller.settled()
  }
  const told = api.eventWrites.filter(({ reason }) => reason === 'AdditionalAssignFailed')
  assert.equal(told.length, 1)
  await controller.stop()
})

test('a Service changed while its address is being written keeps it', async () => {
  const { api, ipsOf, controller } = await rig(pool('a', '192.0.2.10-192.0.2.20'), service('low'))
  const gate = Promise.withResolvers<void>()
  api.gate = gate.promise
  api.apply(service('web'))
  await new Promise((resolve) => setTimeout(resolve, 20))
  api.delete('Service', 'default', 'low')
  api.apply(service('web', {}, { ports: [{ port: 81 }] }))
  await new Promise((resolve) => setTimeout(resolve, 20))
  gate.resolve()
  await controller.settled()
  assert.deepEqual(ipsOf('web'), ['192.0.2.11'])
  assert.equal(api.statusWrites.filter(({ object }) => object.name === 'web').length, 1)
  await controller.stop()
})

test('an invalid configuration is held back: what there is keeps working on the last valid one', async () => {
  const { api, ipsOf, controller } = await rig(pool('a', '192.0.2.10-192.0.2.20'), service('web'))
  api.apply(pool('b', '192.0.2.15-192.0.2.25'))
  api.apply(service('later'))
  await controller.settled()
  assert.deepEqual(ipsOf('web'), ['192.0.2.10'])
  assert.deepEqual(ipsOf('later'), ['192.0.2.11'])
  const state = api.statusWrites.findLast(({ object }) => object.kind === 'ConfigurationState')
  assert.equal(state?.status['result'], 'Invalid')
  assert.match(String(state?.status['errorSummary']), /192\.0\.2\.15/)
  await controller.stop()
})

test('without a single valid configuration nothing is given and nothing is taken', async () => {
  const held = { ...service('web'), status: { loadBalancer: { ingress: [{ ip: '198.51.100.7' }] } } }
  const { api, ipsOf, controller } = await rig(pool('a', 'nonsense'), held)
  assert.deepEqual(ipsOf('web'), ['198.51.100.7'])
  assert.deepEqual(
    api.statusWrites.filter(({ object }) => object.kind === 'Service'),
    [],
  )
  await controller.stop()
})

test('a restart writes nothing about Services that are in order, and takes over what MetalLB left', async () => {
  const { api, controller } = await rig(pool('a', '192.0.2.10-192.0.2.20'), service('one'), service('two'))
  await controller.stop()
  api.apply({
    ...service('taken', { [ALLOCATED_FROM_POOL]: 'a' }),
    status: { loadBalancer: { ingress: [{ ip: '192.0.2.19' }] } },
  })
  api.statusWrites.length = 0
  api.eventWrites.length = 0
  const again = await startOn(api)
  assert.deepEqual(
    api.statusWrites.filter(({ object }) => object.kind === 'Service'),
    [],
  )
  assert.deepEqual(api.eventWrites, [])
  await again.stop()
})

test('a Service of another class is neither cleaned nor touched', async () => {
  const other = {
    ...service('other', {}, { loadBalancerClass: 'example.com/lb' }),
    status: { loadBalancer: { ingress: [{ ip: '192.0.2.10' }] } },
  }
  const { api, ipsOf, controller } = await rig(pool('a', '192.0.2.10-192.0.2.20'), other, service('web'))
  assert.deepEqual(
    api.statusWrites.filter(({ object }) => object.name === 'other'),
    [],
  )
  assert.deepEqual(ipsOf('web'), ['192.0.2.10'])
  await controller.stop()
})

test('a Service that stops being a load balancer gives its address back', async () => {
  const { api, ipsOf, controller } = await rig(pool('a', '192.0.2.10/32'), service('web'), service('next'))
  api.apply(service('web', {}, { type: 'ClusterIP' }))
  await controller.settled()
  assert.deepEqual(ipsOf('web'), [])
  assert.deepEqual(ipsOf('next'), ['192.0.2.10'])
  const object = api.objects.get('Service/default/web')
  assert.doesNotMatch(JSON.stringify(object), new RegExp(CONDITION))
  await controller.stop()
})

test('pool counters follow, exactly, also beyond what a double holds', async () => {
  const { api, controller } = await rig(
    pool('a', '192.0.2.10-192.0.2.20'),
    pool('six', '2001:db8::/64'),
    service('web'),
  )
  await new Promise((resolve) => setTimeout(resolve, 30))
  await controller.settled()
  const last = (name: string) => api.statusWrites.findLast(({ object }) => object.name === name)?.status
  assert.equal(JSON.stringify(last('a')), '{"assignedIPv4":1,"availableIPv4":10,"assignedIPv6":0,"availableIPv6":0}')
  assert.match(JSON.stringify(last('six')), /"availableIPv6":9223372036854775807/)
  await controller.stop()
})

test('random histories with failing writes: no address twice, none outside its pool, none lost', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const { api, controller } = await rig(pool('a', '192.0.2.10-192.0.2.17'))
    let state = seed
    const next = (bound: number) => {
      state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
      return Math.floor((state / 2_147_483_648) * bound)
    }
    for (let step = 0; step < 120; step++) {
      const name = `s${next(14)}`
      if (next(3) === 0) api.delete('Service', 'default', name)
      else api.apply(service(name, next(4) === 0 ? { 'metallb.io/loadBalancerIPs': `192.0.2.${10 + next(8)}` } : {}))
      if (next(5) === 0) api.faults = next(4)
      if (next(4) === 0) await new Promise(setImmediate)
    }
    await controller.settled()
    const held = [...api.objects.values()].filter(({ kind }) => kind === 'Service').map((object) => holdingOf(object))
    const ips = held.flatMap((holding) => holding.ips)
    assert.equal(new Set(ips).size, ips.length, `seed ${seed}: an address was given twice: ${ips.join()}`)
    const refused = held.filter((holding) => holding.ips.length === 0)
    assert.ok(
      ips.length === 8 || refused.every(({ condition }) => condition?.reason !== 'poolExhausted'),
      `seed ${seed}: room was left`,
    )
    await controller.stop()
  }
})

test('Services are converged anew for a change of pools only, not for what else changes in the configuration', async () => {
  const api = new MemoryObjects()
  api.apply(pool('a', '192.0.2.10-192.0.2.20'), service('web'))
  const log: string[] = []
  const controller = await startOn(api, log)
  await new Promise((resolve) => setTimeout(resolve, 30))
  api.apply(pool('a', '192.0.2.10-192.0.2.20'), node('n1'))
  await controller.settled()
  assert.deepEqual(
    api.statusWrites
      .filter(({ object }) => object.kind === 'IPAddressPool')
      .map(({ status }) => status['assignedIPv4']),
    [1],
  )
  assert.equal(log.filter((line) => line.includes('configuration in use')).length, 1)
  await controller.stop()
})

const BROKEN = { ports: [{ port: '80' }] }
const holding = (object: KubeObject, ip: string): KubeObject => ({
  ...object,
  status: { loadBalancer: { ingress: [{ ip }] } },
})

/** A Service `broken` that cannot be read when the controller starts, and who has which address then. */
const UNREADABLE: [name: string, broken: KubeObject, others: KubeObject[], expected: Record<string, string[]>][] = [
  ['keeps its address', holding(service('broken', {}, BROKEN), '192.0.2.10'), [], { web: ['192.0.2.11'] }],
  ['without an address gets none', service('broken', {}, BROKEN), [], { web: ['192.0.2.10'] }],
  [
    'keeps one that is shared, beside the others',
    holding(service('broken', { 'metallb.io/allow-shared-ip': 'k' }, BROKEN), '192.0.2.10'),
    [holding(service('sharer', { 'metallb.io/allow-shared-ip': 'k' }), '192.0.2.10')],
    { sharer: ['192.0.2.10'], web: ['192.0.2.11'] },
  ],
  [
    'of another class holds none of ours',
    holding(service('broken', {}, { ...BROKEN, loadBalancerClass: 'example.com/lb' }), '192.0.2.10'),
    [],
    { web: ['192.0.2.10'] },
  ],
  [
    'with an address of no pool keeps it, and is given no other',
    holding(service('broken', {}, BROKEN), '198.51.100.1'),
    [],
    { web: ['192.0.2.10'] },
  ],
]
for (const [name, broken, others, expected] of UNREADABLE) {
  test(`a Service that cannot be read: ${name}`, async () => {
    const before = holdingOf(broken).ips
    const { api, ipsOf, controller } = await rig(pool('a', '192.0.2.10-192.0.2.11'), broken, ...others, service('web'))
    assert.deepEqual(ipsOf('broken'), before)
    for (const [other, ips] of Object.entries(expected)) assert.deepEqual(ipsOf(other), ips)
    assert.deepEqual(
      api.statusWrites.filter(({ object }) => object.name === 'broken'),
      [],
    )
    api.apply({ ...broken, spec: { type: 'LoadBalancer', ports: [{ port: 81 }] } })
    await controller.settled()
    assert.deepEqual(ipsOf('web'), expected['web'])
    if (before[0] === '192.0.2.10' && expected['web']?.[0] !== before[0]) assert.deepEqual(ipsOf('broken'), before)
    await controller.stop()
  })
}
