// SPDX-License-Identifier: Apache-2.0
/** The controller as a process beside a real API server: one allocation from end to end, and what it costs. */
import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Manifest } from '../../lab/cluster/api-client.ts'
import { type ApiServer, startApiServer } from '../../lab/cluster/api-server.ts'
import { apply, applyCrds } from '../../lab/cluster/apply.ts'
import { fieldAt } from '../../lab/cluster/field.ts'
import { metallb, namespace, pool, service } from '../../lab/cluster/objects.ts'
import { observed } from '../../lab/cluster/observe.ts'
import type { ClusterProgram } from '../../lab/cluster/program.ts'
import {
  addressOf,
  conditionOf,
  holdings,
  ipOf,
  POOL_ANNOTATION,
  SERVICES,
  startLeader,
  writesSince,
} from './controller-stage.ts'

const METALLB = '/apis/metallb.io/v1beta1/namespaces/metallb-system'
/** Longer than anything is put off: pool counters are written once a second. */
const QUIET_MS = 1500
const isClear = (web: Manifest | undefined) =>
  ipOf(web) === '' && conditionOf(web) === '' && web?.metadata.annotations?.[POOL_ANNOTATION] === undefined
const counted = (seen: unknown) => fieldAt(seen, 'status', 'assignedIPv4') === 1
const says = (result: string) => (seen: unknown) => fieldAt(seen, 'status', 'result') === result
let server: ApiServer
let controller: ClusterProgram | undefined

before(async () => {
  server = await startApiServer()
  await applyCrds(server.client)
  await apply(server.client, [namespace(), pool('a', '192.0.2.1-192.0.2.4')])
  controller = await startLeader(server.kubeconfig)
  const place = { path: `${METALLB}/configurationstates`, name: 'controller' }
  await observed(
    server.client,
    place,
    (state) => fieldAt(state, 'status', 'result') === 'Valid',
    'the controller works',
  )
})
after(async () => {
  await controller?.stop()
  await server.stop()
})
beforeEach(async () => {
  const { items } = await server.client.list(SERVICES)
  for (const { metadata } of items)
    if (metadata.name !== 'kubernetes') await server.client.delete(service(metadata.name))
  await sleep(QUIET_MS)
})

test('a new Service: address, annotation, condition and event, by two writes', async () => {
  const since = server.auditEvents().length
  await server.client.create(service('web'))
  assert.equal(await addressOf(server, 'web'), '192.0.2.1')
  const web = await server.client.get(`${SERVICES}/web`)
  assert.equal(web.metadata.annotations?.[POOL_ANNOTATION], 'a')
  assert.equal(conditionOf(web), 'True Assigned')
  const selector = encodeURIComponent(`involvedObject.name=web,involvedObject.uid=${web.metadata.uid}`)
  await sleep(QUIET_MS)
  const { items } = await server.client.list(`/api/v1/namespaces/default/events?fieldSelector=${selector}`)
  assert.deepEqual(
    items.map((event) => [event['type'], event['reason'], event['message'], fieldAt(event, 'source', 'component')]),
    [['Normal', 'IPAllocated', 'Assigned IP ["192.0.2.1"]', 'metallb-controller']],
  )
  assert.deepEqual(
    writesSince(server, since).map((write) => write.split(' ').slice(0, 2).join(' ')),
    ['patch services', 'create events', 'patch ipaddresspools'],
  )
})

test('a change that does not matter costs no write', async () => {
  await server.client.create(service('web'))
  await addressOf(server, 'web')
  await sleep(QUIET_MS)
  const since = server.auditEvents().length
  await server.client.apply(service('web', {}, { labels: { team: 'x' } }))
  await sleep(QUIET_MS)
  assert.deepEqual(writesSince(server, since), [])
})

test('a full pool: the condition says so, and a deletion serves the one that waits', async () => {
  for (const name of ['a', 'b', 'c', 'd']) {
    await server.client.create(service(name))
    await addressOf(server, name)
  }
  await server.client.create(service('late'))
  const place = { path: SERVICES, name: 'late' }
  await observed(server.client, place, (late) => conditionOf(late) === 'False poolExhausted', 'late is told')
  await server.client.delete(service('b'))
  assert.equal(await addressOf(server, 'late'), '192.0.2.2')
})

test('a Service that is no load balancer any more says nothing of ours', async () => {
  await server.client.create(service('web'))
  await addressOf(server, 'web')
  await server.client.apply({
    ...service('web'),
    spec: { type: 'ClusterIP', ports: [{ port: 80 }], selector: { app: 'web' } },
  })
  const place = { path: SERVICES, name: 'web' }
  await observed(server.client, place, isClear, 'web is clear')
})

test('conditions of others stay', async () => {
  const other = {
    type: 'example.com/Ready',
    status: 'True',
    reason: 'Fine',
    message: '',
    lastTransitionTime: '2026-01-01T00:00:00Z',
  }
  await server.client.create(service('web'))
  await addressOf(server, 'web')
  const path = `${SERVICES}/web/status`
  const body = { status: { conditions: [other] } }
  await server.client.request('PATCH', path, { body, type: 'application/strategic-merge-patch+json' })
  await server.client.apply(service('web', {}, { annotations: { 'metallb.io/loadBalancerIPs': '192.0.2.3' } }))
  const place = { path: SERVICES, name: 'web' }
  const web = await observed(server.client, place, (seen) => ipOf(seen) === '192.0.2.3', 'web has what it asks for')
  assert.match(JSON.stringify(fieldAt(web, 'status', 'conditions')), /example\.com\/Ready/)
  assert.equal(conditionOf(web), 'True Assigned')
})

test('pool counters and ConfigurationState follow; a ConfigurationState that is deleted comes back', async () => {
  await server.client.create(service('web'))
  await observed(server.client, { path: `${METALLB}/ipaddresspools`, name: 'a' }, counted, 'one address is counted')
  const place = { path: `${METALLB}/configurationstates`, name: 'controller' }
  const valid = await observed(server.client, place, says('Valid'), 'the configuration is valid')
  assert.equal(valid?.metadata.labels?.['metallb.io/component-type'], 'controller')
  await server.client.apply(pool('b', '192.0.2.3-192.0.2.9'))
  await observed(server.client, place, says('Invalid'), 'an overlap is said')
  await server.client.delete(metallb('ConfigurationState', 'controller', {}))
  await observed(server.client, place, says('Invalid'), 'it is said again')
  await server.client.delete(pool('b'))
  await observed(server.client, place, says('Valid'), 'the configuration is valid again')
})

test('a restart writes nothing', async () => {
  for (const name of ['a', 'b', 'c', 'd', 'e']) await server.client.create(service(name))
  const place = { path: SERVICES, name: 'e' }
  await observed(server.client, place, (seen) => conditionOf(seen) === 'False poolExhausted', 'e is told')
  await sleep(QUIET_MS)
  assert.equal(await controller?.stop(), 0)
  const since = server.auditEvents().length
  controller = await startLeader(server.kubeconfig)
  await sleep(QUIET_MS)
  assert.deepEqual(writesSince(server, since), [])
})

test('the API server away for 15 seconds: nothing lost, and what was asked for meanwhile is served', async (context) => {
  await server.client.create(service('before'))
  const ip = await addressOf(server, 'before')
  await server.kill()
  await sleep(15_000)
  await server.start()
  const started = performance.now()
  await server.client.create(service('after'))
  assert.equal(await addressOf(server, 'after'), '192.0.2.2')
  context.diagnostic(`served ${((performance.now() - started) / 1000).toFixed(1)} s after the API server was ready`)
  assert.equal((await holdings(server)).get('before'), ip)
})
