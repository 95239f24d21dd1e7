// SPDX-License-Identifier: Apache-2.0
/** The webhooks of one controller and of three, called by a real API server through the Service of the manifests. */
import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { join } from 'node:path'
import { after, before as setUp, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ApiClient, Manifest } from '../../lab/cluster/api-client.ts'
import { type ApiServer, startApiServer } from '../../lab/cluster/api-server.ts'
import { apply, applyCrds, readManifests } from '../../lab/cluster/apply.ts'
import { fieldAt } from '../../lab/cluster/field.ts'
import { createNode, metallb, namespace, pool } from '../../lab/cluster/objects.ts'
import { observed } from '../../lab/cluster/observe.ts'
import { issueServing, makeAuthority } from '../../src/lib/certificate.ts'
import { STEPS, type Step } from './webhook-calls.ts'
import { ControllerPod, HUB, makePodNetwork, WEBHOOK_PORT } from './webhook-pods.ts'

const MANIFESTS = join(import.meta.dirname, '../../deploy/manifests')
const LEASE = '/apis/coordination.k8s.io/v1/namespaces/metallb-system/leases/metallb-controller'
const SECRETS = '/api/v1/namespaces/metallb-system/secrets'
const CONFIGURATIONS = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations'
const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const V1BETA1 = '/apis/metallb.io/v1beta1/namespaces/metallb-system/bgppeers'
const V1BETA2 = '/apis/metallb.io/v1beta2/namespaces/metallb-system/bgppeers'
const HOST = 'metallb-webhook-service.metallb-system.svc'

let server: ApiServer
let client: ApiClient
const pods: ControllerPod[] = []

setUp(async () => {
  makePodNetwork()
  server = await startApiServer({ address: HUB, flags: { 'enable-aggregator-routing': 'true' } })
  client = server.client
  await client.apply(namespace())
  await applyCrds(client)
  await apply(client, join(MANIFESTS, 'rbac.yaml'))
  await apply(client, join(MANIFESTS, 'webhooks.yaml'))
  await createNode(client, 'n1', { address: '10.0.0.1' })
  await createNode(client, 'n2', { address: '10.0.0.2' })
})
after(async () => {
  await Promise.all(pods.map((pod) => pod.stop()))
  await server.stop()
})

/** Starts what is missing to `count` replicas, and leads the Service to them once the kubelet would call them ready. */
async function scale(count: number): Promise<void> {
  while (pods.length < count) {
    pods.push(await ControllerPod.start(pods.length + 1, server.kubeconfigFor('controller')))
  }
  await eventually(async () => (await Promise.all(pods.map((pod) => pod.readyStatus()))).every((it) => it === 200))
  await leadTo(pods)
  await eventually(async () => (await tryOut(pool('bad', 'x'))).includes('denied the request'))
}

/** What the EndpointSlice controller writes when these Pods, and no others, are ready. */
async function leadTo(ready: readonly ControllerPod[]): Promise<void> {
  const labels = { 'kubernetes.io/service-name': 'metallb-webhook-service' }
  await client.apply({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'metallb-webhook-service', namespace: 'metallb-system', labels },
    addressType: 'IPv4',
    ports: [{ name: 'webhook', protocol: 'TCP', port: WEBHOOK_PORT }],
    endpoints: ready.map(({ address }) => ({ addresses: [address], conditions: { ready: true } })),
  })
}

/** Resolves when all show the certificate that the Secret holds, and the API server trusts it. */
async function agreed(): Promise<void> {
  await eventually(async () => {
    const shown = await Promise.all(pods.map((pod) => pod.shownCertificate()))
    const { 'tls.crt': kept } = dataOf(await client.get(`${SECRETS}/metallb-webhook-cert`))
    return shown.every((fingerprint) => fingerprint === fingerprintOf(kept))
  })
  await eventually(async () => (await tryOut(pool('fine', '10.77.0.0/24'))) === '')
}

