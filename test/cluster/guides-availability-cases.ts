// SPDX-License-Identifier: Apache-2.0
/**
 * The guide to high availability, told in its order: its objects over the installation, its programs with nothing but
 * what its Pods give them. guides.test.ts runs this file in a network namespace; titles begin with the blocks' numbers.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Manifest } from '../../lab/cluster/api-client.ts'
import { fieldAt } from '../../lab/cluster/field.ts'
import { endpointSlice } from '../../lab/cluster/objects.ts'
import { observed, observedAll } from '../../lab/cluster/observe.ts'
import type { ClusterProgram } from '../../lab/cluster/program.ts'
import { GuideSpeakers } from './guide-speakers.ts'
import { corrected, guide } from './guide-text.ts'
import { GuideWorld } from './guide-world.ts'

const SYSTEM = ['-n', 'metallb-system'] as const
const STATUSES = '/apis/metallb.io/v1beta1/namespaces/metallb-system/servicel2statuses'
/** By the order of SHA-256("node#address") among the nodes that may answer for the address. */
const LEADERS = { '192.168.1.100': 'infra-1', '192.168.1.160': 'worker-2' } as const
const NODES = ['worker-1', 'worker-2', 'worker-3', 'worker-4', 'infra-1', 'infra-2', 'infra-3']
/** The guide names this file and does not show it. */
const NEW_SERVICE = `apiVersion: v1
kind: Service
metadata: { name: test-new-service }
spec: { type: LoadBalancer, ports: [{ port: 80 }] }
`
let world: GuideWorld
let controller: ClusterProgram
let speakers: GuideSpeakers
const nodeAddress = (node: string) => `192.168.1.${11 + NODES.indexOf(node)}`

before(async () => {
  world = await GuideWorld.open()
  await world.addNodes(Object.fromEntries(NODES.map((name) => [name, { address: nodeAddress(name) }])))
  speakers = new GuideSpeakers(world, { addressOf: nodeAddress, secret: memberKey })
})
after(async () => await world.close())

async function readBack(kind: string, name: string): Promise<unknown> {
  return JSON.parse((await world.kubectl('get', kind, name, ...SYSTEM, '-o', 'json')).stdout)
}

/** The first container of a workload as it is now. */
async function containerOf(kind: string, name: string): Promise<unknown> {
  return fieldAt(await readBack(kind, name), 'spec', 'template', 'spec', 'containers', 0)
}

function strings(value: unknown): string[] {
  assert.ok(Array.isArray(value))
  return value.map(String)
}

const memberKey = async () => String(fieldAt(await readBack('secret', 'memberlist'), 'data', 'secretkey'))
const makeKey =
  'kubectl create secret generic memberlist --from-literal=secretkey="$(openssl rand -base64 32)" -n metallb-system'

test('1.5: where the installed controller ran first, its key stays', async () => {
  const installed = await world.startController({ env: { METALLB_ML_SECRET_NAME: 'memberlist' } })
  const place = { path: '/api/v1/namespaces/metallb-system/secrets', name: 'memberlist' }
  await observed(world.client, place, (secret) => secret !== undefined, 'the Secret is made')
  const made = await memberKey()
  const { status, stderr } = await world.run(['bash', '-c', makeKey])
  assert.equal(status, 1)
  assert.match(stderr, /secrets "memberlist" already exists/)
  assert.equal(await memberKey(), made)
  await installed.stop()
  await world.kubectl('delete', 'secret', 'memberlist', ...SYSTEM)
})

test('1.1, 1.2: its Namespace over the installed one', async () => {
  const { stdout } = await world.applied(guide('1.1-namespace.yaml'))
  assert.equal(stdout, 'namespace/metallb-system configured\n')
})

test('1.3, 1.4: its Deployment and DaemonSet over the installed ones, with no variable and no volume of ours left', async () => {
  await world.applied(`${guide('1.3-controller.yaml')}---\n${guide('1.4-speaker.yaml')}`)
  const deployed = await containerOf('deployment', 'controller')
  assert.equal(fieldAt(deployed, 'env'), undefined)
  assert.deepEqual(fieldAt(deployed, 'args'), ['--log-level=info', '--port=7472', '--webhook-mode=enabled'])
  const container = await containerOf('daemonset', 'speaker')
  const mounts = fieldAt(container, 'volumeMounts')
  assert.deepEqual(mounts, [{ name: 'memberlist', mountPath: '/etc/ml_secret_key', readOnly: true }])
  assert.deepEqual(fieldAt(container, 'securityContext', 'capabilities'), { add: ['NET_RAW'], drop: ['ALL'] })
})

