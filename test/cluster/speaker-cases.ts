// SPDX-License-Identifier: Apache-2.0
/**
 * The speaker in a cluster, with its own rights: what it answers on the wire and what it writes about it, with the API
 * server there, gone, and back. speaker.test.ts runs this file in a network namespace.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { after, afterEach, before, test } from 'node:test'
import type { Manifest } from '../../lab/cluster/api-client.ts'
import { type ApiServer, startApiServer } from '../../lab/cluster/api-server.ts'
import { apply, applyCrds } from '../../lab/cluster/apply.ts'
import { fieldAt } from '../../lab/cluster/field.ts'
import { createNode, endpointSlice, metallb, namespace, pool, service } from '../../lab/cluster/objects.ts'
import { observed, observedAll } from '../../lab/cluster/observe.ts'
import { ClusterProgram } from '../../lab/cluster/program.ts'
import { BROADCAST_MAC, decode, encode, gratuitous } from '../../src/l2/arp.ts'
import { ip, makeWire, Tap, until } from '../lab/wire-namespace.ts'

const RBAC = join(import.meta.dirname, '../../deploy/manifests/rbac.yaml')
const OURS = '/apis/metallb.io/v1beta1/namespaces/metallb-system'
const L2 = `${OURS}/servicel2statuses`
const STATES = `${OURS}/configurationstates`
const EVENTS = '/api/v1/namespaces/default/events'
const STATION = '02:00:00:00:00:ff'
const NODE = 'node-1'
const POD: Manifest = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: 'speaker-x7k2p',
    namespace: 'metallb-system',
    labels: { app: 'metallb', component: 'speaker' },
  },
  spec: { nodeName: NODE, containers: [{ name: 'speaker', image: 'speaker' }] },
}

let server: ApiServer
let tap: Tap
/** On tmpfs, as /run is. */
let runDirectory: string
const speakers: ClusterProgram[] = []

before(async () => {
  ip('link', 'set', 'lo', 'up')
  makeWire('eth0', 'far')
  ip('link', 'set', 'far', 'arp', 'off') // the station's end is no link of the node
  runDirectory = mkdtempSync('/dev/shm/metallb-speaker-')
  server = await startApiServer()
  await applyCrds(server.client)
  await apply(server.client, [namespace()])
  await apply(server.client, readFileSync(RBAC, 'utf8'))
  await apply(server.client, [POD, pool('lan', '192.0.2.0/24'), metallb('L2Advertisement', 'lan', {})])
  await createNode(server.client, NODE, { address: '10.0.0.1' })
  tap = new Tap('far')
  await tap.ready
})
after(async () => {
  await tap.close()
  await server.stop()
  ip('link', 'del', 'eth0')
  rmSync(runDirectory, { recursive: true, force: true })
})
afterEach(async () => {
  for (const speaker of speakers.splice(0)) if (!speaker.hasEnded) await speaker.kill()
})

/** Starts one as its DaemonSet would; it then has said that it is ready. */
async function start(...flags: readonly string[]): Promise<ClusterProgram> {
  const off = ['--port=0', '--health-probe-port=0', '--run-dir', runDirectory]
  const where = [
    '--kubeconfig',
    server.kubeconfigFor('speaker'),
    '--namespace',
    'metallb-system',
    '--node-name',
    NODE,
    '--pod-name',
    POD.metadata.name,
  ]
  const speaker = new ClusterProgram(['speaker', ...where, ...off, ...flags])
  speakers.push(speaker)
  await speaker.said('ready')
  return speaker
}

/** A Service with an address, as a controller leaves it, and one ready endpoint. */
async function serve(name: string, address: string): Promise<Manifest> {
  const object = service(name)
  await apply(server.client, [object, endpointSlice(name, [NODE])])
  await server.client.patchStatus(object, { loadBalancer: { ingress: [{ ip: address }] } })
  return object
}

const numberOf = (address: string) => address.split('.').reduce((all, part) => all * 256 + Number(part), 0)