async function eventually(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    if (await holds()) return
    await sleep(100)
  }
  assert.fail(`it did not come true; ${pods.map(({ program }) => program.lastWords()).join('\n')}`)
}

/** What the API server says to an object that is not stored in the end; '' where it would be. */
async function tryOut(object: Manifest): Promise<string> {
  const collection = (await client.pathOf(object)).replace(/\/[^/]*$/, '')
  const { status, body } = await client.send('POST', `${collection}?dryRun=All`, { body: object })
  return status < 300 ? '' : String(fieldAt(body, 'message'))
}

async function take({ method, object }: Step): Promise<{ status: number; message: string }> {
  const path = await client.pathOf(object)
  const merge = { body: { spec: object['spec'] }, type: 'application/merge-patch+json' }
  const { status, body } =
    method === 'POST'
      ? await client.send('POST', path.replace(/\/[^/]*$/, ''), { body: object })
      : await client.send(method, path, method === 'PATCH' ? merge : undefined)
  return { status, message: status < 300 ? '' : String(fieldAt(body, 'message')) }
}

for (const count of [1, 3]) {
  test(`with ${count} of them: they become ready, and the API server calls them`, () => scale(count))

  for (const step of STEPS) {
    test(`with ${count} of them: ${step.method} ${step.object.kind}: ${step.name}`, async () => {
      const { status, message } = await take(step)
      if (step.refused === '') assert.equal(message, '')
      else assert.ok(message.includes(step.refused) && message.includes('denied the request'), message)
      assert.equal(step.refused === '' ? status < 300 : status === 403, true, `${status}`)
    })
  }
}

test('the Secret holds what MetalLB keeps there, and all replicas show the same certificate', async () => {
  const secret = await client.get(`${SECRETS}/metallb-webhook-cert`)
  const data = fieldAt(secret, 'data')
  assert.deepEqual(Object.keys(data ?? {}).toSorted(), ['ca.crt', 'ca.key', 'tls.crt', 'tls.key'])
  const [authority, serving] = ['ca.crt', 'tls.crt'].map((key) => new X509Certificate(decode(fieldAt(data, key))))
  assert.equal(authority?.subject, 'O=metallb\nCN=cert')
  assert.equal(serving?.checkHost(HOST), HOST)
  for (const pod of pods) assert.equal(await pod.shownCertificate(), serving?.fingerprint256)
  const made = pods.flatMap(({ program }) =>
    program.lines.filter(({ msg }) => msg === 'certificate of the webhooks made'),
  )
  assert.equal(made.length, 1)
})

test('the authority stands at each webhook and at the conversion, written by MetalLB', async () => {
  const authority = fieldAt(await client.get(`${SECRETS}/metallb-webhook-cert`), 'data', 'ca.crt')
  const configuration = await client.get(`${CONFIGURATIONS}/metallb-webhook-configuration`)
  const webhooks = fieldAt(configuration, 'webhooks')
  assert.ok(Array.isArray(webhooks))
  assert.deepEqual(
    webhooks.map((webhook) => fieldAt(webhook, 'clientConfig', 'caBundle')),
    Array.from({ length: 6 }, () => authority),
  )
  const crd = await client.get(`${CRDS}/bgppeers.metallb.io`)
  assert.equal(fieldAt(crd, 'spec', 'conversion', 'webhook', 'clientConfig', 'caBundle'), authority)
  for (const object of [configuration, crd]) {
    const managed = fieldAt(object.metadata, 'managedFields')
    assert.ok(Array.isArray(managed) && managed.some((entry) => fieldAt(entry, 'manager') === 'MetalLB'))
  }
})

test('the log has a line with bgp for every BGP object', () => {
  const said = new Set(
    pods.flatMap(({ program }) => program.lines.map(({ msg, object }) => `${msg} ${String(object)}`)),
  )
  assert.ok(said.has('bgp object admitted BGPPeer/metallb-system/p'))
  assert.ok(said.has('bgp object refused BGPPeer/metallb-system/q'))
})