test('1.5: where there is none, the Secret is the user’s to make', async () => {
  const { status, stdout } = await world.run(['bash', '-c', makeKey])
  assert.deepEqual([status, stdout], [0, 'secret/memberlist created\n'])
  assert.equal(Buffer.from(await memberKey(), 'base64').length, 44)
})

test('1.3: a controller with these arguments alone leads, serves webhooks, and answers the probes', async () => {
  const args = strings(fieldAt(await containerOf('deployment', 'controller'), 'args'))
  controller = await world.startController({ args })
  const answer = await fetch('http://127.0.0.1:7472/metrics')
  assert.equal(answer.status, 200)
  assert.match(await answer.text(), /^metallb_/m)
  const lease = await readBack('lease', 'metallb-controller')
  assert.notEqual(fieldAt(lease, 'spec', 'holderIdentity') ?? '', '')
})

test('1.6: pools and advertisements for layer 2', async () => {
  await world.applied(guide('1.6-layer2.yaml'))
  await world.available({ 'primary-pool': 51, 'secondary-pool': 41 })
})

const nodeOf = (status: Manifest) => String(fieldAt(status, 'status', 'node'))

/** Resolves when one ServiceL2Status of a Service is there, and it names the node; '': none is there. */
async function announcedBy(service: string, node: string): Promise<void> {
  await observedAll(world.client, `${STATUSES}?labelSelector=metallb.io/service-name%3D${service}`, {
    holds: (statuses) => [...statuses.values()].map(nodeOf).join() === node,
    what: `${service} is announced by '${node}'`,
  })
}

test('1.4, 1.10: speakers with the variables of their Pods alone are a ring; one leads, and the status names it', async () => {
  const nodes = [LEADERS['192.168.1.100'], LEADERS['192.168.1.160']] as const
  for (const node of nodes) await speakers.addPod(node)
  await Promise.all(nodes.map((node) => speakers.start(node)))
  await speakers.watching(...nodes)
  await world.client.create(endpointSlice('test-lb-service', ['worker-1', 'worker-2']))
  await world.applied(guide('1.10-service.yaml'))
  assert.equal(await world.addressOf('test-lb-service'), '192.168.1.100')
  await announcedBy('test-lb-service', LEADERS['192.168.1.100'])
  const all = ['Normal IPAllocated 1', 'Warning deprecatedAnnotation 1', 'Normal nodeAssigned 1']
  await world.events('test-lb-service', all)
  const { stdout } = await world.kubectl('get', 'servicel2statuses', ...SYSTEM)
  assert.match(
    stdout,
    /^NAME +ALLOCATED NODE +SERVICE NAME +SERVICE NAMESPACE\nl2-\w+ +infra-1 +test-lb-service +default\n$/,
  )
  const leader = speakers.on(LEADERS['192.168.1.100'])
  await leader.said((line) => /announcing/.test(JSON.stringify(line)))
})

test('1.8: the labels that the second advertisement asks for take effect without a restart', async () => {
  const second = corrected(guide('1.10-service.yaml'), 'primary-pool', 'secondary-pool')
  await world.client.create(endpointSlice('second', ['worker-1']))
  await world.applied(corrected(second, 'test-lb-service', 'second'))
  assert.equal(await world.addressOf('second'), '192.168.1.160')
  await announcedBy('second', '')
  const labels = [
    ...[1, 2, 3].map((at) => [`worker-${at}`, 'metallb.universe.tf/speaker=true']),
    ...[1, 2, 3].map((at) => [`infra-${at}`, 'node-role.kubernetes.io/infra=']),
    ['worker-4', 'node.kubernetes.io/exclude-from-metallb=true'],
  ]
  for (const label of labels) assert.equal((await world.kubectl('label', 'node', ...label)).status, 0)
  await announcedBy('second', LEADERS['192.168.1.160'])
  await announcedBy('test-lb-service', LEADERS['192.168.1.100'])
})