async function isAnswered(address: string): Promise<boolean> {
  const target = numberOf(address)
  const request = { ...gratuitous('request', target, STATION), destination: BROADCAST_MAC, senderIp: 0xc000_02fe }
  tap.take()
  tap.send(encode(request))
  const frames = (await tap.settle()).map((frame) => decode(frame))
  return frames.some((frame) => 'destination' in frame && frame.destination === STATION && frame.senderIp === target)
}

async function answeredSoon(address: string, expected: boolean): Promise<void> {
  for (const end = performance.now() + 10_000; (await isAnswered(address)) !== expected; ) {
    assert.ok(performance.now() < end, `${address} is ${expected ? 'not answered' : 'still answered'}`)
  }
}

const ofService = (name: string) => `${L2}?labelSelector=metallb.io/service-name%3D${name}`
const isComplete = (object: Manifest) => fieldAt(object, 'status', 'node') !== undefined

/** The one complete ServiceL2Status of a Service. */
async function statusOf(name: string): Promise<Manifest> {
  const found = await observedAll(server.client, ofService(name), {
    holds: (objects) =>
      objects.size === 1 && [...objects.values()].every((object) => isOurs(object) && isComplete(object)),
    what: `there is one ServiceL2Status of ${name}`,
  })
  const [only] = found.values()
  assert.ok(only)
  return only
}

const isOurs = ({ metadata }: Manifest) => metadata.labels?.['metallb.io/node'] === NODE

async function noStatusOf(name: string): Promise<void> {
  await observedAll(server.client, ofService(name), {
    holds: (objects) => objects.size === 0,
    what: `there is no ServiceL2Status of ${name}`,
  })
}

const eventsOf = (name: string, reason: string) =>
  `${EVENTS}?fieldSelector=${encodeURIComponent(`involvedObject.name=${name},reason=${reason}`)}`

test('a Service with an address is answered for, and that is written down: status, owner, event', async () => {
  await start()
  const web = await serve('web', '192.0.2.1')
  await answeredSoon('192.0.2.1', true)
  const { metadata, status } = await statusOf('web')
  assert.match(metadata.name, /^l2-/)
  assert.deepEqual(status, { node: NODE, serviceName: 'web', serviceNamespace: 'default' })
  assert.deepEqual(metadata.labels, {
    'metallb.io/node': NODE,
    'metallb.io/service-name': 'web',
    'metallb.io/service-namespace': 'default',
  })
  const pod = await server.client.get(await server.client.pathOf(POD))
  const owner = { apiVersion: 'v1', kind: 'Pod', name: POD.metadata.name, uid: pod.metadata.uid }
  assert.deepEqual(fieldAt(metadata, 'ownerReferences'), [owner])
  const events = await observedAll(server.client, eventsOf('web', 'nodeAssigned'), {
    holds: (objects) => objects.size > 0,
    what: 'nodeAssigned is said',
  })
  const [event] = events.values()
  assert.equal(fieldAt(event, 'message'), `announcing from node "${NODE}" with protocol "layer2"`)
  assert.equal(fieldAt(event, 'source', 'component'), 'metallb-speaker')
  const { metadata: known } = await server.client.get(await server.client.pathOf(web))
  assert.equal(fieldAt(event, 'involvedObject', 'uid'), known.uid)

  await server.client.delete(web)
  await answeredSoon('192.0.2.1', false)
  await noStatusOf('web')
})

test('a restart finds its statuses right: none is written, and nodeAssigned is not said again', async () => {
  await start()
  const web = await serve('again', '192.0.2.2')
  const first = await statusOf('again')
  await speakers[0]?.stop()
  const speaker = await start()
  await answeredSoon('192.0.2.2', true)
  await serve('marker', '192.0.2.3') // what comes after it is written after it
  await statusOf('marker')
  assert.equal((await statusOf('again')).metadata.resourceVersion, first.metadata.resourceVersion)
  const { items } = await server.client.list(eventsOf('again', 'nodeAssigned'))
  assert.deepEqual(
    items.map((event) => fieldAt(event, 'count')),
    [1],
  )
  assert.equal(speaker.hasEnded, false)
  await server.client.delete(web)
  await server.client.delete(service('marker'))
  await noStatusOf('marker')
})