const FULL = {
  myASN: 64500,
  dynamicASN: 'external',
  interface: 'eth1',
  peerPort: 1179,
  holdTime: '90s',
  keepaliveTime: '30s',
  connectTime: '10s',
  routerID: '10.0.0.1',
  sourceAddress: '10.0.0.1',
  nodeSelectors: [{ matchExpressions: [{ key: 'rack', operator: 'In', values: ['a'] }] }],
  passwordSecret: { name: 'bgp', key: 'password' },
  bfdProfile: 'fast',
  ebgpMultiHop: true,
  enableGracefulRestart: true,
  gracefulRestart: { enabled: true, restartTime: '60s' },
  localASN: 64999,
  passive: true,
  ttlSecurityHops: 3,
  vrf: 'red',
  disableMP: true,
  dualStackAddressFamily: true,
}

test('a v1beta2 peer of every field is read as v1beta1, labelled as v1beta1, and is the same as before', async () => {
  await client.create(metallb('BGPPeer', 'full', FULL, 'v1beta2'))
  const before = await client.get(`${V1BETA2}/full`)
  assert.deepEqual(fieldAt(before, 'spec'), FULL)
  const seen = await client.get(`${V1BETA1}/full`)
  assert.deepEqual([fieldAt(seen, 'spec', 'peerASN'), fieldAt(seen, 'spec', 'peerAddress')], [0, ''])
  assert.deepEqual(Object.keys(seen.metadata.annotations ?? {}), ['metallb.io/conversion-data'])
  const merge = 'application/merge-patch+json'
  await client.request('PATCH', `${V1BETA1}/full`, { body: { metadata: { labels: { a: 'b' } } }, type: merge })
  const labelled = await client.get(`${V1BETA2}/full`)
  assert.deepEqual(fieldAt(labelled, 'spec'), FULL)
  assert.deepEqual([labelled.metadata.labels, labelled.metadata.annotations], [{ a: 'b' }, undefined])
  await client.request('PATCH', `${V1BETA1}/full`, {
    body: { spec: { holdTime: '30s', keepaliveTime: '10s' } },
    type: merge,
  })
  const edited = await client.get(`${V1BETA2}/full`)
  assert.deepEqual(fieldAt(edited, 'spec'), { ...FULL, holdTime: '30s', keepaliveTime: '10s' })
  await client.request('DELETE', `${V1BETA1}/full`)
})

test('a v1beta1 peer keeps its timers unset, and lists of either version have both', async () => {
  const spec = { myASN: 64500, peerASN: 64501, peerAddress: '10.9.0.9' }
  await client.create(metallb('BGPPeer', 'old', spec))
  await client.create(metallb('BGPPeer', 'new', { ...spec, peerAddress: '10.9.0.8', vrf: 'red' }, 'v1beta2'))
  const defaults = { peerPort: 179, disableMP: false, dualStackAddressFamily: false }
  assert.deepEqual(fieldAt(await client.get(`${V1BETA2}/old`), 'spec'), { ...spec, ...defaults })
  for (const path of [V1BETA1, V1BETA2]) {
    const { items } = await client.list(path)
    assert.deepEqual(
      items.map(({ metadata }) => metadata.name),
      ['new', 'old'],
    )
  }
  for (const name of ['old', 'new']) await client.request('DELETE', `${V1BETA2}/${name}`)
})

