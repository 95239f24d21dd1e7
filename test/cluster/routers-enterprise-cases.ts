// SPDX-License-Identifier: Apache-2.0
/** The guide for an enterprise: one router beside layer 2, then a primary and a secondary one with passwords in Secrets. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { guide, only } from './guide-text.ts'
import { runScript } from './routers-kubectl.ts'
import { scene } from './routers-open.ts'
import type { NodeName } from './routers-scene.ts'
import { becomes, bfdIsUp, frrNeighbor, kubectl, routesAre, sessionId, sessionsAre } from './routers-sights.ts'
import * as worlds from './routers-worlds.ts'

const { world } = scene
const { SYSTEM } = worlds
const ADDRESSES = {
  'node-1': '10.0.2.10/16',
  'node-2': '10.0.2.11/16',
  'node-3': '10.0.2.12/16',
  'router-1': '10.0.1.1/16',
  'router-2': '10.0.1.2/16',
  client: '10.0.9.9/16',
} as const
/** It would hold a session for longer than the guide says. */
const TOLD = { asn: 65_000, remoteAs: 65_001, holdS: 240, bfd: { intervalMs: 150, multiplier: 3 } } as const
const [PRIMARY, SECONDARY] = ['secure-bgp-password-primary', 'secure-bgp-password-secondary']
const CORE = `apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata: { name: core, namespace: metallb-system }
spec: { addresses: [10.0.3.200/29] }
---
apiVersion: metallb.io/v1beta1
kind: BGPAdvertisement
metadata: { name: core, namespace: metallb-system }
spec: { communities: [high-priority] }
`

async function makeSecret(name: string, password: string): Promise<void> {
  await kubectl(scene, 'create', 'secret', 'generic', name, `--from-literal=password=${password}`, ...SYSTEM)
}

const path = (node: NodeName) => `10.0.3.200/32 ${node} [65001] 65000:100`

test('4.5: the owner of the source address has a session with a password of a Secret, and BFD of 450 ms', async () => {
  await world.clear()
  await scene.move(ADDRESSES)
  await scene.startRouter('router-1', { ...TOLD, password: PRIMARY, nodes: ['node-1'] })
  await makeSecret('bgp-auth', PRIMARY)
  await world.applied([guide('4.5-pools.yaml'), only(guide('4.6-peers.yaml'), 'kind: BFDProfile')].join('---\n'))
  assert.equal(await worlds.addPlain('plain'), '10.0.3.200')
  await sessionsAre(scene, { 'router-1': ['node-1'] })
  await routesAre(scene, { 'router-1': [path('node-1')] })
  const [session] = await bfdIsUp(scene, 'router-1', ['node-1'])
  assert.deepEqual([session?.['remote-detect-multiplier'], session?.['remote-transmit-interval']], [3, 150])
  for (const node of ['node-2', 'node-3'] as const) {
    const told = (await scene.peersOf(node)).map(({ withheld, attempts }) => `${withheld?.reason} ${attempts}`)
    assert.deepEqual(told, ['sourceAddressMissing 0'])
    await worlds.findsNoError(node)
  }
})

test('4.5: a Service of the other pool is answered on the link', async () => {
  const address = await worlds.addPlain('lan', '{ metallb.io/address-pool: layer2-pool }')
  assert.equal(address, '10.0.3.100')
  const asked = ['arping', '-c', '1', '-w', '5', '-I', 'eth0', address]
  assert.match(await scene.host('client').run(asked), /(?:reply|bytes) from .*(?:02:00:00:00:00:0[bcd])/i)
  await kubectl(scene, 'delete', 'service', 'lan')
})

