// SPDX-License-Identifier: Apache-2.0
/** The guide to several clusters: two routers with passwords and BFD see its first cluster, and so does the link. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { endpointSlice } from '../../lab/cluster/objects.ts'
import { corrected, guide } from './guide-text.ts'
import { scene } from './routers-open.ts'
import { NODES } from './routers-scene.ts'
import { becomes, bfdIsUp, kubectl, routesAre, sessionId, sessionsAre } from './routers-sights.ts'

const { world } = scene
const ADDRESSES = {
  'node-1': '10.0.0.11/24',
  'node-2': '10.0.0.12/24',
  'node-3': '10.0.0.13/24',
  'router-1': '10.0.0.1/24',
  'router-2': '10.0.0.2/24',
} as const
const TOLD = {
  asn: 64_501,
  remoteAs: 64_500,
  password: 'secure-bgp-password',
  bfd: { intervalMs: 300, multiplier: 3 },
} as const
const BOTH = { 'router-1': NODES, 'router-2': NODES } as const

function both(community: string): Readonly<Record<'router-1' | 'router-2', readonly string[]>> {
  const paths = NODES.map((node) => `192.168.100.1/32 ${node} [64500] ${community}`)
  return { 'router-1': paths, 'router-2': paths }
}

const sessions = async () =>
  await Promise.all(
    (['router-1', 'router-2'] as const).flatMap((name) =>
      NODES.map(async (node) => await sessionId(scene, name, node)),
    ),
  )

test('0.9, 0.12: two sessions with each node, with passwords and BFD, and an application at both routers', async () => {
  await world.clear()
  await scene.move(ADDRESSES)
  await Promise.all([scene.startRouter('router-1', TOLD), scene.startRouter('router-2', TOLD)])
  await world.applied(guide('0.5-clusters-pool.yaml'))
  await world.applied(guide('0.9-clusters-bgp.yaml'))
  await world.client.apply(endpointSlice('demo-app', NODES))
  await world.applied(guide('0.16-demo-app.yaml'))
  assert.equal(await world.addressOf('demo-app'), '192.168.100.1')
  await sessionsAre(scene, BOTH)
  for (const name of ['router-1', 'router-2'] as const) {
    for (const session of await bfdIsUp(scene, name, NODES)) {
      const { 'remote-detect-multiplier': times, 'remote-transmit-interval': everyMs } = session
      assert.deepEqual([times, everyMs], [3, 300])
    }
  }
  await routesAre(scene, both('64500:100'))
  await becomes('echoes of ours come back from both', async () => {
    const { '10.0.0.1': first = 0, '10.0.0.2': second = 0 } = await scene.metric(
      'node-1',
      'metallb_bfd_echo_packet_input',
    )
    return first > 0 && second > 0
  })
})

test('0.5, 0.9: the same address is answered on the link', async () => {
  const asked = ['arping', '-c', '1', '-w', '5', '-I', 'eth0', '192.168.100.1']
  const answer = await scene.host('client').run(asked)
  assert.match(answer, /(?:reply|bytes) from .*(?:02:00:00:00:00:0[bcd])/i)
})

test('0.9: sessions stay when the profile or a community changes', async () => {
  for (const name of ['router-1', 'router-2'] as const) await bfdIsUp(scene, name, NODES)
  await sessionsAre(scene, BOTH)
  const before = await sessions()
  const bgp = guide('0.9-clusters-bgp.yaml')
  const slower = corrected(bgp, 'transmitInterval: 300', 'transmitInterval: 400')
  await world.applied(corrected(slower, 'communities: [64500:100]', 'communities: [64500:101]'))
  await routesAre(scene, both('64500:101'))
  assert.deepEqual(await sessions(), before)
  await bfdIsUp(scene, 'router-1', NODES)
})

test('0.24: what commands print of these sessions', async () => {
  const { status, stdout, stderr } = await scene.inPod('node-2', 'vtysh', '-c', 'show bgp summary')
  assert.deepEqual([status, stderr], [0, ''])
  for (const at of [1, 2]) assert.match(stdout, new RegExp(`^10\\.0\\.0\\.${at} +4 +64501 `, 'm'))
  assert.ok(scene.speaker('node-2').lines.some(({ msg }) => msg === 'session up'))
})

type Other = Readonly<{ letter: string; range: string; asn: number; first: string }>

/** Another cluster in place of the one before, with its own number and community. */
async function seesCluster({ letter, range, asn, first }: Other): Promise<void> {
  await kubectl(scene, 'delete', 'service', 'demo-app')
  await world.clear()
  const told = { ...TOLD, remoteAs: asn }
  await Promise.all([scene.startRouter('router-1', told), scene.startRouter('router-2', told)])
  const own = (text: string) => text.replaceAll('cluster-a', `cluster-${letter}`).replaceAll('64500', String(asn))
  await world.applied(corrected(own(guide('0.5-clusters-pool.yaml')), '1-192.168.100.50', range))
  await world.applied(own(guide('0.9-clusters-bgp.yaml')))
  await world.applied(own(guide('0.16-demo-app.yaml')))
  assert.equal(await world.addressOf('demo-app'), first)
  await sessionsAre(scene, BOTH)
  const paths = NODES.map((node) => `${first}/32 ${node} [${asn}] ${asn}:100`)
  await routesAre(scene, { 'router-1': paths, 'router-2': paths })
}

test('0.10: the same routers see the second cluster', async () => {
  await seesCluster({ letter: 'b', range: '51-192.168.100.100', asn: 64_502, first: '192.168.100.51' })
})

test('0.11: the same routers see the third cluster', async () => {
  await seesCluster({ letter: 'c', range: '101-192.168.100.150', asn: 64_503, first: '192.168.100.101' })
})