test('an authority that ends soon is replaced, and no call fails meanwhile', async () => {
  const old = await nearItsEnd()
  await putSecret(old)
  await bundled((authorities) => authorities.includes(fingerprintOf(old['ca.crt'])))
  await agreed() // no rotation of ours was that
  let calls = 0
  const ended = new AbortController()
  const calling = (async () => {
    for (; !ended.signal.aborted; calls++) assert.equal(await tryOut(pool('fine', '10.77.0.0/24')), '')
  })()
  const secret = await observed(client, { path: SECRETS, name: 'metallb-webhook-cert' }, isRotated, 'two authorities')
  await bundled((authorities) => authorities.length === 2)
  // As if an hour had passed, in which the API server has heard of it: a certificate for the server is made.
  await sleep(1000)
  const { 'tls.crt': _, ...rest } = dataOf(secret)
  const before = pods.map(({ program }) => program.lines.length)
  await putSecret({ ...rest, 'tls.crt': '' })
  await observed(client, { path: SECRETS, name: 'metallb-webhook-cert' }, isServing, 'a certificate of the new one')
  const enough = calls + 20
  await eventually(async () => calls >= enough)
  ended.abort()
  await calling
  for (const [index, { program }] of pods.entries()) {
    assert.ok(!program.lines.slice(before[index]).some(({ msg }) => msg === 'webhooks are not ready'))
  }
})

test('an emptied Secret is filled again, and the authority made known', async () => {
  const before = dataOf(await client.get(`${SECRETS}/metallb-webhook-cert`))
  const body = { data: null }
  await client.request('PATCH', `${SECRETS}/metallb-webhook-cert`, { body, type: 'application/merge-patch+json' })
  const place = { path: SECRETS, name: 'metallb-webhook-cert' }
  const filled = await observed(client, place, (secret) => dataOf(secret)['ca.key'] !== '', 'the Secret is full')
  assert.notEqual(dataOf(filled)['ca.key'], before['ca.key'])
  await eventually(async () => (await tryOut(pool('bad', 'x'))).includes('denied the request'))
})

test('a caBundle that somebody takes away comes back', async () => {
  const path = `${CONFIGURATIONS}/metallb-webhook-configuration`
  const type = 'application/json-patch+json'
  await client.request('PATCH', path, { body: [{ op: 'remove', path: '/webhooks/3/clientConfig/caBundle' }], type })
  const authority = fieldAt(await client.get(`${SECRETS}/metallb-webhook-cert`), 'data', 'ca.crt')
  const isBack = (object?: Manifest) => fieldAt(object, 'webhooks', 3, 'clientConfig', 'caBundle') === authority
  await observed(client, { path: CONFIGURATIONS, name: 'metallb-webhook-configuration' }, isBack, 'it is back')
})

/** Those under way when a server dies may hear of it in these words. */
const CUT = /: (EOF|read: connection reset by peer)$/m

test('the leader is killed while calls go on: only those to it fail, and none once its Pod is not ready', async (context) => {
  const leader = pods.find(({ program }) => program.lines.some(({ msg }) => msg === 'leading'))
  assert.ok(leader)
  const others = pods.filter((pod) => pod !== leader)
  await agreed()
  const failures: { message: string; begunAtMs: number; atMs: number }[] = []
  let calls = 0
  const ended = new AbortController()
  const callOn = async () => {
    for (; !ended.signal.aborted; calls++) {
      const begunAtMs = performance.now()
      const message = await tryOut(pool('fine', '10.77.0.0/24'))
      if (message !== '') failures.push({ message, begunAtMs, atMs: performance.now() })
    }
  }
  const calling = [callOn(), callOn(), callOn(), callOn()]
  const during = (more: number, enough = calls + more) => eventually(async () => calls >= enough)
  await during(50)
  assert.ok(failures.length === 0, failures[0]?.message)
  const killedAtMs = performance.now()
  await leader.program.kill()
  await during(50)
  await leadTo(others)
  await client.send('DELETE', LEASE) // it would run for another ten seconds, of which leaders.test.ts knows
  await Promise.any(others.map(({ program }) => program.said('leading')))
  const heardAtMs = performance.now()
  await during(50)
  ended.abort()
  await Promise.all(calling)
  context.diagnostic(`${calls} calls, of which ${failures.length} failed`)
  for (const { message, begunAtMs, atMs } of failures) {
    assert.ok(
      message.includes(`${leader.address}:${WEBHOOK_PORT}`) || (begunAtMs < killedAtMs && CUT.test(message)),
      message,
    )
    assert.ok(atMs < heardAtMs, `it failed after everybody had heard: ${message}`)
  }
  for (const other of others) assert.equal(await other.readyStatus(), 200)
  pods.splice(pods.indexOf(leader), 1)
  await leader.stop()
})