test('1.11: a node that is cordoned goes on announcing', async () => {
  const node = LEADERS['192.168.1.100']
  assert.equal((await world.kubectl('cordon', node)).stdout, `node/${node} cordoned\n`)
  await world.client.create(endpointSlice('later', ['worker-1']))
  await world.applied(corrected(guide('1.10-service.yaml'), 'test-lb-service', 'later'))
  await world.addressOf('later') // by now everybody has heard of the node
  await announcedBy('test-lb-service', node)
  await world.kubectl('delete', 'service', 'later')
  assert.equal((await world.kubectl('uncordon', node)).stdout, `node/${node} uncordoned\n`)
})

test('1.7: peers, profile, pool and advertisement for BGP beside layer 2', async () => {
  assert.equal((await world.applied(guide('1.7-bgp.yaml'))).stdout.trimEnd().split('\n').length, 5)
  await world.configured('Valid')
  await world.applied(corrected(NEW_SERVICE, 'test-new-service', 'plain'))
  assert.equal(await world.addressOf('plain'), '10.0.100.1', 'the first pool by name, and .0 is one to avoid')
})

test('1.12: without a controller addresses stay, a new Service waits, and nothing of ours is changed', async () => {
  assert.equal((await world.kubectl('scale', 'deployment', 'controller', ...SYSTEM, '--replicas=0')).status, 0)
  assert.equal(await controller.stop(), 0)
  const { stdout: kept } = await world.run(['bash', '-c', 'kubectl get svc -A | grep LoadBalancer'])
  for (const held of ['192.168.1.100', '192.168.1.160', '10.0.100.1']) assert.ok(kept.includes(` ${held} `), kept)
  await announcedBy('test-lb-service', LEADERS['192.168.1.100'])
  await world.applied(NEW_SERVICE)
  const { stdout } = await world.kubectl('get', 'svc', 'test-new-service')
  assert.match(stdout, /^test-new-service +LoadBalancer +[\d.]+ +<pending> /m)
  const { status, stderr } = await world.apply(corrected(guide('1.6-layer2.yaml'), '192.168.1.150', '192.168.1.151'))
  assert.equal(status, 1)
  assert.match(stderr, /failed calling webhook "ipaddresspoolvalidationwebhook\.metallb\.io"/)
})

test('1.12: with three of them again it is served at once, and nobody has lost an address', async () => {
  assert.equal((await world.kubectl('scale', 'deployment', 'controller', ...SYSTEM, '--replicas=3')).status, 0)
  // They have one network here, in which one of them can serve.
  const others = ['--port=0', '--health-probe-port=0', '--webhook-mode=disabled']
  const three = [world.start('controller'), ...[others, others].map((args) => world.start('controller', { args }))]
  await Promise.any(three.map(async (replica) => await replica.said('leading')))
  const leadsMs = performance.now()
  assert.equal(await world.addressOf('test-new-service'), '10.0.100.2')
  assert.ok(performance.now() - leadsMs < 5000)
  assert.equal(await world.addressOf('test-lb-service'), '192.168.1.100')
  assert.equal(await world.addressOf('plain'), '10.0.100.1')
  await world.webhooksAnswer()
  await world.applied(guide('1.6-layer2.yaml'))
})

test('1.9, 1.14: part of a DaemonSet is no DaemonSet, and is a patch for one', async () => {
  for (const file of ['1.9-speaker-affinity.yaml', '1.14-speaker-members.yaml']) {
    for (const verb of ['create', 'apply']) {
      const { status, stderr } = await world.run(['kubectl', verb, '-f', '-'], guide(file))
      assert.equal(status, 1)
      assert.match(stderr, /"speaker" is invalid/)
    }
    const { status, stderr } = await world.patchSpeaker(guide(file))
    assert.equal(status, 0, stderr)
  }
  const { affinity } = Object(fieldAt(await readBack('daemonset', 'speaker'), 'spec', 'template', 'spec'))
  const wanted = fieldAt(
    affinity,
    'nodeAffinity',
    'requiredDuringSchedulingIgnoredDuringExecution',
    'nodeSelectorTerms',
  )
  assert.deepEqual(wanted, [
    {
      matchExpressions: [
        { key: 'metallb.universe.tf/speaker', operator: 'In', values: ['true'] },
        { key: 'node.kubernetes.io/exclude-from-metallb', operator: 'DoesNotExist' },
      ],
    },
  ])
  const env = fieldAt(await containerOf('daemonset', 'speaker'), 'env')
  assert.ok(Array.isArray(env))
  const values = new Map(env.map((variable) => [fieldAt(variable, 'name'), fieldAt(variable, 'value')]))
  assert.equal(values.get('MEMBERLIST_GOSSIP_INTERVAL'), '200ms')
  assert.equal(values.get('METALLB_ML_LABELS'), 'app=metallb,component=speaker')
})

