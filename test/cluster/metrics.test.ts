// SPDX-License-Identifier: Apache-2.0
/** Who may read metrics and documents, as a real API server sees it, with the rights that our manifests give us. */
import assert from 'node:assert/strict'
import { request } from 'node:https'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Manifest } from '../../lab/cluster/api-client.ts'
import { type ApiServer, startApiServer } from '../../lab/cluster/api-server.ts'
import { apply } from '../../lab/cluster/apply.ts'
import { serviceAccount } from '../../lab/cluster/credentials.ts'
import { namespace } from '../../lab/cluster/objects.ts'
import type { KubeApi } from '../../src/kube/api.ts'
import { openClient } from '../../src/kube/client.ts'
import { readKubeconfig } from '../../src/kube/kubeconfig.ts'
import { reviewOwnAccess } from '../../src/kube/review.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { createLog } from '../../src/lib/log.ts'
import { Metrics } from '../../src/lib/metrics.ts'
import { type Listeners, openListeners } from '../../src/programs/listeners/open-listeners.ts'
import { Readiness } from '../../src/programs/listeners/readiness.ts'

const MONITORING = 'monitoring'
const READER: readonly Manifest[] = [
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: 'metrics-reader' },
    rules: [{ nonResourceURLs: ['/metrics'], verbs: ['get'] }],
  },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: 'metrics-reader' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'metrics-reader' },
    subjects: [{ kind: 'ServiceAccount', name: 'prometheus', namespace: MONITORING }],
  },
]
const BINDING = '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/metrics-reader'

const nothing = () => ({})

let server: ApiServer
let api: KubeApi
let listeners: Listeners
/** Turned forward by hand: decisions count for 10 s. */
let skippedMs = 0

async function freePort(): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>()
  const socket = createServer().listen(0, () => {
    const address = socket.address()
    socket.close(() => resolve(typeof address === 'object' ? (address?.port ?? 0) : 0))
  })
  return await promise
}

before(async () => {
  const accounts = [
    serviceAccount('controller'),
    serviceAccount('prometheus', MONITORING),
    serviceAccount('other', MONITORING),
  ]
  server = await startApiServer({ users: accounts })
  await apply(server.client, [namespace(), namespace(MONITORING), ...READER])
  await apply(server.client, join(import.meta.dirname, '../../deploy/manifests/rbac.yaml'))
  api = openClient(await readKubeconfig(server.kubeconfigFor('controller')), { userAgent: 'metrics/1' })
  const metrics = new Metrics()
  metrics.gauge('answer', 'A.').set({}, 42)
  listeners = await openListeners({
    program: 'controller',
    flags: {
      port: await freePort(),
      'metrics-secure': true,
      'metrics-cert-dir': '',
      'tls-min-version': '',
      'tls-cipher-suites': '',
      'tls-curve-preferences': '',
      'health-probe-port': 0,
    },
    readiness: new Readiness(),
    metrics,
    documents: () => ({ state: nothing, plan: nothing, peers: nothing, members: nothing, history: nothing }),
    directory: { usable: true, path: server.directory },
    api: () => api,
    clock: { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + skippedMs },
    log: createLog('none'),
  })
})
after(async () => {
  await listeners.close()
  api.close()
  await server.stop()
})

async function statusOf(path: string, token: string | undefined): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const port = listeners.metricsPort
  const where = { host: '127.0.0.1', port, path, headers, rejectUnauthorized: false, agent: false } as const
  request(where, (response) => {
    response.resume().on('end', () => resolve(response.statusCode ?? 0))
  })
    .on('error', reject)
    .end()
  return await promise
}

const tokenOf = (name: string) => server.tokenFor(name, MONITORING)

test('who may read what', async (t) => {
  const cases: [string, string, string | undefined, number][] = [
    ['metrics with the right to them', '/metrics', tokenOf('prometheus'), 200],
    ['a document with that right, and the one to /api/* that all have', '/api/v1/state', tokenOf('prometheus'), 200],
    ['a document with that one alone', '/api/v1/state', tokenOf('other'), 403],
    ['a path that nobody has a right to', '/secret', tokenOf('prometheus'), 403],
    ['an account without rights', '/metrics', tokenOf('other'), 403],
    ['a token that nobody gave', '/metrics', 'made-up', 401],
    ['no token', '/metrics', undefined, 401],
    ['the administrator', '/api/v1/plan', server.adminToken, 200],
  ]
  for (const [name, path, token, status] of cases) {
    await t.test(name, async () => assert.equal(await statusOf(path, token), status))
  }
})

test('scrapes within 10 s ask nobody, and a right that is taken away is gone after them', async () => {
  const reviews = () => server.auditEvents().filter(({ requestURI }) => requestURI.includes('reviews')).length
  const asked = reviews()
  for (let scrape = 0; scrape < 5; scrape++) assert.equal(await statusOf('/metrics', tokenOf('prometheus')), 200)
  assert.equal(reviews(), asked)
  await server.client.request('DELETE', BINDING)
  skippedMs += 10_000
  // The API server's authorizer hears of the deletion from its own watch.
  const endMs = performance.now() + 10_000
  while ((await statusOf('/metrics', tokenOf('prometheus'))) !== 403) {
    assert.ok(performance.now() < endMs, 'the right is still there 10 s after it was taken away')
    skippedMs += 10_000
  }
  assert.ok(reviews() > asked)
})

test('what we may do ourselves', async () => {
  const create = { verb: 'create', group: 'authentication.k8s.io', resource: 'tokenreviews', namespace: '' }
  assert.equal(await reviewOwnAccess(api, create), true)
  assert.equal(await reviewOwnAccess(api, { verb: 'delete', group: '', resource: 'nodes', namespace: '' }), false)
  assert.equal(await reviewOwnAccess(api, { verb: 'get', path: '/metrics' }), false)
})

test('while the API server is away nobody new is let in', async () => {
  skippedMs += 10_000
  assert.equal(await statusOf('/metrics', server.adminToken), 200)
  await server.kill()
  assert.equal(await statusOf('/metrics', server.adminToken), 200, 'decided a moment ago')
  assert.equal(await statusOf('/metrics', tokenOf('other')), 503)
  skippedMs += 10_000
  assert.equal(await statusOf('/metrics', server.adminToken), 503)
})
