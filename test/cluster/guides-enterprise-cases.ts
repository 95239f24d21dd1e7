// SPDX-License-Identifier: Apache-2.0
/** The guide for an enterprise, a world a section. guides.test.ts runs this file; titles begin with the blocks' numbers. */
import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import type { Manifest } from '../../lab/cluster/api-client.ts'
import { observed } from '../../lab/cluster/observe.ts'
import { conditionOf } from './controller-stage.ts'
import { corrected, guide, only } from './guide-text.ts'
import { GuideWorld } from './guide-world.ts'

/** What a section calls for but does not make. */
const EVERYWHERE = `apiVersion: metallb.io/v1beta1
kind: L2Advertisement
metadata: { name: all, namespace: metallb-system }
`
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
const PROFILE = only(guide('4.6-peers.yaml'), 'kind: BFDProfile')
const INTERNAL_LABEL = '  labels: { metallb.io/class: internal }\n'
let world: GuideWorld

before(async () => {
  world = await GuideWorld.open()
  const common = { 'kubernetes.io/os': 'linux' }
  const [primary, secondary] = [{ 'metallb.io/bgp-node': 'primary' }, { 'metallb.io/bgp-node': 'secondary' }]
  await world.addNodes({
    east: { address: '10.0.2.10', labels: { ...common, ...primary, 'topology.kubernetes.io/zone': 'zone-a' } },
    west: { address: '10.0.2.11', labels: { ...common, ...secondary, 'topology.kubernetes.io/zone': 'zone-b' } },
  })
  await world.startController()
})
after(async () => await world.close())
beforeEach(async () => {
  await world.clear()
  const names = ['bgp-auth', 'bgp-auth-primary', 'bgp-auth-secondary']
  await world.kubectl('delete', 'secret', '-n', 'metallb-system', '--ignore-not-found', ...names)
})

/** A Service like many others, with what is added to its metadata. */
const plain = (name: string, metadata = '') => `apiVersion: v1
kind: Service
metadata: { name: ${name}${metadata} }
spec: { type: LoadBalancer, ports: [{ port: 80 }] }
`

async function makeSecret(name: string, password: string): Promise<void> {
  const literal = `--from-literal=password=${password}`
  const { status, stdout } = await world.kubectl(
    'create',
    'secret',
    'generic',
    name,
    literal,
    '--namespace=metallb-system',
  )
  assert.deepEqual([status, stdout], [0, `secret/${name} created\n`])
}

async function makePeerSecrets(): Promise<void> {
  for (const which of ['primary', 'secondary']) {
    await makeSecret(`bgp-auth-${which}`, `secure-bgp-password-${which}`)
    const label = ['app.kubernetes.io/managed-by=metallb', '--namespace=metallb-system']
    assert.equal((await world.kubectl('label', 'secret', `bgp-auth-${which}`, ...label)).status, 0)
  }
}

test('4.5: as written, two objects in one document: the last keys win, and there is no L2Advertisement', async () => {
  await makeSecret('bgp-auth', 'secret')
  const [pool, advertisement, ...rest] = guide('4.5-pools.yaml').split('---\n')
  const asWritten = [pool, `${advertisement}${rest[0]}`, ...rest.slice(1)].join('---\n')
  const { stdout } = await world.applied(`${asWritten}---\n${PROFILE}`)
  assert.deepEqual(stdout.trimEnd().split('\n'), [
    'ipaddresspool.metallb.io/layer2-pool created',
    'ipaddresspool.metallb.io/bgp-pool-production created',
    'bgppeer.metallb.io/router-1 created',
    'bgpadvertisement.metallb.io/production-advertisement created',
    'bfdprofile.metallb.io/default-bfd created',
  ])
})

test('4.5: corrected, pools for both protocols; the first automatic one is by name', async () => {
  await makeSecret('bgp-auth', 'secret')
  const { stdout } = await world.applied(`${guide('4.5-pools.yaml')}---\n${PROFILE}`)
  assert.match(stdout, /^l2advertisement\.metallb\.io\/layer2-advertisement created$/m)
  await world.applied(
    `${plain('plain')}---\n${plain('chosen', ', annotations: { metallb.io/address-pool: layer2-pool }')}`,
  )
  assert.equal(await world.addressOf('plain'), '10.0.3.200')
  assert.equal(await world.addressOf('chosen'), '10.0.3.100')
  await world.configured('Valid')
})