test('1.14, 1.23: speakers that are started anew follow these variables, and print members, states and leaders', async () => {
  const nodes = ['infra-1', 'worker-2'] as const
  const settings = { tcpTimeout: '10s', pushPullInterval: '30s', gossipInterval: '200ms', suspicionMult: 4 }
  for (const node of nodes) {
    assert.equal(await speakers.on(node).stop(), 0)
    const speaker = await speakers.start(node)
    const said = await speaker.said('the ring of speakers is set up')
    const { bind, encryption } = said
    assert.deepEqual({ bind, encryption }, { bind: `${nodeAddress(node)}:7946`, encryption: 'AES-GCM' })
    for (const [name, value] of Object.entries(settings)) assert.equal(said[name], value)
  }
  await speakers.watching(...nodes)
  for (const [node, other] of [nodes, nodes.toReversed()]) {
    assert.ok(node !== undefined && other !== undefined)
    const lines = await speakers.tables(node)
    for (const [name, value] of Object.entries(settings))
      assert.ok(lines.includes(`${name} ${value}`), lines.join('\n'))
    assert.ok(lines.includes(`bind ${nodeAddress(node)}:7946`))
    const own = lines.find((line) => line.startsWith(`${node} `))
    assert.match(own ?? '', new RegExp(`^${node} ${nodeAddress(node)}:7946 alive \\d+ metallb-ts `))
    const seen = lines.find((line) => line.startsWith(`${other} `))
    assert.match(seen ?? '', new RegExp(`^${other} ${nodeAddress(other)}:7946 alive \\d+ up metallb-ts `))
    for (const [address, leader] of Object.entries(LEADERS)) {
      const service = address === '192.168.1.100' ? 'test-lb-service' : 'second'
      assert.ok(lines.includes(`${address} default/${service} ${leader}`), lines.join('\n'))
    }
  }
})

test('1.13: a network policy', async () => {
  await world.applied(guide('1.13-partition.yaml'))
  await world.kubectl('delete', 'networkpolicy', 'simulate-partition', ...SYSTEM)
})

test('1.15, 1.16: what a monitor selects: the Services of both programs by label and name of the port', async () => {
  const { status, stderr } = await world.apply(guide('1.16-service-monitor.yaml'))
  assert.equal(status, 1)
  assert.match(stderr, /no matches for kind "ServiceMonitor"/)
  const { items } = JSON.parse((await world.kubectl('get', 'svc', ...SYSTEM, '-l', 'app=metallb', '-o', 'json')).stdout)
  const ports = items.flatMap((service: Manifest) => {
    const port = fieldAt(service, 'spec', 'ports', 0)
    return [`${service.metadata.name} ${String(fieldAt(port, 'name'))} ${String(fieldAt(port, 'port'))}`]
  })
  const monitored = ports.filter((port: string) => port.includes(' monitoring '))
  assert.deepEqual(monitored, ['controller monitoring 7472', 'speaker monitoring 7472'])
})

test('1.19: a label and a taint for a node, which neither program tolerates', async () => {
  await world.applied(guide('1.19-infra-node.yaml'))
  const { metadata, spec } = await world.client.get('/api/v1/nodes/infra-1')
  assert.equal(metadata.labels?.['node-role.kubernetes.io/infra'], '')
  assert.deepEqual(fieldAt(spec, 'taints', 0), { key: 'node-role.kubernetes.io/infra', effect: 'NoSchedule' })
  for (const [kind, name] of [
    ['deployment', 'controller'],
    ['daemonset', 'speaker'],
  ] as const) {
    const tolerations = fieldAt(await readBack(kind, name), 'spec', 'template', 'spec', 'tolerations')
    assert.ok(Array.isArray(tolerations) && tolerations.length > 0)
    assert.ok(tolerations.every((each) => fieldAt(each, 'key') !== 'node-role.kubernetes.io/infra'))
  }
})

