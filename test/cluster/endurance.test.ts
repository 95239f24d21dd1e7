// SPDX-License-Identifier: Apache-2.0
/** What takes half a minute, side by side: an API server that refuses everything for so long, and the short soak. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { type ApiServer, startApiServer } from '../../lab/cluster/api-server.ts'
import { apply, applyCrds } from '../../lab/cluster/apply.ts'
import { writeKubeconfig } from '../../lab/cluster/credentials.ts'
import { fieldAt } from '../../lab/cluster/field.ts'
import { FlakyProxy } from '../../lab/cluster/flaky-proxy.ts'
import { namespace, pool, service } from '../../lab/cluster/objects.ts'
import { type Objects, observedAll } from '../../lab/cluster/observe.ts'
import type { ClusterProgram } from '../../lab/cluster/program.ts'
import { addressOf, startController } from './controller-stage.ts'
import { agree, play } from './source-story.ts'

const OUTAGE_MS = 30_000
const EVENTS = '/api/v1/namespaces/default/events?fieldSelector=reason%3DIPAllocated'
const SOAK = join(import.meta.dirname, '../bench-cluster')
/** The last pause and a list. */
const FOLLOWED_MS = 5000
/** The Lease is asked for within a second; then there are lists, and a write for each. */
const SERVED_MS = 5000
/**
 * Requests in 30 s. The Lease is asked for once a second. Lists and watches pause as those of a source. Writes try again
 * for 7 s, while their sender is sure of the Lease, after 10 ms and then twice as long each time.
 */
const MOST = { lease: 31, read: 8, write: 12 }
const OF_NOBODY = { loadBalancerClass: 'example.com/nobody' }
let server: ApiServer
const proxies: FlakyProxy[] = []
const controllers: ClusterProgram[] = []

before(async () => {
  server = await startApiServer()
  await applyCrds(server.client)
})
after(async () => {
  for (const controller of controllers) if (!controller.hasEnded) await controller.kill()
  for (const proxy of proxies) proxy.close()
  await server.stop()
})

async function openProxy(): Promise<FlakyProxy> {
  const proxy = await FlakyProxy.start(server)
  proxies.push(proxy)
  return proxy
}

type Outage = Readonly<{ name: string; status: number; headers: Readonly<Record<string, string>>; range: string }>
const OUTAGES: readonly Outage[] = [
  { name: '500', status: 500, headers: {}, range: '192.0.2.1-192.0.2.5' },
  { name: '429 with Retry-After', status: 429, headers: { 'Retry-After': '1' }, range: '192.0.2.11-192.0.2.15' },
]

/** Refuses everything for 30 s, during which `meanwhile` happens; answers with what was asked. */
async function refuse(
  proxy: FlakyProxy,
  { status, headers }: Outage,
  meanwhile: () => Promise<void>,
): Promise<readonly string[]> {
  const earlier = proxy.requests.length
  const begunAtMs = performance.now()
  proxy.refuse(status, headers)
  proxy.cut()
  await meanwhile()
  await sleep(OUTAGE_MS - (performance.now() - begunAtMs))
  const asked = proxy.requests.slice(earlier)
  proxy.pass()
  return asked
}

describe('30 s', { concurrency: true }, () => {
  for (const outage of OUTAGES) {
    for (const [jitter, random] of [
      ['short', 0],
      ['long', 0.999],
    ] as const) {
      test(`of ${outage.name}, to a source whose jitter makes pauses ${jitter}`, (context) =>
        followThrough(outage, { jitter, random, diagnose: (said) => context.diagnostic(said) }))
    }
    test(`of ${outage.name}, to a controller`, (context) => leadThrough(outage, (said) => context.diagnostic(said)))
  }

  test('of churn: nothing grows, no address is held twice or lost', async (context) => {
    const env = { ...process.env, SOAK_SECONDS: '30' }
    const command = [process.execPath, join(SOAK, 'soak.ts')]
    const { stdout } = await promisify(execFile)(join(SOAK, 'alone'), command, { env }).catch((error: unknown) =>
      assert.fail(`${String(fieldAt(error, 'stdout'))}${String(fieldAt(error, 'stderr'))}`),
    )
    for (const line of stdout.trimEnd().split('\n')) context.diagnostic(line)
  })
})

type Jitter = Readonly<{ jitter: string; random: number; diagnose: (said: string) => void }>