test('what a dead node left behind goes when this one answers, and a deleted status comes back', async () => {
  await start()
  const left = metallb('ServiceL2Status', 'l2-dead', {})
  const labels = {
    'metallb.io/node': 'node-9',
    'metallb.io/service-name': 'taken',
    'metallb.io/service-namespace': 'default',
  }
  await server.client.create({ ...left, metadata: { ...left.metadata, labels } })
  const taken = await serve('taken', '192.0.2.4')
  const first = await statusOf('taken')
  await server.client.delete({ ...first, apiVersion: 'metallb.io/v1beta1', kind: 'ServiceL2Status' })
  await observedAll(server.client, ofService('taken'), {
    holds: (objects) => objects.size === 1 && !objects.has(first.metadata.name),
    what: 'the status is made again',
  })
  await server.client.delete(taken)
  await noStatusOf('taken')
})

test('the API server is killed: the speaker answers on, also after its own kill, from what it kept', async () => {
  const speaker = await start()
  const kept = await serve('kept', '192.0.2.5')
  const gone = await serve('gone', '192.0.2.6')
  await answeredSoon('192.0.2.6', true)
  await statusOf('gone')
  const state = join(runDirectory, 'speaker-state')
  await until(() => readFileSync(state, 'utf8').includes('"192.0.2.6"'), 'the address to be kept', 10_000)
  await server.kill()
  await speaker.said('the API server does not answer; what is known stays in use')
  assert.equal(await isAnswered('192.0.2.5'), true)

  await speaker.kill()
  assert.equal(await isAnswered('192.0.2.5'), false)
  await server.start()
  await server.client.delete(gone)
  await server.kill()
  const second = await start()
  await second.said('the API server does not answer: announcing from the last known state until it does')
  assert.equal(await isAnswered('192.0.2.5'), true)
  assert.equal(await isAnswered('192.0.2.6'), true) // nobody could tell it

  await server.start()
  await second.said('the API server answers; its objects replace the last known state')
  await answeredSoon('192.0.2.6', false)
  assert.equal(await isAnswered('192.0.2.5'), true)
  await noStatusOf('gone')
  await server.client.delete(kept)
  await noStatusOf('kept')
})

test('without an API server and without a last known state nothing is announced, and the log says why', async () => {
  const first = await start()
  const web = await serve('lost', '192.0.2.7')
  await answeredSoon('192.0.2.7', true)
  await first.stop()
  for (const name of readdirSync(runDirectory)) rmSync(join(runDirectory, name), { recursive: true })
  await server.kill()
  const off = ['--port=0', '--health-probe-port=0', '--run-dir', runDirectory, '--namespace', 'metallb-system']
  const second = new ClusterProgram([
    'speaker',
    '--kubeconfig',
    server.kubeconfigFor('speaker'),
    '--node-name',
    NODE,
    ...off,
  ])
  speakers.push(second)
  await second.said(({ msg }) => msg.includes('there is no last known state: nothing is announced until it does'))
  assert.equal(await isAnswered('192.0.2.7'), false)
  await server.start()
  await second.said('ready')
  await answeredSoon('192.0.2.7', true)
  await server.client.delete(web)
})

test('what is kept is readable by its owner alone', async () => {
  const speaker = await start()
  await serve('kept', '192.0.2.5')
  await statusOf('kept')
  await speaker.stop()
  const file = join(runDirectory, 'speaker-state')
  assert.equal(statSync(file).mode & 0o777, 0o600)
  assert.match(readFileSync(file, 'utf8'), /^\+Service\/default\/kept\t/m)
  await server.client.delete(service('kept'))
})

