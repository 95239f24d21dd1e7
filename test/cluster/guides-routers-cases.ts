// SPDX-License-Identifier: Apache-2.0
/** The guide to BGP with several routers. guides.test.ts runs this file; titles begin with the blocks' numbers. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import type { ClusterProgram } from '../../lab/cluster/program.ts'
import { corrected, guide, only } from './guide-text.ts'
import { GuideWorld } from './guide-world.ts'

const PRODUCTION = only(guide('2.8-advertisements.yaml'), 'production-advertisement')
/** What the guide calls for but does not make. */
const DEFAULT_PROFILE = `apiVersion: metallb.io/v1beta1
kind: BFDProfile
metadata: { name: default, namespace: metallb-system }
`
let world: GuideWorld
let controller: ClusterProgram

before(async () => {
  world = await GuideWorld.open()
  const nodes = [1, 2, 3].map((at) => [`node-${at}`, { address: `192.168.1.${9 + at}` }] as const)
  await world.addNodes(Object.fromEntries(nodes))
  controller = await world.startController()
})
after(async () => await world.close())
beforeEach(async () => await world.clear())

const lines = (text: string) => text.trimEnd().split('\n')
const columns = (text: string) => lines(text).map((line) => line.trimEnd().split(/ {2,}/))

test('2.3: the kinds that are installed, and no pod without a kubelet', async () => {
  const { status, stdout } = await world.run(['bash', '-c', 'kubectl get crd | grep metallb'])
  assert.equal(status, 0)
  assert.ok(lines(stdout).length >= 9, stdout)
  assert.equal((await world.kubectl('get', 'pods', '-n', 'metallb-system')).status, 0)
})

test('2.4, 2.5: two pools with eleven addresses each', async () => {
  await world.applied(guide('2.4-pools.yaml'))
  const { stdout } = await world.kubectl('get', 'ipaddresspools', '-n', 'metallb-system')
  assert.deepEqual(columns(stdout).slice(0, 3), [
    ['NAME', 'AUTO ASSIGN', 'AVOID BUGGY IPS', 'ADDRESSES'],
    ['development-pool', 'false', 'false', '["192.168.2.240-192.168.2.250"]'],
    ['production-pool', 'true', 'true', '["192.168.1.240-192.168.1.250"]'],
  ])
  await world.available({ 'development-pool': 11, 'production-pool': 11 })
})

test('2.6, 2.7, 2.14: three peers with one source address; kubectl shows them', async () => {
  await world.applied(guide('2.4-pools.yaml') + '---\n' + PRODUCTION)
  assert.equal(lines((await world.applied(guide('2.6-peers.yaml'))).stdout).length, 3)
  const peers = await world.kubectl('get', 'bgppeers', '-n', 'metallb-system')
  assert.deepEqual(columns(peers.stdout), [
    ['NAME', 'ADDRESS', 'ASN', 'BFD PROFILE', 'MULTI HOPS'],
    ['router-1', '192.168.1.1', '64501'],
    ['router-2', '192.168.1.2', '64501'],
    ['router-3', '192.168.1.3', '64501'],
  ])
  const advertisements = await world.kubectl('get', 'bgpadvertisements', '-n', 'metallb-system')
  assert.deepEqual(columns(advertisements.stdout), [
    ['NAME', 'IPADDRESSPOOLS', 'IPADDRESSPOOL SELECTORS', 'PEERS'],
    ['production-advertisement', '["production-pool"]'],
  ])
  await world.applied(guide('2.18-critical-service.yaml'))
  await world.addressOf('critical-service')
  const services = await world.run(['bash', '-c', 'kubectl get svc -A -o wide | grep LoadBalancer'])
  assert.match(services.stdout, /^default +critical-service +LoadBalancer +[\d.]+ +192\.168\.1\.240 /)
})

