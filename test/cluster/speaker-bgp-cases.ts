// SPDX-License-Identifier: Apache-2.0
/**
 * What a cluster shows of BGP: ServiceBGPStatus objects, events, the ConfigurationState and the condition of Services
 * that the controller makes of them. The tests are one story. speaker-bgp.test.ts runs this file in a namespace.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { ApiClient, Manifest } from '../../lab/cluster/api-client.ts'
import type { ApiServer } from '../../lab/cluster/api-server.ts'
import { apply } from '../../lab/cluster/apply.ts'
import { fieldAt } from '../../lab/cluster/field.ts'
import { endpointSlice, metallb, pool, service } from '../../lab/cluster/objects.ts'
import { type Objects, observed, observedAll } from '../../lab/cluster/observe.ts'
import type { ClusterProgram } from '../../lab/cluster/program.ts'
import { ip, until } from '../lab/wire-namespace.ts'
import { install, NODE, startPod } from './installation.ts'
import { PlainRouter } from './plain-router.ts'

const OURS = '/apis/metallb.io/v1beta1/namespaces/metallb-system'
const STATUSES = `${OURS}/servicebgpstatuses`
const SERVICES = '/api/v1/namespaces/default/services'
const EVENTS = '/api/v1/namespaces/default/events'
const PEER_EVENTS = '/api/v1/namespaces/metallb-system/events'
const CONTROLLER_PORT = 9120
const SPEAKER_PORT = 9122
const ROUTER = { address: '10.0.0.2', port: 1790, asn: 64501 }

let server: ApiServer
let client: ApiClient
let speaker: ClusterProgram
const programs: ClusterProgram[] = []
const router = new PlainRouter(ROUTER.asn)

before(async () => {
  server = await install()
  client = server.client
  ip('address', 'add', `${ROUTER.address}/32`, 'dev', 'lo')
  await router.listen(ROUTER.address, ROUTER.port)
  const controller = await start('controller', 'controller-a', CONTROLLER_PORT)
  await Promise.all([controller.said('leading'), controller.said('webhooks are ready')])
  speaker = await start('speaker', 'speaker-a', SPEAKER_PORT)
  await speaker.said('ready')
})
after(async () => {
  router.stop()
  await Promise.all(programs.map(async (program) => await program.kill()))
  await server.stop()
})

async function start(program: 'controller' | 'speaker', name: string, port: number): Promise<ClusterProgram> {
  const started = await startPod(server, { program, name, port })
  programs.push(started)
  return started
}

/** Nobody has such an address: the session never comes up. */
function peer(name: string, address: string, fields: object = {}): Manifest {
  return metallb('BGPPeer', name, { myASN: 64500, peerASN: 64501, peerAddress: address, ...fields }, 'v1beta2')
}

const ofService = (name: string) => `${STATUSES}?labelSelector=metallb.io/service-name%3D${name}`
const peersOf = (object: Manifest | undefined) => {
  const peers = fieldAt(object, 'status', 'peers')
  return Array.isArray(peers) ? peers.join() : ''
}

const mine = (all: Objects) => [...all.values()].filter(({ metadata }) => metadata.labels?.['metallb.io/node'] === NODE)

/** The one ServiceBGPStatus by which this node says something about a Service, when it names these peers. */
async function statusOf(name: string, peers: string): Promise<Manifest> {
  const all = await observedAll(client, ofService(name), {
    holds: (objects) => mine(objects).length === 1 && peersOf(mine(objects)[0]) === peers,
    what: `there is one ServiceBGPStatus of ${name}, which names ${peers}`,
  })
  const [only] = mine(all)
  assert.ok(only)
  return only
}

async function noStatusOf(name: string): Promise<void> {
  const what = `there is no ServiceBGPStatus of ${name}`
  await observedAll(client, ofService(name), { holds: ({ size }) => size === 0, what })
}

const about = (name: string, reason: string) =>
  `fieldSelector=${encodeURIComponent(`involvedObject.name=${name},reason=${reason}`)}`

async function eventAbout(path: string, name: string, reason: string): Promise<Manifest> {
  const [event] = (
    await observedAll(client, `${path}?${about(name, reason)}`, {
      holds: ({ size }) => size > 0,
      what: `${reason} is said of ${name}`,
    })
  ).values()
  assert.ok(event)
  return event
}

/** How often each protocol was said to begin. */
async function assignments(name: string): Promise<Record<string, unknown>> {
  const { items } = await client.list(`${EVENTS}?${about(name, 'nodeAssigned')}`)
  return Object.fromEntries(items.map((event) => [String(fieldAt(event, 'message')), fieldAt(event, 'count')]))
}

const BY_BGP = `announcing from node "${NODE}" with protocol "bgp"`