test('interfaces: named in the status; where none of them is here, announceFailed', async () => {
  const path = await server.client.pathOf(metallb('L2Advertisement', 'lan', {}))
  await start()
  const web = await serve('bound', '192.0.2.8')
  await apply(server.client, [metallb('L2Advertisement', 'lan', { interfaces: ['eth0', 'eth9'] })])
  await observedAll(server.client, ofService('bound'), {
    holds: (objects) =>
      [...objects.values()].some((object) => fieldAt(object, 'status', 'interfaces', 1, 'name') === 'eth9'),
    what: 'the status names the interfaces',
  })
  await apply(server.client, [metallb('L2Advertisement', 'lan', { interfaces: ['eth9'] })])
  await observedAll(server.client, eventsOf('bound', 'announceFailed'), {
    holds: (objects) => [...objects.values()].some(({ message }) => String(message).includes('LB IP "192.0.2.8"')),
    what: 'announceFailed is said',
  })
  await noStatusOf('bound')
  assert.equal(await isAnswered('192.0.2.8'), false)
  await server.client.request('DELETE', path)
  await apply(server.client, [metallb('L2Advertisement', 'lan', {})])
  await statusOf('bound')
  await answeredSoon('192.0.2.8', true)
  await server.client.delete(web)
  await noStatusOf('bound')
})

const result = (object: Manifest | undefined) => fieldAt(object, 'status', 'result')

test('a configuration with an error is said in the ConfigurationState, and the last valid one stays', async () => {
  const place = { path: STATES, name: `speaker-${NODE}` }
  await start()
  const web = await serve('steady', '192.0.2.9')
  await answeredSoon('192.0.2.9', true)
  const valid = await observed(server.client, place, (object) => result(object) === 'Valid', 'the state is Valid')
  assert.deepEqual(valid?.metadata.labels, {
    'metallb.io/component-type': 'speaker',
    'metallb.io/node-name': NODE,
  })
  await apply(server.client, [pool('other', '192.0.2.128/25')])
  const invalid = await observed(server.client, place, (object) => result(object) === 'Invalid', 'the state is Invalid')
  assert.match(String(fieldAt(invalid, 'status', 'errorSummary')), /IPAddressPool other/)
  const condition = { type: 'configReconcilerValid', status: 'False', reason: 'ConfigurationError' }
  const { message, lastTransitionTime, ...rest } = Object(fieldAt(invalid, 'status', 'conditions', 0))
  assert.deepEqual(rest, condition)
  assert.match(message, /^configuration error: /)
  assert.match(lastTransitionTime, /^\d{4}-/)
  assert.equal(await isAnswered('192.0.2.9'), true)
  await server.client.delete(pool('other'))
  await observed(server.client, place, (object) => result(object) === 'Valid', 'the state is Valid again')
  await server.client.delete(web)
})

test('only what is needed is asked for', () => {
  const asked = server
    .auditEvents()
    .filter(({ user, verb }) => user.username.endsWith(':speaker') && (verb === 'list' || verb === 'watch'))
  const selectors = new Map(
    asked.map(({ requestURI, objectRef }) => {
      const query = new URL(requestURI, 'https://x').searchParams
      return [objectRef?.resource, `${query.get('fieldSelector') ?? ''} ${query.get('labelSelector') ?? ''}`.trim()]
    }),
  )
  assert.equal(selectors.get('services'), 'spec.type=LoadBalancer')
  assert.equal(selectors.get('endpointslices'), 'kubernetes.io/service-name,!service.kubernetes.io/headless')
  assert.equal(selectors.get('configmaps'), 'metadata.name=bgpextras')
  assert.equal(selectors.has('namespaces'), false)
  assert.match(selectors.get('secrets') ?? '', /type!=helm\.sh\/release\.v1/)
})

test('asked to end while it waits for an API server, it ends at once, with status 0', async () => {
  for (const name of readdirSync(runDirectory)) rmSync(join(runDirectory, name), { recursive: true })
  await server.kill()
  const off = ['--port=0', '--health-probe-port=0', '--run-dir', runDirectory, '--namespace', 'metallb-system']
  const where = ['--kubeconfig', server.kubeconfigFor('speaker'), '--node-name', NODE]
  const speaker = new ClusterProgram(['speaker', ...where, ...off])
  speakers.push(speaker)
  await speaker.said(({ msg }) => msg.includes('there is no last known state'))
  const startedMs = performance.now()
  assert.equal(await speaker.stop(), 0)
  assert.ok(performance.now() - startedMs < 2000)
  assert.ok(!speaker.lines.some(({ msg }) => msg === 'ready'))
  await server.start()
})