test('2.16: the log has a line with bgp for a peer, and describe shows it', async () => {
  await world.applied(guide('2.6-peers.yaml'))
  await controller.said(({ msg, object }) => /bgp/i.test(msg) && String(object).endsWith('/router-1'))
  const { status, stdout } = await world.kubectl('describe', 'bgppeer', '-n', 'metallb-system', 'router-1')
  assert.equal(status, 0)
  assert.match(stdout, /Peer Address: +192\.168\.1\.1$/m)
})

test('2.8a, 2.8b: an aggregate wider than its pool is refused, the other advertisement is not', async () => {
  await world.applied(guide('2.4-pools.yaml'))
  const { status, stdout, stderr } = await world.apply(guide('2.8-advertisements.yaml'))
  assert.equal(status, 1)
  assert.equal(stdout, 'bgpadvertisement.metallb.io/production-advertisement created\n')
  assert.match(stderr, /denied the request: .*aggregationLength 24 .* pool development-pool .* nothing wider than \/29/)
  assert.match(stderr, /aggregationExceedsPool/)
  const pool = corrected(guide('2.4-pools.yaml'), '192.168.2.240-192.168.2.250', '192.168.2.0/24')
  await world.applied(pool)
  await world.applied(guide('2.8-advertisements.yaml'))
  const annotations = 'annotations: { metallb.io/address-pool: development-pool }'
  await world.applied(
    corrected(guide('2.18-critical-service.yaml'), /\n {2}loadBalancerIP: .*/, '').replace(
      'name: critical-service',
      `name: dev, ${annotations}`,
    ),
  )
  assert.equal(await world.addressOf('dev'), '192.168.2.0')
  await world.configured('Valid')
})

test('2.9: a peer for each node is refused beside peers of all nodes at the same addresses', async () => {
  await world.applied(guide('2.6-peers.yaml'))
  const { status, stdout, stderr } = await world.apply(guide('2.9-node-peers.yaml'))
  assert.deepEqual([status, stdout], [1, ''])
  for (const at of [1, 2, 3]) {
    const address = `192.168.1.${at}`
    const line = lines(stderr).find((each) => each.includes(`node-${at}-router`))
    assert.ok(line?.includes(address) && line.includes(`router-${at}`) && line.includes('peersShareAddress'), stderr)
  }
})

test('2.9: alone they are taken', async () => {
  assert.equal(lines((await world.applied(guide('2.9-node-peers.yaml'))).stdout).length, 3)
})

test('2.10: a second advertisement with the same localPref is no conflict', async () => {
  await world.applied(guide('2.4-pools.yaml') + '---\n' + PRODUCTION)
  await world.applied(guide('2.10-ecmp.yaml'))
})

test('2.12: a BFD profile that is not there is not the webhook’s to refuse; the configuration waits for it', async () => {
  await world.applied(guide('2.4-pools.yaml') + '---\n' + guide('2.6-peers.yaml'))
  const { stdout } = await world.applied(guide('2.12-graceful.yaml'))
  assert.equal(stdout, 'bgppeer.metallb.io/router-1 configured\n')
  await world.configured('Invalid', 'BGPPeer router-1', 'there is no BFDProfile default')
  await world.applied(guide('2.18-critical-service.yaml'))
  assert.equal(await world.addressOf('critical-service'), '192.168.1.240', 'the last configuration is kept')
  await world.applied(DEFAULT_PROFILE)
  await world.configured('Valid')
})

test('2.13: a profile and its peer; the peer is refused beside another one at that address', async () => {
  assert.equal(lines((await world.applied(guide('2.13-bfd.yaml'))).stdout).length, 2)
  await world.clear()
  await world.applied(guide('2.6-peers.yaml'))
  const { status, stdout, stderr } = await world.apply(guide('2.13-bfd.yaml'))
  assert.deepEqual([status, stdout], [1, 'bfdprofile.metallb.io/fast-failover created\n'])
  for (const word of ['router-1-bfd', 'peersShareAddress', '192.168.1.1']) assert.ok(stderr.includes(word), stderr)
})

