// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { core, pool } from '../../../test/model/objects.ts'
import { MemoryObjects } from '../../../test/sim/memory-objects.ts'
import { systemClock } from '../../lib/clock.ts'
import { createLog } from '../../lib/log.ts'
import { Metrics } from '../../lib/metrics.ts'
import type { KubeObject } from '../../lib/object.ts'
import { registerClientMetrics } from '../client-metrics.ts'
import { CountedSource } from '../counted-source.ts'
import { type DocumentName, jsonPieces } from '../listeners/documents.ts'
import { History } from '../listeners/history.ts'
import { openRunDirectory } from '../listeners/run-directory.ts'
import { Controller } from './controller.ts'
import { controllerDocuments } from './documents.ts'

const service = (name: string, type = 'LoadBalancer') =>
  core('Service', name, { spec: { type, ports: [{ port: 80 }] } }, { namespace: 'default' })

async function rig(...objects: readonly KubeObject[]) {
  const api = new MemoryObjects()
  api.apply(...objects)
  const client = api.open()
  const source = new CountedSource(client)
  const directory = openRunDirectory('/proc/metallb')
  const history = new History({ program: 'controller', directory, clock: systemClock })
  const log = history.recording(createLog('none'))
  const options = {
    sink: client,
    log,
    clock: systemClock,
    namespace: 'metallb-system',
    classes: [],
    fillDefaults: true,
  }
  const controller = new Controller({ source, ...options })
  const documents = controllerDocuments({ view: controller.view, history, leader: () => 'controller-1' })
  const metrics = new Metrics()
  registerClientMetrics(metrics, { ...controller.view, updates: () => source.updates })
  await controller.start()
  const read = (name: DocumentName): Record<string, unknown> => {
    const document: Record<string, unknown> = JSON.parse([...jsonPieces(documents[name]())].join(''))
    return document
  }
  return { api, controller, read, metrics }
}

test('state: pools, Services with address or refusal, problems, who leads', async () => {
  const { controller, read } = await rig(pool('a', ['192.0.2.10/32']), service('first'), service('second'))
  const { problems, services, ...state } = read('state')
  assert.deepEqual(problems, [])
  assert.deepEqual(services, [
    {
      service: 'default/first',
      readable: true,
      ips: ['192.0.2.10'],
      pool: 'a',
      reason: 'Assigned',
      message: 'from pool a',
    },
    {
      service: 'default/second',
      readable: true,
      ips: [],
      pool: null,
      reason: 'poolExhausted',
      message: 'no available IPs: pool a is full: 1 of 1 in use',
    },
  ])
  const { version, ...rest } = state
  assert.match(String(version), /^\d+\.\d+/)
  assert.deepEqual(rest, {
    program: 'controller',
    leads: true,
    leader: 'controller-1',
    configured: true,
    pools: [{ name: 'a', assignedIPv4: 1, availableIPv4: 0, assignedIPv6: 0, availableIPv6: 0 }],
  })
  await controller.stop()
})

test('plan: what is about to be written', async () => {
  const { api, controller, read } = await rig(pool('a', ['192.0.2.10-192.0.2.11']), service('web', 'ClusterIP'))
  assert.deepEqual(read('plan'), { writes: [] })
  assert.deepEqual(read('state')['services'], [], 'a Service that asks for nothing is none of ours')
  const gate = Promise.withResolvers<void>()
  api.gate = gate.promise
  api.apply(service('web'))
  await nextTurn()
  await nextTurn()
  const nothing = { ips: [], pool: null, reason: null, message: null }
  const given = { ips: ['192.0.2.10'], pool: 'a', reason: 'Assigned', message: 'from pool a' }
  assert.deepEqual(read('plan'), { writes: [{ service: 'default/web', from: nothing, to: given }] })
  gate.resolve()
  await controller.settled()
  assert.deepEqual(read('plan'), { writes: [] })
  await controller.stop()
})

test('the other documents are there', async () => {
  const { controller, read } = await rig(pool('a', ['192.0.2.10/32']))
  assert.deepEqual([read('peers'), read('members')], [{ planned: true, peers: [], routes: [] }, { members: [] }])
  const { keptIn, entries } = read('history')
  assert.equal(keptIn, 'memory')
  assert.ok(Array.isArray(entries) && entries.length > 0)
  await controller.stop()
})

const name = (end: string) => `metallb_k8s_client_${end}`

test('client metrics: updates, errors, and whether the configuration in use is the one there is', async () => {
  const { api, controller, metrics } = await rig(pool('a', ['192.0.2.10/32']))
  const read = () => Object.fromEntries((metrics.render().match(/^m.*/gm) ?? []).map((line) => line.split(' ')))
  assert.deepEqual(read(), {
    [name('config_loaded_bool')]: '1',
    [name('config_stale_bool')]: '0',
    [name('update_errors_total')]: '0',
    [name('updates_total')]: '1',
  })
  api.apply(pool('b', ['192.0.2.10/32']))
  await controller.settled()
  const stale = read()
  assert.equal(stale[name('config_loaded_bool')], '1')
  assert.equal(stale[name('config_stale_bool')], '1')
  assert.ok(Number(stale[name('update_errors_total')]) > 0)
  assert.ok(Number(stale[name('updates_total')]) > 1)
  api.apply(pool('b', ['192.0.2.11/32']))
  await controller.settled()
  assert.equal(read()[name('config_stale_bool')], '0')
  await controller.stop()
})