test('a Service whose routes are to be sent: to whom, by which node, whose object; and that it began', async () => {
  const elsewhere = { nodeSelectors: [{ matchLabels: { rack: 'another' } }] }
  await apply(client, [pool('a', '192.0.2.1-192.0.2.9'), metallb('BGPAdvertisement', 'a', {})])
  await apply(client, [peer('tor', '10.0.0.8'), peer('elsewhere', '10.0.0.7', elsewhere)])
  await apply(client, [service('web'), endpointSlice('web', [NODE])])
  const { metadata, status } = await statusOf('web', 'tor')
  assert.match(metadata.name, /^bgp-/)
  assert.deepEqual(status, { node: NODE, serviceName: 'web', serviceNamespace: 'default', peers: ['tor'] })
  assert.deepEqual(metadata.labels, {
    'metallb.io/node': NODE,
    'metallb.io/service-name': 'web',
    'metallb.io/service-namespace': 'default',
  })
  const pod = await client.get('/api/v1/namespaces/metallb-system/pods/speaker-a')
  const owner = { apiVersion: 'v1', kind: 'Pod', name: 'speaker-a', uid: pod.metadata.uid }
  assert.deepEqual(fieldAt(metadata, 'ownerReferences'), [owner])
  const event = await eventAbout(EVENTS, 'web', 'nodeAssigned')
  const web = await client.get(`${SERVICES}/web`)
  assert.equal(fieldAt(event, 'involvedObject', 'uid'), web.metadata.uid)
  assert.deepEqual(await assignments('web'), { [BY_BGP]: 1 })
})

test('peers that come and go are followed, and no other beginning is said', async () => {
  await client.create(peer('agg', '10.0.0.9'))
  const { metadata } = await statusOf('web', 'agg,tor')
  await client.delete(peer('agg', '10.0.0.9'))
  assert.equal((await statusOf('web', 'tor')).metadata.name, metadata.name)
  assert.deepEqual(await assignments('web'), { [BY_BGP]: 1 })
})

/** Two of them share an address, which is one route for each. */
function sharing(name: string, port: number): Manifest {
  const annotations = { 'metallb.io/allow-shared-ip': 'both', 'metallb.io/loadBalancerIPs': '192.0.2.9' }
  const ports = [{ name: 'http', protocol: 'TCP', port }]
  return service(name, { ports }, { labels: { app: name }, annotations })
}

function adFor(app: string, peers: readonly string[]): Manifest {
  return metallb('BGPAdvertisement', app, { peers, serviceSelectors: [{ matchLabels: { app } }] })
}

test('two Services on one address: each names the peers of its own routes, not those of the other one', async () => {
  await client.create(peer('agg', '10.0.0.9'))
  await client.delete(metallb('BGPAdvertisement', 'a', {}))
  await apply(client, [adFor('one', ['tor']), adFor('two', ['agg'])])
  await noStatusOf('web')
  for (const name of ['one', 'two']) await apply(client, [endpointSlice(name, [NODE])])
  await apply(client, [sharing('one', 80), sharing('two', 81)])
  await Promise.all([statusOf('one', 'tor'), statusOf('two', 'agg')])
  for (const name of ['one', 'two']) await client.delete(service(name))
  await Promise.all([noStatusOf('one'), noStatusOf('two')])
  await client.delete(peer('agg', '10.0.0.9'))
  for (const name of ['one', 'two']) await client.delete(metallb('BGPAdvertisement', name, {}))
  await apply(client, [metallb('BGPAdvertisement', 'a', {})])
  await statusOf('web', 'tor')
})

/** As a speaker leaves them. */
function left(name: string, node: string, of: string): Manifest {
  const object = metallb('ServiceBGPStatus', name, {})
  const labels = { 'metallb.io/node': node, 'metallb.io/service-name': of, 'metallb.io/service-namespace': 'default' }
  return { ...object, metadata: { ...object.metadata, labels } }
}

test('what other nodes say is left alone, what is in the way of this node’s goes, and what is deleted comes back', async () => {
  const first = await statusOf('web', 'tor')
  for (const object of [left('bgp-theirs', 'node-9', 'web'), left('bgp-orphan', NODE, 'gone')])
    await client.create(object)
  await noStatusOf('gone')
  await client.delete({ ...first, apiVersion: 'metallb.io/v1beta1', kind: 'ServiceBGPStatus' })
  await observedAll(client, ofService('web'), {
    holds: (all) =>
      all.size === 2 && !all.has(first.metadata.name) && [...all.values()].some((one) => peersOf(one) === 'tor'),
    what: 'the status of this node is made again beside the other one',
  })
  await client.delete(endpointSlice('web', [NODE]))
  const names = await observedAll(client, ofService('web'), { holds: ({ size }) => size === 1, what: 'it is gone' })
  assert.deepEqual([...names.keys()], ['bgp-theirs'])
  await client.delete(left('bgp-theirs', 'node-9', 'web'))
  await client.create(endpointSlice('web', [NODE]))
  await statusOf('web', 'tor')
})