test('4.6, 4.10: without the Secrets the configuration is not in use, with them it is', async () => {
  await world.applied(`${guide('4.6-peers.yaml')}---\n${CORE}`)
  await world.configured('Invalid', 'bgp-auth-primary')
  await makePeerSecrets()
  await world.configured('Valid')
  await world.applied(plain('plain'))
  assert.equal(await world.addressOf('plain'), '10.0.3.200')
})

test('4.6: its primary router is refused beside that of 4.5, at the same address', async () => {
  await world.applied(guide('4.5-pools.yaml'))
  const { status, stdout, stderr } = await world.apply(guide('4.6-peers.yaml'))
  assert.equal(status, 1)
  for (const word of ['core-router-primary', 'router-1', '10.0.1.1', 'peersShareAddress'])
    assert.ok(stderr.includes(word), stderr)
  assert.deepEqual(stdout.trimEnd().split('\n'), [
    'bfdprofile.metallb.io/default-bfd created',
    'community.metallb.io/production-community created',
    'bgppeer.metallb.io/core-router-secondary created',
  ])
})

test('4.7: pools for zones, chosen by the label of a Service', async () => {
  await world.applied(guide('4.7-zones.yaml'))
  const labelled = (zone: string) => plain(`in-${zone}`, `, labels: { metallb.io/zone: ${zone} }`)
  await world.applied([labelled('zone-a'), labelled('zone-b'), plain('nowhere')].join('---\n'))
  assert.equal(await world.addressOf('in-zone-a'), '10.0.3.100')
  assert.equal(await world.addressOf('in-zone-b'), '10.0.3.130')
  await world.assigned('nowhere', 'False noAvailablePool')
  await world.events('nowhere', ['Warning AllocationFailed 1'])
})

test('4.7, 4.8: beside the pools of 4.5 they are refused, the rest of their files is not', async () => {
  await world.applied(guide('4.5-pools.yaml'))
  const zones = await world.apply(guide('4.7-zones.yaml'))
  assert.deepEqual([zones.status, zones.stdout], [1, 'l2advertisement.metallb.io/zone-aware-advertisement created\n'])
  for (const word of ['zone-a-pool', 'zone-b-pool', 'layer2-pool', 'poolOverlap'])
    assert.ok(zones.stderr.includes(word))
  const classes = await world.apply(guide('4.8-classes.yaml'))
  assert.equal(classes.status, 1)
  for (const word of ['internal-pool', 'layer2-pool', 'poolOverlap']) assert.ok(classes.stderr.includes(word))
  assert.match(classes.stdout, /^ipaddresspool\.metallb\.io\/external-pool created\nservice\/internal-app created$/m)
})

test('4.8, 4.15: classes under metallb.io/ are ours without a flag', async () => {
  await world.applied(`${guide('4.8-classes.yaml')}---\n${EVERYWHERE}`)
  assert.equal(await world.addressOf('internal-app'), '10.0.3.100')
  await world.applied(guide('4.15-frontends.yaml'))
  assert.equal(await world.addressOf('web-frontend-lb'), '192.168.1.100')
  assert.equal(await world.addressOf('api-gateway-lb'), '10.0.3.101', 'internal-app shares its address with nobody')
  for (const name of ['internal-app', 'web-frontend-lb', 'api-gateway-lb'])
    await world.events(name, ['Normal IPAllocated 1'])
})

const isUnannounced = (service: Manifest | undefined) =>
  conditionOf(service, 'Announced') === 'False noMatchingAdvertisement'

test('4.8: with no advertisement, as written, there is an address and a condition that nobody announces it', async () => {
  await world.applied(guide('4.8-classes.yaml'))
  assert.equal(await world.addressOf('internal-app'), '10.0.3.100')
  const place = { path: '/api/v1/namespaces/default/services', name: 'internal-app' }
  await observed(world.client, place, isUnannounced, 'nobody announces it')
})

