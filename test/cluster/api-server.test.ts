// SPDX-License-Identifier: Apache-2.0
/** What the other tests here stand on: a real API server that can be asked, killed, and made to forget. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { type ApiServer, startApiServer } from '../../lab/cluster/api-server.ts'
import { apply, applyCrds, inParallel } from '../../lab/cluster/apply.ts'
import { fieldAt } from '../../lab/cluster/field.ts'
import { createNode, endpointSlice, namespace, pool, service } from '../../lab/cluster/objects.ts'
import { observed } from '../../lab/cluster/observe.ts'

const CONTROLLER = 'system:serviceaccount:metallb-system:controller'
const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
let server: ApiServer

before(async () => {
  server = await startApiServer()
})
after(async () => await server.stop())

test('all nine CRDs are accepted, established, and served without a complaint', async () => {
  await applyCrds(server.client)
  const { items: crds } = await server.client.list(CRDS)
  assert.equal(crds.length, 9)
  for (const crd of crds) {
    const conditions = fieldAt(crd, 'status', 'conditions')
    assert.ok(Array.isArray(conditions))
    const all = conditions.map((condition) => [fieldAt(condition, 'type'), fieldAt(condition, 'status')])
    const expected = { NamesAccepted: 'True', Established: 'True' }
    assert.deepEqual(Object.fromEntries(all), expected, crd.metadata.name)
  }
})

test('kubectl works with the kubeconfig, and says the version that was built', async () => {
  const { stdout } = await promisify(execFile)(server.kubectl, [
    '--kubeconfig',
    server.kubeconfig,
    'version',
    '-o',
    'json',
  ])
  const { clientVersion, serverVersion } = JSON.parse(stdout)
  assert.match(serverVersion.gitVersion, /^v1\.\d+\.\d+$/)
  assert.equal(clientVersion.gitVersion, serverVersion.gitVersion)
})

test('a service account without a role may do nothing, and the audit log says who asked', async () => {
  const { status } = await server.clientFor(CONTROLLER).send('GET', '/api/v1/services')
  assert.equal(status, 403)
  const refusals = server.auditEvents().filter(({ responseStatus }) => responseStatus?.code === 403)
  assert.deepEqual(
    refusals.map(({ verb, user, objectRef }) => [verb, user.username, objectRef?.resource]),
    [['list', CONTROLLER, 'services']],
  )
})

test('objects as a cluster has them', async () => {
  await apply(server.client, [namespace(), pool('a', '192.0.2.0/24'), service('web'), endpointSlice('web', ['node-1'])])
  await createNode(server.client, 'node-1', { address: '10.0.0.1' })
  const node = await server.client.get('/api/v1/nodes/node-1')
  assert.deepEqual(fieldAt(node, 'status', 'addresses'), [{ type: 'InternalIP', address: '10.0.0.1' }])
  const web = { path: '/api/v1/namespaces/default/services', name: 'web' }
  const ingress = [{ ip: '192.0.2.1', ipMode: 'VIP' }]
  const seen = observed(
    server.client,
    web,
    (found) => JSON.stringify(found).includes('192.0.2.1'),
    'web has an address',
  )
  await server.client.patchStatus(service('web'), { loadBalancer: { ingress } })
  assert.deepEqual((await seen)?.['status'], { loadBalancer: { ingress } })
})

test('killed and started again, it knows what it knew, at the same address', async () => {
  const firstPid = server.pid
  await server.kill()
  await assert.rejects(server.client.get('/api/v1/nodes'))
  await server.restart()
  assert.notEqual(server.pid, firstPid)
  assert.equal((await server.client.list('/api/v1/nodes')).items.length, 1)
})

test('what was compacted is gone: a watch from before ends with 410', async () => {
  const { metadata } = await server.client.list('/api/v1/services')
  const names = Array.from({ length: 20 }, (_, index) => `later-${index}`)
  await inParallel(names, 4, async (name) => void (await server.client.create(service(name))))
  await server.compactEtcd()
  await server.restart()
  const events = server.client.watch('/api/v1/services', metadata.resourceVersion, AbortSignal.timeout(10_000))
  const { value } = await events.next()
  assert.equal(value?.type, 'ERROR')
  assert.equal(fieldAt(value?.object, 'code'), 410)
})