test('another speaker on the node takes over what the one before it left, and writes nothing', async () => {
  const found = await statusOf('web', 'tor')
  const said = await assignments('web')
  await speaker.kill()
  await apply(client, [service('leaves'), endpointSlice('leaves', [NODE])])
  await client.create(left('bgp-left', NODE, 'left'))
  speaker = await start('speaker', 'speaker-b', SPEAKER_PORT)
  await speaker.said('ready')
  await noStatusOf('left')
  await statusOf('leaves', 'tor')
  assert.equal((await statusOf('web', 'tor')).metadata.resourceVersion, found.metadata.resourceVersion)
  assert.deepEqual(await assignments('web'), said)
  await client.delete(service('leaves'))
  await noStatusOf('leaves')
})

const announced = (object: Manifest | undefined) => {
  const conditions = fieldAt(object, 'status', 'conditions')
  const all: readonly unknown[] = Array.isArray(conditions) ? conditions : []
  const found = all.find((one) => fieldAt(one, 'type') === 'metallb.io/Announced')
  return found === undefined ? '' : `${String(fieldAt(found, 'status'))} ${String(fieldAt(found, 'reason'))}`
}

test('a Service that no node announces is said to be silent, and to be announced when routes are to be sent', async () => {
  const place = { path: SERVICES, name: 'quiet' }
  await client.create(service('quiet'))
  await observed(client, place, (object) => announced(object) === 'False noEndpoints', 'quiet is said to be silent')
  await client.create(endpointSlice('quiet', [NODE]))
  await observed(client, place, (object) => announced(object) === 'True Announced', 'quiet is said to be announced')
  const { items } = await client.list(`${OURS}/servicel2statuses`)
  assert.deepEqual(items, [])
  assert.equal(announced(await client.get(`${SERVICES}/web`)), '') // it was announced all along
})

const result = (object: Manifest | undefined) => fieldAt(object, 'status', 'result')

test('a configuration with an error is said in the ConfigurationState; the peers of the last valid one stay', async () => {
  const place = { path: `${OURS}/configurationstates`, name: `speaker-${NODE}` }
  await observed(client, place, (object) => result(object) === 'Valid', 'the state is Valid')
  await client.create(peer('odd', '10.0.0.6', { bfdProfile: 'none' }))
  const invalid = await observed(client, place, (object) => result(object) === 'Invalid', 'the state is Invalid')
  assert.match(String(fieldAt(invalid, 'status', 'errorSummary')), /BGPPeer odd.*none/s)
  await apply(client, [service('later'), endpointSlice('later', [NODE])])
  await statusOf('later', 'tor')
  await client.delete(peer('odd', '10.0.0.6'))
  await observed(client, place, (object) => result(object) === 'Valid', 'the state is Valid again')
})

test('a session that comes up and one that is lost are events of the BGPPeer; one that never was is not', async () => {
  await client.create(peer('near', ROUTER.address, { peerPort: ROUTER.port }))
  const up = await eventAbout(PEER_EVENTS, 'near', 'BGPSessionUp')
  const { metadata } = await client.get('/apis/metallb.io/v1beta2/namespaces/metallb-system/bgppeers/near')
  const object = { apiVersion: 'metallb.io/v1beta2', kind: 'BGPPeer', namespace: 'metallb-system', name: 'near' }
  assert.deepEqual(fieldAt(up, 'involvedObject'), { ...object, uid: metadata.uid })
  assert.equal(fieldAt(up, 'type'), 'Normal')
  assert.equal(fieldAt(up, 'message'), `node "${NODE}" has a BGP session with peer "near"`)
  await statusOf('web', 'near,tor')
  const web = await client.get(`${SERVICES}/web`)
  const route = `${String(fieldAt(web, 'status', 'loadBalancer', 'ingress', 0, 'ip'))}/32`
  await until(() => router.routes.has(route), `the router to hear of ${route}`, 10_000)

  router.stop()
  const down = await eventAbout(PEER_EVENTS, 'near', 'BGPSessionDown')
  assert.equal(fieldAt(down, 'type'), 'Warning')
  assert.match(
    String(fieldAt(down, 'message')),
    new RegExp(`^node "${NODE}" has lost its BGP session with peer "near": .`),
  )
  await statusOf('web', 'near,tor') // what is configured, not what is up
  for (const name of ['tor', 'elsewhere']) {
    const { items } = await client.list(`${PEER_EVENTS}?fieldSelector=involvedObject.name%3D${name}`)
    assert.deepEqual(items, [])
  }
})

test('nothing was refused to controller and speaker', () => {
  const refused = server.auditEvents().filter(({ responseStatus, user }) => {
    return responseStatus?.code === 403 && user.username.startsWith('system:serviceaccount:metallb-system:')
  })
  assert.deepEqual(
    refused.map(({ user, verb, requestURI }) => `${user.username} ${verb} ${requestURI}`),
    [],
  )
})
