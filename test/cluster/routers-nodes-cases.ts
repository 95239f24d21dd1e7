// SPDX-License-Identifier: Apache-2.0
/** The guide to several routers: a router for each node, restarts and BFD; and the same in the guides to high availability and to the basics. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { endpointSlice } from '../../lab/cluster/objects.ts'
import type { ClusterProgram } from '../../lab/cluster/program.ts'
import { corrected, guide } from './guide-text.ts'
import { runScript } from './routers-kubectl.ts'
import { scene } from './routers-open.ts'
import { NODES, type NodeName } from './routers-scene.ts'
import {
  becomes,
  bfdIsUp,
  cut,
  frrNeighbor,
  kubectl,
  routesAre,
  routesOf,
  sessionId,
  sessionsAre,
} from './routers-sights.ts'
import * as worlds from './routers-worlds.ts'

const { world } = scene
const { CLUSTER, LAN, SERVICE_ROUTE, SYSTEM } = worlds
/** Of a router; 900 ms until it takes a node for lost. */
const BFD = { intervalMs: 300, multiplier: 3 }
/** Far more than that, and far less than the 90 s after which BGP itself would notice. */
const NOTICED_MS = 10_000
const DEFAULT_PROFILE = `apiVersion: metallb.io/v1beta1
kind: BFDProfile
metadata: { name: default, namespace: metallb-system }
`
const pathOf = (node: NodeName) => `${SERVICE_ROUTE} ${node} [64500] 64500:100`
const isFresh = async () => (await scene.router('router-1').routes()).every(({ stale }) => !stale)
const label = async (node: NodeName, text: string) => await kubectl(scene, 'label', 'node', node, '--overwrite', text)

test('2.9: each router has a session with its own node, and the sessions move with the labels of nodes', async () => {
  await scene.move(LAN)
  for (const name of ['router-1', 'router-2', 'router-3'] as const) await scene.startRouter(name, CLUSTER)
  await worlds.serve(guide('2.9-node-peers.yaml'))
  await sessionsAre(scene, { 'router-1': ['node-1'], 'router-2': ['node-2'], 'router-3': ['node-3'] })
  await routesAre(scene, {
    'router-1': [pathOf('node-1')],
    'router-2': [pathOf('node-2')],
    'router-3': [pathOf('node-3')],
  })
  const third = await sessionId(scene, 'router-3', 'node-3')
  await label('node-1', 'kubernetes.io/hostname=node-2')
  await label('node-2', 'kubernetes.io/hostname=node-1')
  await sessionsAre(scene, { 'router-1': ['node-2'], 'router-2': ['node-1'], 'router-3': ['node-3'] })
  await routesAre(scene, { 'router-1': [pathOf('node-2')], 'router-2': [pathOf('node-1')] })
  assert.equal(await sessionId(scene, 'router-3', 'node-3'), third)
  for (const node of ['node-1', 'node-2'] as const) await label(node, `kubernetes.io/hostname=${node}`)
  await sessionsAre(scene, { 'router-1': ['node-1'], 'router-2': ['node-2'], 'router-3': ['node-3'] })
})

test('2.12: a speaker is killed and started again, and the router keeps its route all the time', async () => {
  await scene.stopRouter('router-2')
  await scene.stopRouter('router-3')
  await scene.startRouter('router-1', { ...CLUSTER, bfd: BFD })
  await worlds.serve(`${guide('2.12-graceful.yaml')}---\n${DEFAULT_PROFILE}`)
  await sessionsAre(scene, { 'router-1': NODES })
  await bfdIsUp(scene, 'router-1', NODES)
  const paths = NODES.map(pathOf)
  await routesAre(scene, { 'router-1': paths })
  const told = JSON.stringify((await frrNeighbor(scene, 'router-1', 'node-1'))['gracefulRestartInfo'])
  assert.match(told, /"receivedRestartTimer":120\b/)
  const session = await sessionId(scene, 'router-1', 'node-1')
  await scene.speaker('node-1').kill()
  const starting = scene.startSpeaker('node-1')
  const isBack = async () => {
    assert.deepEqual(await routesOf(scene, 'router-1'), paths, 'none is missing at any time')
    const now = await sessionId(scene, 'router-1', 'node-1')
    return now !== '' && now !== session
  }
  await becomes('the next speaker has a session', isBack)
  await starting
  await becomes('its routes are fresh', isFresh)
  assert.deepEqual(await routesOf(scene, 'router-1'), paths)
})

/** Waits for a line of a speaker's log after this moment that tells of a session lost by BFD. */
async function saysLost(speaker: ClusterProgram, from: number): Promise<void> {
  const lost = () => speaker.lines.slice(from).find(({ event }) => event === 'sessionDown')
  const line = await speaker.happened(lost, { what: 'the session is not said to be down' })
  assert.match(line.msg, /^session down: .*BFD/)
}

/** Cuts node-1 and router-1 off from each other: both sides notice it by BFD, and the route is gone. */
async function cutsFirst(kept: readonly string[]): Promise<void> {
  const speaker = scene.speaker('node-1')
  const from = speaker.lines.length
  const cutMs = performance.now()
  const join = await cut(scene, 'router-1', 'node-1')
  await routesAre(scene, { 'router-1': kept })
  await saysLost(speaker, from)
  assert.ok(performance.now() - cutMs < NOTICED_MS, `${performance.now() - cutMs} ms`)
  assert.equal((await scene.metric('node-1', 'metallb_bfd_session_up'))['192.168.1.1'], 0)
  assert.equal((await scene.metric('node-1', 'metallb_bgp_session_up'))['192.168.1.1:179'], 0)
  await join()
}