test('while no controller is there, writes of these kinds are refused', async () => {
  await Promise.all(pods.splice(0).map((pod) => pod.stop()))
  assert.match(await tryOut(pool('fine', '10.77.0.0/24')), /failed calling webhook/)
})

// ── certificates ──
type Data = Readonly<Record<string, string>>

function decode(value: unknown): string {
  return typeof value === 'string' ? Buffer.from(value, 'base64').toString() : ''
}

function dataOf(secret: Manifest | undefined): Data {
  const keys = ['ca.crt', 'ca.key', 'tls.crt', 'tls.key']
  return Object.fromEntries(keys.map((key) => [key, decode(fieldAt(secret, 'data', key))]))
}

async function putSecret(pem: Data): Promise<void> {
  const data = Object.fromEntries(
    Object.entries(pem).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
  )
  const type = 'application/merge-patch+json'
  await client.request('PATCH', `${SECRETS}/metallb-webhook-cert`, { body: { data }, type })
}

/** An authority in its last 80 days, and what it signed. */
async function nearItsEnd(): Promise<Data> {
  const validity = { notBeforeMs: Date.now() - 7_200_000, notAfterMs: Date.now() + 80 * 86_400_000 }
  const name = { commonName: 'cert', organization: 'metallb' }
  const authority = await makeAuthority(name, validity)
  const serving = await issueServing(authority, { name, dnsNames: [HOST] }, validity)
  return { 'ca.crt': authority.cert, 'ca.key': authority.key, 'tls.crt': serving.cert, 'tls.key': serving.key }
}

function authoritiesOf(pem: string): string[] {
  return (pem.match(/-----BEGIN[^-]*-----[^-]*-----END[^-]*-----/g) ?? []).map(fingerprintOf)
}

function fingerprintOf(pem: string | undefined): string {
  return new X509Certificate(pem ?? '').fingerprint256
}

function isRotated(secret: Manifest | undefined): boolean {
  return authoritiesOf(dataOf(secret)['ca.crt'] ?? '').length === 2
}

function isServing(secret: Manifest | undefined): boolean {
  const data = dataOf(secret)
  if (data['tls.crt'] === '') return false
  const [newest = ''] = data['ca.crt']?.split(/(?<=-----END CERTIFICATE-----\n)/) ?? []
  return new X509Certificate(data['tls.crt'] ?? '').verify(new X509Certificate(newest).publicKey)
}

/** Resolves when the webhooks' caBundle is as it should be. */
async function bundled(holds: (authorities: readonly string[]) => boolean): Promise<void> {
  const isSo = (object?: Manifest) =>
    holds(authoritiesOf(decode(fieldAt(object, 'webhooks', 0, 'clientConfig', 'caBundle'))))
  await observed(client, { path: CONFIGURATIONS, name: 'metallb-webhook-configuration' }, isSo, 'the bundle')
}

test('the manifests have one webhook for each kind, with MetalLB’s names', () => {
  const configuration = readManifests(join(MANIFESTS, 'webhooks.yaml')).find(({ kind }) =>
    kind.startsWith('Validating'),
  )
  const webhooks = fieldAt(configuration, 'webhooks')
  assert.ok(Array.isArray(webhooks))
  assert.deepEqual(
    webhooks.map((webhook) => String(fieldAt(webhook, 'name')).replace('validationwebhook.metallb.io', '')),
    ['bfdprofile', 'bgpadvertisement', 'bgppeers', 'community', 'ipaddresspool', 'l2advertisement'],
  )
})