test('4.17, 4.18: what commands say of a session: the summary, the port of the router, the messages', async () => {
  const summary = await scene.inPod('node-1', 'vtysh', '-c', 'show bgp summary')
  assert.equal(summary.status, 0)
  assert.match(summary.stdout, /^10\.0\.1\.1 +4 +65000 /m)
  // A node of whom the router expects signed segments (RFC 2385) is not answered without a signature.
  assert.equal((await scene.inPod('node-2', 'nc', '-zv', '10.0.1.1', '179')).status, 0)
  const unsigned = await scene.inPod('node-1', 'nc', '-zv', '-w', '1', '10.0.1.1', '179')
  assert.match(unsigned.stderr, /timed out/)
  const ownPort = await scene.inPod('node-1', 'nc', '-zv', '10.0.2.11', '179')
  assert.equal(ownPort.status, 1, 'nobody listens there')
  assert.match(ownPort.stderr, /refused/)
  const debugging = await scene.inPod('node-1', 'vtysh', '-c', 'debug bgp neighbor 10.0.1.1')
  assert.deepEqual([debugging.status, debugging.stderr], [0, ''])
  assert.match(debugging.stdout, /^messages of BGP peer router-1 are in the log/)
  const speaker = scene.speaker('node-1')
  const from = speaker.lines.length
  await scene.router('router-1').refresh('10.0.2.10')
  const isMessage = () => speaker.lines.slice(from).find((line) => /refresh/i.test(JSON.stringify(line)))
  await speaker.happened(isMessage, { what: 'the message of the router is not logged' })
  assert.equal((await scene.inPod('node-1', 'vtysh', '-c', 'no debug bgp neighbor 10.0.1.1')).status, 0)
})

test('4.17: the script that looks around: all its sections, and no node has an open port for routers', async () => {
  const { status, stdout, stderr } = await runScript(scene, { host: 'client', text: guide('4.17-diagnostics.sh') })
  assert.equal(status, 1, 'as the last of its questions')
  const sections = stdout.split(/^=== .* ===\n/m).slice(1)
  assert.deepEqual(
    sections.map((section) => section.trim() !== ''),
    Array<boolean>(7).fill(true),
    stdout,
  )
  assert.match(stdout, /^10\.0\.1\.1 +4 +65000 /m)
  assert.equal([...stderr.matchAll(/^nc: .*179.*refused/gm)].length, 3, stderr)
})

test('4.6, 4.10: one session each with the timers and by the alias of the guide, once there are the Secrets', async () => {
  await world.clear()
  await scene.startRouter('router-2', { ...TOLD, password: SECONDARY, nodes: ['node-2'] })
  await world.applied(`${guide('4.6-peers.yaml')}---\n${CORE}`)
  await makeSecret('bgp-auth-primary', PRIMARY)
  await makeSecret('bgp-auth-secondary', SECONDARY)
  await kubectl(scene, 'label', 'node', 'node-1', 'metallb.io/bgp-node=primary')
  await kubectl(scene, 'label', 'node', 'node-2', 'metallb.io/bgp-node=secondary')
  assert.equal(await worlds.addPlain('plain'), '10.0.3.200')
  await sessionsAre(scene, { 'router-1': ['node-1'], 'router-2': ['node-2'] })
  await routesAre(scene, { 'router-1': [path('node-1')], 'router-2': [path('node-2')] })
  for (const [router, node] of [
    ['router-1', 'node-1'],
    ['router-2', 'node-2'],
  ] as const) {
    const timers = await frrNeighbor(scene, router, node)
    assert.deepEqual([timers['bgpTimerHoldTimeMsecs'], timers['bgpTimerKeepAliveIntervalMsecs']], [180_000, 60_000])
  }
})

test('4.10: another password in a Secret opens that one session anew, and no other', async () => {
  await bfdIsUp(scene, 'router-1', ['node-1'])
  await bfdIsUp(scene, 'router-2', ['node-2'])
  await sessionsAre(scene, { 'router-1': ['node-1'], 'router-2': ['node-2'] })
  const [first, second] = [await sessionId(scene, 'router-1', 'node-1'), await sessionId(scene, 'router-2', 'node-2')]
  await scene.router('router-2').command(`configure terminal\nrouter bgp 65000\nneighbor 10.0.2.11 password changed`)
  const stringData = { password: 'changed' }
  await kubectl(scene, 'patch', 'secret', 'bgp-auth-secondary', ...SYSTEM, '-p', JSON.stringify({ stringData }))
  await becomes('the session is a new one', async () => {
    const now = await sessionId(scene, 'router-2', 'node-2')
    return now !== '' && now !== second
  })
  await routesAre(scene, { 'router-1': [path('node-1')], 'router-2': [path('node-2')] })
  assert.equal(await sessionId(scene, 'router-1', 'node-1'), first)
})
