// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bgp, core, host, node, peer, pool } from '../../../test/model/objects.ts'
import { MemoryObjects } from '../../../test/sim/memory-objects.ts'
import { systemClock } from '../../lib/clock.ts'
import { createLog } from '../../lib/log.ts'
import type { KubeObject } from '../../lib/object.ts'
import { textAt } from '../../lib/unchecked.ts'
import { Controller } from './controller.ts'
import { plannedRoutes } from './planned-routes.ts'

const service = (name: string, externalTrafficPolicy = 'Cluster') => {
  const spec = { type: 'LoadBalancer', externalTrafficPolicy, ports: [{ port: 80 }] }
  return core('Service', name, { spec }, { namespace: 'default' })
}
const at = (address: string) => ({ addresses: [{ type: 'InternalIP', address }] })
const ROUTED = [
  pool('a', ['192.0.2.0/30']),
  bgp('out', { localPref: 200, communities: ['65535:65281'] }),
  node('iris1', {}, at('10.0.0.11')),
  node('iris2', {}, at('fd00::12')),
]

async function planned(...objects: readonly KubeObject[]): Promise<readonly unknown[]> {
  const api = new MemoryObjects()
  api.apply(...objects)
  const client = api.open()
  const around = { source: client, sink: client, log: createLog('none'), clock: systemClock }
  const options = { ...around, namespace: 'metallb-system', classes: [], fillDefaults: true }
  const controller = new Controller(options)
  await controller.start()
  const routes = [...plannedRoutes(controller.view)]
  await controller.stop()
  return routes
}

const common = { prefix: '192.0.2.0/32', origin: 'igp', med: null, communities: ['no-export'], largeCommunities: [] }
const web = { ...common, service: 'default/web' }

test('to an external and an internal peer, from every node, with its own address where that is known', async () => {
  const internal = peer('rr', { peerASN: 64_500, peerAddress: '192.0.2.253', sourceAddress: '10.9.9.9' })
  const routes = await planned(...ROUTED, peer('tor'), internal, service('web'))
  const toRr = { ...web, peer: 'rr', asPath: '', nextHops: ['10.9.9.9'], localPref: 200 }
  const toTor = { ...web, peer: 'tor', asPath: '64500', localPref: null }
  assert.deepEqual(routes, [
    { ...toRr, node: 'iris1' },
    { ...toTor, node: 'iris1', nextHops: ['10.0.0.11'] },
    { ...toRr, node: 'iris2' },
    { ...toTor, node: 'iris2', nextHops: [] },
  ])
})

test('only from nodes that have the session, with the AS that the peer sees', async () => {
  const tor = peer('tor', { nodeSelectors: [host('iris2')], localASN: 64_999 })
  const routes = await planned(...ROUTED, tor, service('web', 'Local'), service('internal'))
  assert.deepEqual(
    routes.map((route) => ['service', 'node', 'asPath'].map((field) => textAt(route, field)).join(' ')).toSorted(),
    ['default/internal iris2 64999', 'default/web iris2 64999'],
  )
})

test('nothing without peers, without addresses, and for Services of other types', async () => {
  assert.deepEqual(await planned(...ROUTED, service('web')), [])
  assert.deepEqual(await planned(...ROUTED.slice(1), peer('tor'), service('web')), [])
  const plain = core('Service', 'plain', { spec: { ports: [{ port: 80 }] } }, { namespace: 'default' })
  assert.deepEqual(await planned(...ROUTED, peer('tor'), plain), [])
})
