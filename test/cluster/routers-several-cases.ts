// SPDX-License-Identifier: Apache-2.0
/** The guide to several routers, as these see it: sessions, advertisements, and what routers make of them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { endpointSlice } from '../../lab/cluster/objects.ts'
import { corrected, guide } from './guide-text.ts'
import { scene } from './routers-open.ts'
import { NODES, type RouterName } from './routers-scene.ts'
import {
  becomes,
  configure,
  frrNeighbor,
  kubectl,
  routesAre,
  sessionId,
  sessionsAre,
  sessionsOf,
} from './routers-sights.ts'
import * as worlds from './routers-worlds.ts'

const { world } = scene
const { atAll, SERVICE_ROUTE, SYSTEM } = worlds
const byFirst = atAll(['node-1'] as const)
const seen = atAll([`${SERVICE_ROUTE} node-1 [64500] 64500:100`])
/** The guide has it for a router of Cisco. */
const policyFor = (neighbor: string) => `bgp community-list standard METALLB permit 64500:100
route-map METALLB-IN permit 10
 match community METALLB
 set local-preference 150
router bgp 64501
 address-family ipv4 unicast
  neighbor ${neighbor} route-map METALLB-IN in
`

const whySilent = async (service: string) => await scene.whySilent('node-1', service)
const preferencesOf = async (name: RouterName) => (await scene.router(name).routes()).map(({ localPref }) => localPref)

const setPassword = async (password: string) => {
  const patch = JSON.stringify({ spec: { password } })
  await kubectl(scene, 'patch', 'bgppeer', 'router-3', ...SYSTEM, '--type=merge', '-p', patch)
}

test('three speakers and three routers of others start', async () => {
  await scene.move(worlds.LAN)
  await Promise.all([
    ...NODES.map(async (node) => await scene.startSpeaker(node)),
    scene.startRouter('router-1', worlds.CLUSTER),
    scene.startRouter('router-2', worlds.CLUSTER),
    scene.startRouter('router-3', { ...worlds.CLUSTER, password: worlds.PASSWORD }),
  ])
})

test('2.6: the node that owns the source address has three sessions, and the others dial nobody', async () => {
  await worlds.serve(guide('2.6-peers.yaml'))
  await sessionsAre(scene, byFirst)
  for (const node of ['node-2', 'node-3'] as const) {
    const peers = await scene.peersOf(node)
    const told = peers.map(({ name, withheld, attempts }) => `${name} ${withheld?.reason} ${attempts}`)
    assert.deepEqual(
      told.toSorted(),
      [1, 2, 3].map((at) => `router-${at} sourceAddressMissing 0`),
    )
    await worlds.findsNoError(node)
  }
  const timers = await frrNeighbor(scene, 'router-1', 'node-1')
  assert.deepEqual([timers['bgpTimerHoldTimeMsecs'], timers['bgpTimerKeepAliveIntervalMsecs']], [90_000, 30_000])
})

test('2.8a, 2.18: all three routers see the address with its community', async () => {
  await routesAre(scene, seen)
})

test('2.6: with another password there is no session with that router, and those with the others stay', async () => {
  const session = await sessionId(scene, 'router-1', 'node-1')
  await setPassword('another')
  await sessionsAre(scene, { ...byFirst, 'router-3': [] })
  await scene.speaker('node-1').said(({ name, event }) => name === 'router-3' && event === 'sessionFailed')
  assert.deepEqual(await sessionsOf(scene, 'router-3'), [])
  await setPassword(worlds.PASSWORD)
  await sessionsAre(scene, byFirst)
  await routesAre(scene, seen)
  assert.equal(await sessionId(scene, 'router-1', 'node-1'), session)
})

test('2.8b: with a pool that is wide enough, an aggregate for two of the routers', async () => {
  await world.applied(corrected(guide('2.4-pools.yaml'), '192.168.2.240-192.168.2.250', '192.168.2.0/24'))
  await world.applied(guide('2.8-advertisements.yaml'))
  await worlds.addPlain('dev', '{ metallb.io/address-pool: development-pool }')
  const both = [...seen['router-1'], '192.168.2.0/24 node-1 [64500] 64500:50']
  await routesAre(scene, { ...atAll(both), 'router-3': seen['router-3'] })
  await kubectl(scene, 'delete', 'service', 'dev')
  await routesAre(scene, seen)
})

