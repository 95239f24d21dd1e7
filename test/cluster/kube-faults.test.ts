// SPDX-License-Identifier: Apache-2.0
/** A real API server that dies, forgets, refuses and is cut off: nothing is lost, nothing is told twice. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type ApiServer, startApiServer } from '../../lab/cluster/api-server.ts'
import { inParallel } from '../../lab/cluster/apply.ts'
import { FlakyProxy } from '../../lab/cluster/flaky-proxy.ts'
import { service } from '../../lab/cluster/objects.ts'
import { KubeFault } from '../../src/kube/api.ts'
import { openClient } from '../../src/kube/client.ts'
import type { KubeConfig } from '../../src/kube/config.ts'
import { pathOf, SERVICES } from '../../src/kube/resource.ts'
import { openSource } from '../../src/kube/source.ts'
import { Versions } from '../../src/kube/versions.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { createLog } from '../../src/lib/log.ts'
import { agree, configOf, Listener, play, WANTED } from './source-story.ts'

let server: ApiServer
let proxy: FlakyProxy
let round = 0

before(async () => {
  server = await startApiServer({ audit: false })
  proxy = await FlakyProxy.start(server)
})
after(async () => {
  proxy.close()
  await server.stop()
})

async function create(count: number): Promise<string[]> {
  const names = Array.from({ length: count }, (_, index) => `web-${++round}-${index}`)
  await inParallel(names, 4, async (name) => void (await server.client.create(service(name))))
  return names
}

async function change(name: string): Promise<void> {
  await server.client.apply(service(name, {}, { labels: { changed: `${++round}` } }))
}

test('the API server is killed and started again', async () => {
  await play(server, {}, async ({ listener, connections, source }) => {
    const [first = ''] = await create(5)
    await agree(server, listener)
    await server.kill()
    await sleep(1500)
    assert.equal(source.connection.up, false)
    await server.start()
    await create(3)
    await change(first)
    await server.client.delete(service('web-2-1'))
    await agree(server, listener)
    // A server that is just starting may answer, and then not: each change is told once.
    const ups = connections.map(({ up }) => up)
    assert.deepEqual(
      ups,
      ups.map((_, index) => index % 2 === 0),
    )
    assert(ups.length >= 3 && ups.at(-1))
  })
})

test('etcd was compacted while we were cut off: the differences are told, and no more', async () => {
  await play(server, { url: proxy.url }, async ({ listener }) => {
    const [gone = '', changed = '', ...others] = await create(6)
    await agree(server, listener)
    const earlier = listener.versions.length
    proxy.refuse(503)
    proxy.cut()
    await server.client.delete(service(gone))
    await change(changed)
    await create(1)
    await server.compactEtcd()
    await server.restart()
    proxy.pass()
    await agree(server, listener)
    const news = listener.versions.slice(earlier)
    // A list tells what is gone first.
    assert.deepEqual(
      news.map((told) => told.split(' ')[0]),
      ['deleted', 'applied', 'applied'],
    )
    for (const name of others) assert(!news.some((told) => told.includes(name)))
    assert(proxy.requests.at(-1)?.includes('watch=1'))
  })
})

test('a watch is cut in the middle of lines, again and again', async () => {
  await play(server, { url: proxy.url }, async () => {
    proxy.cutAfter(2500)
    proxy.cut()
    for (let times = 0; times < 6; times++) {
      await create(5)
      await sleep(100)
    }
    proxy.pass()
    proxy.cut()
  })
})

test('a server that is silent for a while is waited for', async () => {
  await play(server, { url: proxy.url }, async ({ listener }) => {
    proxy.stall()
    await create(3)
    await sleep(500)
    const earlier = proxy.requests.length
    proxy.pass()
    await agree(server, listener)
    assert.equal(proxy.requests.length, earlier, 'it was the same watch')
  })
})

const refusalOf = async (config: KubeConfig): Promise<KubeFault> => {
  const api = openClient(config, { userAgent: 'faults/1' })
  const thrown: unknown = await api
    .request({ method: 'GET', path: pathOf(SERVICES) })
    .catch((reason: unknown) => reason)
  api.close()
  assert(thrown instanceof KubeFault)
  return thrown
}

test('a certificate of an authority that we do not know', async () => {
  const { kind, message } = await refusalOf(configOf(server.url, server.adminToken, null))
  assert.equal(kind.code, 'unavailable')
  assert.match(message, /^GET \/api\/v1\/services: no answer from 127\.[\d.]+:\d+: its certificate /)
})

test('a token that the API server does not know', async () => {
  const { kind, message } = await refusalOf(configOf(server.url, 'wrong', server.caFile))
  assert.equal(kind.code, 'unauthorized')
  assert.match(message, /GET \/api\/v1\/services: Unauthorized \(status 401\)/)
})

test('a right that is missing is named with verb and resource, and what is optional holds up nothing', async () => {
  const api = openClient(configOf(server.url, server.tokenFor('speaker'), server.caFile), { userAgent: 'faults/1' })
  const log: string[] = []
  const source = openSource({
    api,
    wanted: [{ ...WANTED, optional: true }],
    versions: new Versions(),
    log: createLog('info', (line) => log.push(line)),
    clock: systemClock,
    random: Math.random,
  })
  const listener = new Listener()
  await source.start(listener)
  await source.stop()
  api.close()
  assert.equal(listener.batches, 1)
  const said = log.filter((line) => line.includes('cannot list services: our service account lacks a right'))
  assert.equal(said.length, 1)
  assert.match(said[0] ?? '', /system:serviceaccount:metallb-system:speaker.*cannot list resource \\"services\\"/)
})
