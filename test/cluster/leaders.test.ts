// SPDX-License-Identifier: Apache-2.0
/** Several controllers as processes beside a real API server: who leads, how fast another one takes over, late writes. */
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type ApiServer, startApiServer } from '../../lab/cluster/api-server.ts'
import { apply, applyCrds } from '../../lab/cluster/apply.ts'
import { namespace, pool, service } from '../../lab/cluster/objects.ts'
import { observed } from '../../lab/cluster/observe.ts'
import type { ClusterProgram } from '../../lab/cluster/program.ts'
import {
  addressOf,
  assertSound,
  holdings,
  ipOf,
  SERVICES,
  startController,
  startLeader,
  writesSince,
} from './controller-stage.ts'
import { HoldingProxy } from './holding-proxy.ts'

/** What the Lease promises: its duration, one attempt with its jitter, and a list. */
const AFTER_CRASH_MS = 12_000
const AFTER_RELEASE_MS = 1000
const AFTER_LATE_WRITE_MS = 1000
const isWriteOf = (name: string) => (request: string) => request === `PATCH ${SERVICES}/${name}/status`
let server: ApiServer
const running: ClusterProgram[] = []
const proxies: HoldingProxy[] = []

before(async () => {
  server = await startApiServer()
  await applyCrds(server.client)
  await apply(server.client, [namespace(), pool('a', '192.0.2.1-192.0.2.8')])
})
afterEach(async () => {
  for (const controller of running.splice(0)) await controller.kill()
  for (const proxy of proxies.splice(0)) proxy.close()
  for (const name of (await holdings(server)).keys()) await server.client.delete(service(name))
  await server.client.send('DELETE', '/apis/coordination.k8s.io/v1/namespaces/metallb-system/leases/metallb-controller')
})
after(async () => await server.stop())

async function openProxy(): Promise<HoldingProxy> {
  const started = await HoldingProxy.start(server)
  proxies.push(started)
  return started
}

async function leader(kubeconfig: string = server.kubeconfig): Promise<ClusterProgram> {
  const controller = await startLeader(kubeconfig)
  running.push(controller)
  return controller
}

async function standby(kubeconfig: string = server.kubeconfig): Promise<ClusterProgram> {
  const controller = startController(kubeconfig)
  running.push(controller)
  await controller.said('ready')
  return controller
}

test('one of three leads; killed, another one does within 12 s; asked to stop, at once', async (context) => {
  const first = await leader()
  const others = [await standby(), await standby()]
  await server.client.create(service('web'))
  const ip = await addressOf(server, 'web')
  await sleep(2500)
  let since = performance.now()
  await first.kill()
  const second = await Promise.any(others.map(async (other) => (await other.said('leading'), other)))
  const afterCrashMs = performance.now() - since
  const third = others.find((other) => other !== second)
  assert.ok(third)
  assert.equal(
    third.lines.some(({ msg }) => msg === 'leading'),
    false,
    'only one leads',
  )
  since = performance.now()
  const stopping = second.stop()
  await third.said('leading')
  const afterReleaseMs = performance.now() - since
  assert.equal(await stopping, 0)
  context.diagnostic(
    `take-over ${(afterCrashMs / 1000).toFixed(1)} s after a kill, ${afterReleaseMs.toFixed(0)} ms after SIGTERM`,
  )
  assert.ok(afterCrashMs <= AFTER_CRASH_MS, `took over ${afterCrashMs} ms after a kill`)
  assert.ok(afterReleaseMs <= AFTER_RELEASE_MS, `took over ${afterReleaseMs} ms after SIGTERM`)
  assert.equal((await holdings(server)).get('web'), ip)
})

test('paused between check and write: what lands late is put right within 1 s, and the resumed one writes nothing', async (context) => {
  const [slow, other] = [await openProxy(), await openProxy()]
  const first = await leader(slow.kubeconfig)
  await standby(other.kubeconfig)
  const second = running[1]
  assert.ok(second)
  const sent = slow.hold(isWriteOf('z'))
  await sleep(1000 - (Date.now() % 1000)) // both Services get the same time of creation, so that a comes first
  await server.client.create(service('z'))
  await sent
  first.pause()
  await server.client.create(service('a'))
  const held = other.hold(isWriteOf('z'))
  await second.said('leading', AFTER_CRASH_MS)
  assert.equal(await addressOf(server, 'a'), '192.0.2.1')
  await held
  slow.release()
  const place = { path: SERVICES, name: 'z' }
  await observed(server.client, place, (z) => ipOf(z) === '192.0.2.1', 'the late write lands')
  const since = performance.now()
  other.release()
  await observed(server.client, place, (z) => ipOf(z) === '192.0.2.2', 'z gets another address')
  const tookMs = performance.now() - since
  context.diagnostic(`put right ${tookMs.toFixed(0)} ms after it landed`)
  assert.ok(tookMs <= AFTER_LATE_WRITE_MS, `took ${tookMs} ms`)
  assert.equal(ipOf(await server.client.get(`${SERVICES}/a`)), '192.0.2.1', 'the earlier holder keeps it')
  const written = slow.forwarded.filter((request) => !request.startsWith('GET')).length
  await server.client.create(service('later'))
  first.resume()
  await first.said('following')
  assert.equal(await addressOf(server, 'later'), '192.0.2.3')
  await sleep(3000)
  assert.deepEqual(
    slow.forwarded
      .filter((request) => !request.startsWith('GET'))
      .slice(written)
      .filter((request) => !request.includes('/leases')),
    [],
  )
  assertSound(await holdings(server), 8, 'at the end')
})

test('a leader that is cut off stops writing before anybody else may begin', async () => {
  const slow = await openProxy()
  const first = await leader(slow.kubeconfig)
  const second = await standby()
  await slow.hold((request) => request.includes('/leases'))
  const [gaveUp, tookOver] = await Promise.all([first.said('following'), second.said('leading')])
  assert.ok(Date.parse(gaveUp.ts) < Date.parse(tookOver.ts), `${gaveUp.ts} is not before ${tookOver.ts}`)
  const since = server.auditEvents().length
  slow.release()
  await sleep(1000)
  assert.deepEqual(writesSince(server, since), [])
})