test('2.15: the script that looks around', async () => {
  await world.applied([guide('2.4-pools.yaml'), guide('2.6-peers.yaml'), PRODUCTION].join('---\n'))
  await world.applied(guide('2.18-critical-service.yaml'))
  await world.addressOf('critical-service')
  const { status, stdout } = await world.run(['bash', join(import.meta.dirname, 'guides/2.15-monitor.sh')])
  assert.equal(status, 0)
  for (const at of [1, 2, 3]) assert.match(stdout, new RegExp(`^router-${at} +64500 +192\\.168\\.1\\.${at}$`, 'm'))
  assert.match(stdout, /^default +critical-service +192\.168\.1\.240$/m)
  for (const range of ['192.168.1.240-192.168.1.250', '192.168.2.240-192.168.2.250']) assert.ok(stdout.includes(range))
})

for (const [when, others] of [
  ['alone', ''],
  ['beside another localPref', `---\n${PRODUCTION}`],
] as const) {
  test(`2.17, 2.18: an advertisement for some Services is taken ${when}, and its Service gets what it asks for`, async () => {
    await world.applied([guide('2.4-pools.yaml'), guide('2.6-peers.yaml')].join('---\n') + others)
    await world.applied(guide('2.17-filtered.yaml'))
    await world.applied(guide('2.18-critical-service.yaml'))
    assert.equal(await world.addressOf('critical-service'), '192.168.1.240')
    await world.configured('Valid')
  })
}

test('2.19: another localPref for the same routes is refused, and taken alone', async () => {
  await world.applied([guide('2.4-pools.yaml'), guide('2.6-peers.yaml'), PRODUCTION].join('---\n'))
  const { status, stderr } = await world.apply(guide('2.19-prepend.yaml'))
  assert.equal(status, 1)
  assert.match(stderr, /prepend-advertisement \(localPref 50\) and production-advertisement \(localPref 100\) announce/)
  assert.match(stderr, /localPrefConflict/)
  await world.kubectl('delete', 'bgpadvertisement', '-n', 'metallb-system', 'production-advertisement')
  await world.applied(guide('2.19-prepend.yaml'))
})

test('2.21: a pinned Service, and a warning for each of its three old annotations', async () => {
  await world.applied([guide('2.4-pools.yaml'), PRODUCTION].join('---\n'))
  await world.applied(guide('2.21-pinned-service.yaml'))
  assert.equal(await world.addressOf('pinned-service'), '192.168.1.241')
  await world.events('pinned-service', [
    'Normal IPAllocated 1',
    ...Array<string>(3).fill('Warning deprecatedAnnotation 1'),
  ])
  const { items } = await world.client.list('/api/v1/namespaces/default/events')
  const told = items.map(({ message }) => String(message)).filter((message) => message.includes('deprecated'))
  const keys = ['address-pool', 'allow-shared-ip', 'loadBalancerIPs']
  assert.deepEqual(
    told.toSorted(),
    keys.map((key) => `Service uses deprecated annotation metallb.universe.tf/${key}`),
  )
})

test('2.22: a peer is led astray and back', async () => {
  await world.applied(guide('2.6-peers.yaml'))
  for (const value of ['192.168.1.99', '192.168.1.1']) {
    const patch = JSON.stringify([{ op: 'replace', path: '/spec/peerAddress', value }])
    const place = ['bgppeer', 'router-1', '-n', 'metallb-system']
    const { status, stdout } = await world.kubectl('patch', ...place, '--type=json', '-p', patch)
    assert.deepEqual([status, stdout], [0, 'bgppeer.metallb.io/router-1 patched\n'])
    const { stdout: now } = await world.kubectl('get', ...place, '-o', 'jsonpath={.spec.peerAddress}')
    assert.equal(now, value)
  }
})