test('2.20, 4.2: the policy of a router by our community, in the words of FRR', async () => {
  const policy = policyFor(scene.addressOf('node-1'))
  assert.deepEqual(await preferencesOf('router-1'), [null])
  await configure(scene, 'router-1', policy)
  await becomes('router-1 prefers the route', async () => (await preferencesOf('router-1')).join() === '150')
  await configure(scene, 'router-1', corrected(policy, /^ {2}neighbor/m, '  no neighbor'))
  await becomes('router-1 has no policy', async () => (await preferencesOf('router-1')).join() === '')
})

test('2.21: a pinned Service is announced by the nodes that have an endpoint of its own', async () => {
  await world.client.apply(endpointSlice('pinned-service', ['node-1']))
  await world.applied(guide('2.21-pinned-service.yaml'))
  assert.equal(await world.addressOf('pinned-service'), '192.168.1.241')
  await routesAre(scene, atAll([...seen['router-1'], '192.168.1.241/32 node-1 [64500] 64500:100']))
  await world.client.apply(endpointSlice('pinned-service', ['node-2']))
  await routesAre(scene, seen)
  await kubectl(scene, 'delete', 'service', 'pinned-service')
})

test('2.17: beside another localPref the Service is silent', async () => {
  await world.applied(guide('2.17-filtered.yaml'))
  await routesAre(scene, atAll([]))
  assert.equal(await whySilent('critical-service'), 'conflictingAdvertisements')
})

test('2.17, 2.18: alone, two of the routers see the Service, and no router sees one without its label', async () => {
  await kubectl(scene, 'delete', 'bgpadvertisement', 'production-advertisement', ...SYSTEM)
  await worlds.addPlain('unlabelled')
  await routesAre(scene, { ...seen, 'router-3': [] })
  await becomes('node-1 says why', async () => (await whySilent('unlabelled')) === 'noMatchingAdvertisement')
  await routesAre(scene, { ...seen, 'router-3': [] })
})

test('2.19: prepended alone: one router sees a longer path, the others nothing, and localPref stays here', async () => {
  await kubectl(scene, 'delete', 'bgpadvertisement', 'filtered-advertisement', ...SYSTEM)
  await kubectl(scene, 'delete', 'service', 'critical-service')
  await world.applied(guide('2.19-prepend.yaml'))
  await routesAre(scene, { ...atAll([]), 'router-3': ['192.168.1.241/32 node-1 [64500 64500 64500]'] })
  assert.deepEqual(await preferencesOf('router-3'), [100], 'BIRD’s own: it would take ours')
  await kubectl(scene, 'delete', 'service', 'unlabelled')
})

test('2.10: from three nodes, with two advertisements that agree, each router has three equal paths', async () => {
  await worlds.serve(guide('2.6-peers.yaml').replaceAll(/\n {2}sourceAddress: .*/g, ''))
  await world.applied(guide('2.10-ecmp.yaml'))
  await sessionsAre(scene, atAll(NODES))
  await routesAre(scene, atAll(NODES.map((node) => `${SERVICE_ROUTE} ${node} [64500] 64500:100`)))
})

type Paths = Readonly<Record<string, readonly { nexthops: readonly { ip: string; fib?: boolean }[] }[]>>

/** Next hops of the route as router-1 uses them. */
const inUse = async () => {
  const paths: Paths = JSON.parse(await scene.frr['router-1'].ask('zebra', `show ip route ${SERVICE_ROUTE} json`))
  const nextHops = (paths[SERVICE_ROUTE] ?? []).flatMap(({ nexthops }) => nexthops)
  return nextHops.filter(({ fib }) => fib === true).map(({ ip }) => ip)
}

test('2.11: FRR is told of equal costs, and sends to three next hops', async () => {
  const text = guide('2.11-ecmp.conf')
  await configure(scene, 'router-1', corrected(text, 'maximum-paths 4', 'maximum-paths 1'))
  await becomes('router-1 has one next hop', async () => (await inUse()).length === 1)
  await configure(scene, 'router-1', text)
  const wanted = NODES.map((node) => scene.addressOf(node)).join()
  await becomes(`router-1 has the next hops ${wanted}`, async () => (await inUse()).toSorted().join() === wanted)
})