test('2.13: BFD is up, and when a link is cut the route is gone and both sides say why', async () => {
  await worlds.serve(guide('2.13-bfd.yaml'))
  await sessionsAre(scene, { 'router-1': NODES })
  for (const session of await bfdIsUp(scene, 'router-1', NODES)) {
    const { 'remote-detect-multiplier': times, 'remote-transmit-interval': everyMs } = session
    assert.deepEqual([times, everyMs], [3, 300])
  }
  await routesAre(scene, { 'router-1': NODES.map(pathOf) })
  assert.equal((await scene.metric('node-1', 'metallb_bfd_session_up'))['192.168.1.1'], 1)
  await cutsFirst([pathOf('node-2'), pathOf('node-3')])
  await sessionsAre(scene, { 'router-1': NODES })
  await routesAre(scene, { 'router-1': NODES.map(pathOf) })
})

const SPEAKER = 'metallb.universe.tf/speaker'
const AVAILABLE = '10.0.100.1/32'
const available = (nodes: readonly NodeName[]) => nodes.map((node) => `${AVAILABLE} ${node} [64512] 64512:100`)

test('1.4, 1.7, 1.8: labelled nodes alone have sessions, with a password for each router', async () => {
  await world.clear()
  // What the guide's speaker may do.
  await scene.speaker('node-3').kill()
  await scene.startSpeaker('node-3', 'net_raw')
  const told = { asn: 64_501, remoteAs: 64_512, bfd: BFD }
  await scene.startRouter('router-1', { ...told, password: 'bgp-secret-1' })
  await scene.startRouter('router-2', { ...told, password: 'another' })
  await world.applied(guide('1.7-bgp.yaml'))
  assert.equal(await worlds.addPlain('plain'), '10.0.100.1', '.0 is one to avoid')
  for (const node of ['node-1', 'node-2'] as const) await label(node, `${SPEAKER}=true`)
  await sessionsAre(scene, { 'router-1': ['node-1', 'node-2'], 'router-2': [] })
  await routesAre(scene, { 'router-1': available(['node-1', 'node-2']), 'router-2': [] })
  assert.deepEqual(await scene.peersOf('node-3'), [])
  await scene.startRouter('router-2', { ...told, password: 'bgp-secret-2' })
  await label('node-3', `${SPEAKER}=true`)
  await sessionsAre(scene, { 'router-1': NODES, 'router-2': NODES })
  await routesAre(scene, { 'router-1': available(NODES), 'router-2': available(NODES) })
})

test('1.15: metrics of each session and of its BFD, and lines of the log', async () => {
  await bfdIsUp(scene, 'router-1', NODES)
  await bfdIsUp(scene, 'router-2', NODES)
  const bgp = { '192.168.1.1:179': 1, '192.168.1.2:179': 1 }
  await becomes('BGP is up', async () => isDeepStrictEqual(await scene.metric('node-1', 'metallb_bgp_session_up'), bgp))
  const bfd = { '192.168.1.1': 1, '192.168.1.2': 1 }
  await becomes('BFD is up', async () => isDeepStrictEqual(await scene.metric('node-1', 'metallb_bfd_session_up'), bfd))
  const said = scene.speaker('node-1').lines.map((line) => JSON.stringify(line))
  assert.ok(said.some((line) => /BGP|peer|session/.test(line)))
})

test('1.7, 1.22: a cut link: the route of that node is gone at that router alone, and the log has the words', async () => {
  await cutsFirst(available(['node-2', 'node-3']))
  await routesAre(scene, { 'router-2': available(NODES) })
  await sessionsAre(scene, { 'router-1': NODES })
  const { status, stdout } = await runScript(scene, { host: 'client', text: guide('1.22-healthcheck.sh') })
  assert.equal(status, 0)
  assert.match(stdout, /session (?:up|down).*\n(?:.*\n)*Health check completed at /)
  for (const node of NODES) await label(node, `${SPEAKER}-`)
  await kubectl(scene, 'delete', 'service', 'plain')
})

test('3.9: host names are no peers, and the router hears nothing; with the name of the peer it does', async () => {
  await world.clear()
  await scene.stopRouter('router-2')
  await scene.move({ 'node-1': LAN['node-1'], 'router-1': LAN['router-1'] })
  await scene.startRouter('router-1', { asn: 65_000, remoteAs: 65_001 })
  await world.applied(guide('3.9-bgp.yaml'))
  await world.client.apply(endpointSlice('nginx-service', NODES))
  await world.applied(guide('3.6-service.yaml'))
  assert.equal(await world.addressOf('nginx-service'), '203.0.113.0')
  await sessionsAre(scene, { 'router-1': ['node-1'] })
  assert.deepEqual(await routesOf(scene, 'router-1'), [])
  const { remoteRouterId, bgpTimerHoldTimeMsecs, bgpTimerKeepAliveIntervalMsecs } = await frrNeighbor(
    scene,
    'router-1',
    'node-1',
  )
  assert.deepEqual(
    [remoteRouterId, bgpTimerHoldTimeMsecs, bgpTimerKeepAliveIntervalMsecs],
    ['192.168.1.10', 30_000, 10_000],
  )
  const hosts = 'peers: [router1.example.com, router2.example.com]'
  await world.applied(corrected(guide('3.9-bgp.yaml'), hosts, 'peers: [router1]'))
  await routesAre(scene, { 'router-1': ['203.0.113.0/32 node-1 [65001] 65000:100'] })
  await kubectl(scene, 'delete', 'bgppeer', 'router1', ...SYSTEM)
})
