// SPDX-License-Identifier: Apache-2.0
/** The guide to the basics. guides.test.ts runs this file in a network namespace; titles begin with the blocks' numbers. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { endpointSlice, namespace } from '../../lab/cluster/objects.ts'
import { ip } from '../lab/wire-namespace.ts'
import { corrected, guide } from './guide-text.ts'
import { GuideWorld } from './guide-world.ts'

const NODE_ADDRESS = '192.168.1.10'
let world: GuideWorld

before(async () => {
  world = await GuideWorld.open()
  await world.addNodes({ 'node-1': { address: NODE_ADDRESS } })
  await world.startController()
})
after(async () => await world.close())

test('3.2, 3.3: a pool and its advertisement', async () => {
  const { stdout } = await world.applied(guide('3.2-layer2.yaml'))
  assert.match(stdout, /^ipaddresspool\.metallb\.io\/first-pool created$/m)
  assert.match(stdout, /^l2advertisement\.metallb\.io\/example created$/m)
})

test('3.4, 3.5: a Deployment', async () => {
  const { stdout } = await world.applied(guide('3.4-deployment.yaml'))
  assert.equal(stdout, 'deployment.apps/nginx-deployment created\n')
})

test('3.6, 3.7, 3.8: its Service gets the first address, and kubectl shows it', async () => {
  await world.applied(guide('3.6-service.yaml'))
  assert.equal(await world.addressOf('nginx-service'), '192.168.1.240')
  await world.assigned('nginx-service', 'True Assigned')
  await world.events('nginx-service', ['Normal IPAllocated 1'])
  const { stdout } = await world.kubectl('get', 'services')
  assert.match(stdout, /^NAME +TYPE +CLUSTER-IP +EXTERNAL-IP +PORT\(S\) +AGE$/m)
  assert.match(stdout, /^nginx-service +LoadBalancer +[\d.]+ +192\.168\.1\.240 +80:\d+\/TCP /m)
})

test('3.10: beside the first pool the same range is refused, and its advertisement is not', async () => {
  const { status, stdout, stderr } = await world.apply(guide('3.10-interface.yaml'))
  assert.equal(status, 1)
  assert.match(stderr, /denied the request/)
  for (const word of ['poolOverlap', 'layer2-pool', 'first-pool']) assert.ok(stderr.includes(word), stderr)
  assert.equal(stdout, 'l2advertisement.metallb.io/layer2-advertisement created\n')
  await world.kubectl('delete', 'l2advertisement', '-n', 'metallb-system', 'layer2-advertisement')
})

test('3.11: Kubernetes refuses a health check port without Local, and one outside the range of node ports', async () => {
  const asWritten = await world.apply(guide('3.11-health.yaml'))
  assert.equal(asWritten.status, 1)
  assert.match(asWritten.stderr, /spec\.healthCheckNodePort: Invalid value: 8080: may only be set when .*Local/)
  const local = corrected(guide('3.11-health.yaml'), /^spec:$/m, 'spec:\n  externalTrafficPolicy: Local')
  const outside = await world.apply(local)
  assert.equal(outside.status, 1)
  assert.match(outside.stderr, /8080.*not in the valid range/)
})

test('3.11: without that line the Service keeps its address', async () => {
  await world.applied(corrected(guide('3.11-health.yaml'), '  healthCheckNodePort: 8080\n', ''))
  assert.equal(await world.addressOf('nginx-service'), '192.168.1.240')
})

test('3.11: nothing answers on that port of any node: the Service is announced, and a Warning says so', async () => {
  ip('address', 'add', `${NODE_ADDRESS}/32`, 'dev', 'lo')
  await world.client.create(endpointSlice('nginx-service', ['node-1']))
  const ring = { METALLB_ML_BIND_ADDR: NODE_ADDRESS, METALLB_ML_LABELS: 'app=metallb,component=speaker' }
  const speaker = world.start('speaker', { env: { METALLB_NODE_NAME: 'node-1', ...ring } })
  const said = ['Normal IPAllocated 1', 'Normal nodeAssigned 1', 'Warning healthCheckNeverPassed 1']
  await world.events('nginx-service', said)
  const { stdout } = await world.kubectl('describe', 'service', 'nginx-service')
  assert.match(
    stdout,
    / healthCheckNeverPassed .* port 8080 \(annotation healthCheckNodePort\) has answered 200 on no node/,
  )
  const statuses = await world.kubectl('get', 'servicel2statuses', '-n', 'metallb-system')
  assert.match(statuses.stdout, / node-1 +nginx-service +default$/m)
  assert.equal(await speaker.stop(), 0)
})

test('3.12: an Ingress controller of another namespace gets the next address', async () => {
  const { status, stdout, stderr } = await world.apply(guide('3.12-ingress.yaml'))
  assert.equal(status, 1)
  assert.match(stderr, /namespaces "ingress-nginx" not found/)
  assert.equal(stdout, 'ingress.networking.k8s.io/nginx-ingress created\n')
  await world.client.create(namespace('ingress-nginx'))
  await world.applied(guide('3.12-ingress.yaml'))
  assert.equal(await world.addressOf('nginx-ingress', 'ingress-nginx'), '192.168.1.241')
})

test('3.13: what there is to look at', async () => {
  const services = await world.kubectl('get', 'svc', '-o', 'wide')
  assert.match(services.stdout, /^nginx-service .* 192\.168\.1\.240 .* app=nginx$/m)
  const peers = await world.kubectl('get', 'bgppeers', '-n', 'metallb-system')
  assert.equal(peers.status, 0)
  assert.equal(peers.stderr, 'No resources found in metallb-system namespace.\n')
})

test('3.10: alone its pool serves', async () => {
  await world.clear()
  await world.applied(guide('3.10-interface.yaml'))
  await world.applied(guide('3.6-service.yaml'))
  assert.equal(await world.addressOf('nginx-service'), '192.168.1.240')
  const { stdout } = await world.kubectl('get', 'l2advertisements', '-n', 'metallb-system')
  assert.match(stdout, /^NAME +IPADDRESSPOOLS +IPADDRESSPOOL SELECTORS +INTERFACES$/m)
  assert.match(stdout, /^layer2-advertisement +\["layer2-pool"\] +\["eth0"\]$/m)
})

test('3.11: as a new Service it is told of its old annotation', async () => {
  await world.kubectl('delete', 'service', 'nginx-service')
  await world.applied(corrected(guide('3.11-health.yaml'), '  healthCheckNodePort: 8080\n', ''))
  assert.equal(await world.addressOf('nginx-service'), '192.168.1.240')
  await world.events('nginx-service', ['Normal IPAllocated 1', 'Warning deprecatedAnnotation 1'])
})

test('3.9: a v1beta1 peer is taken with a warning and read back as v1beta2; the Service gets its address', async () => {
  await world.clear()
  const { stderr } = await world.applied(guide('3.9-bgp.yaml'))
  assert.match(stderr, /^Warning: v1beta1 is deprecated, please use v1beta2$/m)
  const { stdout } = await world.kubectl('get', 'bgppeer', 'router1', '-n', 'metallb-system', '-o', 'json')
  const { apiVersion, spec } = JSON.parse(stdout)
  assert.equal(apiVersion, 'metallb.io/v1beta2')
  assert.deepEqual([spec.holdTime, spec.keepaliveTime, spec.routerID], ['30s', '10s', '192.168.1.10'])
  await world.applied(guide('3.6-service.yaml'))
  assert.equal(await world.addressOf('nginx-service'), '203.0.113.0')
})

test('3.9: host names are no names of peers, which a warning says', async () => {
  await world.kubectl('delete', 'bgpadvertisement', '-n', 'metallb-system', 'bgp-advertisement')
  const { stderr } = await world.applied(guide('3.9-bgp.yaml'))
  assert.match(stderr, /^Warning: .*no BGPPeer router1\.example\.com.*router1 \(unknownPeer\)$/m)
})

test('3.9: with the name of the peer instead of host names', async () => {
  const hosts = 'peers: [router1.example.com, router2.example.com]'
  const { stdout } = await world.applied(corrected(guide('3.9-bgp.yaml'), hosts, 'peers: [router1]'))
  assert.match(stdout, /^bgpadvertisement\.metallb\.io\/bgp-advertisement configured$/m)
  await world.configured('Valid')
})