test('4.16: databases without the label of the pool are refused, and the message names the label', async () => {
  await world.applied(`${guide('4.8-classes.yaml')}---\n${EVERYWHERE}`)
  await world.applied(guide('4.16-databases.yaml'))
  for (const name of ['postgresql-primary-lb', 'postgresql-readonly-lb']) {
    await world.assigned(name, 'False poolNotForService')
    await world.events(name, ['Warning AllocationFailed 1'])
  }
  const { items } = await world.client.list('/api/v1/namespaces/default/events')
  const told = items.filter(({ reason }) => reason === 'AllocationFailed').map(({ message }) => String(message))
  for (const message of told) assert.match(message, /metallb\.io\/class/)
})

test('4.16: with the label they get what they ask for', async () => {
  await world.applied(`${guide('4.8-classes.yaml')}---\n${EVERYWHERE}`)
  await world.applied(guide('4.16-databases.yaml').replaceAll(/^ {2}annotations:/gm, `${INTERNAL_LABEL}$&`))
  assert.equal(await world.addressOf('postgresql-primary-lb'), '10.0.3.110')
  assert.equal(await world.addressOf('postgresql-readonly-lb'), '10.0.3.111')
})

test('4.9: network policies, as written and with the webhooks’ caller and the API server let through', async () => {
  await world.applied(guide('4.9-network-policies.yaml'))
  const open = corrected(
    guide('4.9-network-policies.yaml'),
    ', { protocol: TCP, port: 9443 }]',
    ']\n    - { ports: [{ protocol: TCP, port: 9443 }] }',
  )
  const { stdout } = await world.applied(
    corrected(
      open,
      '{ to: [{ namespaceSelector: {} }], ports: [{ protocol: TCP, port: 6443 }] }',
      '{ ports: [{ protocol: TCP, port: 6443 }] }',
    ),
  )
  assert.match(stdout, /^networkpolicy\.networking\.k8s\.io\/metallb-controller-policy configured$/m)
})

for (const [block, file, name] of [
  ['4.11', '4.11-speaker-hardened.yaml', 'metallb-speaker-hardened'],
  ['4.20', '4.20-speaker-optimized.yaml', 'metallb-speaker-optimized'],
] as const) {
  test(`${block}: part of a DaemonSet is no DaemonSet, and is a patch for one`, async () => {
    const { status, stderr } = await world.apply(guide(file))
    assert.equal(status, 1)
    assert.match(stderr, new RegExp(`"${name}" is invalid`))
    const misnamed = await world.patchSpeaker(guide(file))
    assert.equal(misnamed.status, 1)
    assert.match(misnamed.stderr, /BadRequest|the name of the object .* does not match/)
    const { status: patched, stderr: why } = await world.patchSpeaker(corrected(guide(file), name, 'speaker'))
    assert.equal(patched, 0, why)
  })
}

test('4.11, 4.20: what the patches make of the speaker', async () => {
  const { stdout } = await world.kubectl('get', 'daemonset', 'speaker', '-n', 'metallb-system', '-o', 'json')
  const { spec } = JSON.parse(stdout).spec.template
  const [container] = spec.containers
  assert.equal(spec.securityContext.runAsUser, 65_534)
  assert.equal(container.securityContext.runAsUser, 0, 'as its own user it would not be given NET_RAW')
  const mounts = new Set(container.volumeMounts.map(({ mountPath }: { mountPath: string }) => mountPath))
  for (const path of ['/tmp', '/var/run/frr', '/etc/ml_secret_key']) assert.ok(mounts.has(path), path)
  assert.deepEqual(spec.nodeSelector, { 'kubernetes.io/os': 'linux', 'metallb.io/speaker': 'enabled' })
  assert.equal(spec.tolerations.length, 3, 'a list without merge keys is replaced')
  assert.equal(spec.priorityClassName, 'system-node-critical')
})

test('4.12: monitors of an operator that is not there are nobody’s', async () => {
  const { status, stderr } = await world.apply(guide('4.12-service-monitors.yaml'))
  assert.equal(status, 1)
  assert.match(stderr, /no matches for kind "ServiceMonitor" in version "monitoring\.coreos\.com\/v1"/)
})