/**
 * Between the two ends of the jitter lies every other. Pauses double from 0.25 or 0.5 s on, up to 15 or 30 s: six or seven
 * questions fit into 30 s, and the pause under way then ends 0.8 to 2.5 s later.
 */
async function followThrough(outage: Outage, { jitter, random, diagnose }: Jitter): Promise<void> {
  const proxy = await openProxy()
  const name = `seen-${outage.status}-${jitter}`
  await play(server, { url: proxy.url, random: () => random }, async ({ listener }) => {
    await server.client.create(service(name, OF_NOBODY))
    await agree(server, listener)
    const asked = await refuse(proxy, outage, async () => {
      await server.client.delete(service(name))
      await server.client.create(service(`${name}-after`, OF_NOBODY))
    })
    const sinceMs = performance.now()
    assert.ok(asked.length >= 5 && asked.length <= 7, `${asked.length} requests`)
    await agree(server, listener)
    const tookMs = performance.now() - sinceMs
    diagnose(`${asked.length} requests; ${(tookMs / 1000).toFixed(1)} s after the end all is known`)
    assert.ok(tookMs <= FOLLOWED_MS, `${tookMs} ms`)
  })
}

/**
 * Its class, namespace and Lease are its own: there are two such controllers in this cluster. The Lease runs out
 * meanwhile; who gets it back looks at everything anew and waits for no pause.
 */
async function leadThrough(outage: Outage, diagnose: (said: string) => void): Promise<void> {
  const [home, loadBalancerClass] = [`metallb-${outage.status}`, `example.com/outage-${outage.status}`]
  const proxy = await openProxy()
  const range = { ...pool('a', outage.range), metadata: { name: 'a', namespace: home } }
  await apply(server.client, [namespace(home), range])
  const kubeconfig = join(server.directory, `${home}.kubeconfig`)
  const user = { name: 'admin', groups: [], token: server.adminToken }
  writeKubeconfig(kubeconfig, { url: proxy.url, caFile: server.caFile, user })
  const controller = startController(kubeconfig, ['--namespace', home, '--lb-class', loadBalancerClass])
  controllers.push(controller)
  await controller.said('leading')
  const ours = (number: number) => service(`web-${outage.status}-${number}`, { loadBalancerClass })
  const nameOf = (number: number) => ours(number).metadata.name
  for (const number of [1, 2, 3]) await server.client.create(ours(number))
  const held = await Promise.all([1, 2, 3].map((number) => addressOf(server, nameOf(number))))
  await observedAll(server.client, EVENTS, { holds: saysOnce([1, 2, 3].map(nameOf)), what: 'all three are told' })
  const asked = await refuse(proxy, outage, async () => {
    await server.client.delete(ours(2))
    for (const number of [4, 5]) await server.client.create(ours(number))
  })
  const sinceMs = performance.now()
  const later = await Promise.all([1, 3, 4, 5].map((number) => addressOf(server, nameOf(number))))
  const tookMs = performance.now() - sinceMs
  const counts = countsOf(asked.map((request) => request.split('?')[0] ?? ''))
  diagnose(`${asked.length} requests; served ${(tookMs / 1000).toFixed(1)} s after the end`)
  await sleep(1500) // what it might do twice is done by then
  assert.equal(await controller.stop(), 0)
  for (const [request, count] of counts) {
    const kind = request.includes('/leases') ? 'lease' : request.startsWith('GET ') ? 'read' : 'write'
    const waiting = request.startsWith('POST ') ? held.length : 1 // Events of all Services go to one path
    assert.ok(count <= MOST[kind] * waiting, `${count} times ${request}`)
  }
  assert.ok(tookMs <= SERVED_MS, `${tookMs} ms`)
  assert.deepEqual(later.slice(0, 2), [held[0], held[2]], 'who had an address keeps it')
  assert.equal(new Set(later).size, 4, `an address is held twice: ${later.join(' ')}`)
  const events = { holds: saysOnce([1, 2, 3, 4, 5].map(nameOf)), what: 'each is told once', deadlineMs: 1000 }
  await observedAll(server.client, EVENTS, events)
}

/** Whether there is one Event about each of them, said once. */
function saysOnce(names: readonly string[]): (events: Objects) => boolean {
  return (events) => {
    const told = [...events.values()]
    return names.every((name) => {
      const about = told.filter((event) => fieldAt(event, 'involvedObject', 'name') === name)
      return about.length === 1 && fieldAt(about[0], 'count') === 1
    })
  }
}

function countsOf(words: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1)
  return counts
}