test('1.20: disruption budgets that select the Pods of both programs', async () => {
  await world.applied(guide('1.20-disruption-budgets.yaml'))
  for (const [kind, name] of [
    ['deployment', 'controller'],
    ['daemonset', 'speaker'],
  ] as const) {
    const labels = fieldAt(await readBack(kind, name), 'spec', 'template', 'metadata', 'labels')
    const wanted = fieldAt(await readBack('pdb', `${name}-pdb`), 'spec', 'selector', 'matchLabels')
    assert.deepEqual(wanted, { app: 'metallb', component: name })
    for (const [key, value] of Object.entries(Object(wanted))) assert.equal(fieldAt(labels, key), value)
  }
})

const workload = (kind: string, name: string): Manifest => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: { name, namespace: 'metallb-system' },
})

test('1.22: the script that checks health, as written and corrected, while one Service waits', async () => {
  await world.client.patchStatus(workload('Deployment', 'controller'), { replicas: 3, readyReplicas: 2 })
  const pods = { currentNumberScheduled: 3, desiredNumberScheduled: 3, numberMisscheduled: 0, numberReady: 3 }
  await world.client.patchStatus(workload('DaemonSet', 'speaker'), pods)
  await world.applied(
    corrected(NEW_SERVICE, 'name: test-new-service', 'name: waits').replace(
      'spec: {',
      'spec: { loadBalancerIP: 192.0.2.1,',
    ),
  )
  await world.assigned('waits', 'False addressInNoPool')
  const script = guide('1.22-healthcheck.sh')
  const asWritten = await world.run(['bash', '-c', script])
  assert.equal(asWritten.status, 0)
  assert.match(asWritten.stdout, /^WARNING: Controller has 2\/3 replicas ready\nHealth check completed at /)
  const pending =
    "$(kubectl get svc -A --field-selector spec.type=LoadBalancer -o custom-columns=IP:.status.loadBalancer.ingress --no-headers | grep -c '<none>')"
  const { stdout } = await world.run(['bash', '-c', corrected(script, /(?<=PENDING_IPS=).*/, pending)])
  assert.match(stdout, /^WARNING: 1 LoadBalancer services are pending external IPs$/m)
})

test('1.23: what there is to look at', async () => {
  const said = speakers.on('infra-1').lines.map((line) => JSON.stringify(line))
  assert.ok(said.some((line) => /leader|announce|arp/.test(line)))
  const kinds = ['ipaddresspools', 'bgppeers', 'bgpadvertisements', 'l2advertisements']
  const counts: Record<string, number> = {}
  for (const kind of kinds) {
    const { status, stdout } = await world.kubectl('get', `${kind}.metallb.io`, ...SYSTEM, '-o', 'yaml')
    assert.equal(status, 0)
    counts[kind] = [...stdout.matchAll(/^- apiVersion: metallb\.io\//gm)].length
  }
  assert.deepEqual(counts, { ipaddresspools: 3, bgppeers: 2, bgpadvertisements: 1, l2advertisements: 2 })
  const { stdout } = await world.run(['bash', '-c', 'kubectl get svc -A -o wide | grep LoadBalancer'])
  assert.match(stdout, /^default +test-lb-service .* 192\.168\.1\.100 .* app=test-app$/m)
})

test('1.3, 1.4: the installation over them, as over MetalLB, with nothing to delete first', async () => {
  const { status, stdout, stderr } = await world.install()
  assert.equal(status, 0, stderr)
  assert.match(
    stdout,
    /^daemonset\.apps\/speaker configured\ndeployment\.apps\/controller configured$|^deployment\.apps\/controller configured\ndaemonset\.apps\/speaker configured$/m,
  )
  const names = fieldAt(await containerOf('deployment', 'controller'), 'env')
  assert.ok(Array.isArray(names))
  assert.ok(names.some((variable) => fieldAt(variable, 'name') === 'METALLB_ML_SECRET_NAME'))
  assert.equal(await world.addressOf('test-lb-service'), '192.168.1.100')
})
