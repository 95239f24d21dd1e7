// SPDX-License-Identifier: Apache-2.0
/**
 * A day of an installation, told so that the programs need each right they have; then what they were granted is compared
 * with what the audit log says they did. rights.test.ts runs this file in a namespace.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request } from 'node:https'
import { after, before, test } from 'node:test'
import type { ApiClient, Manifest } from '../../lab/cluster/api-client.ts'
import type { ApiServer } from '../../lab/cluster/api-server.ts'
import { apply } from '../../lab/cluster/apply.ts'
import { serviceAccount } from '../../lab/cluster/credentials.ts'
import { fieldAt } from '../../lab/cluster/field.ts'
import { endpointSlice, metallb, pool, service } from '../../lab/cluster/objects.ts'
import { observed, observedAll } from '../../lab/cluster/observe.ts'
import type { ClusterProgram } from '../../lab/cluster/program.ts'
import { install, installed, NODE, startPod } from './installation.ts'
import { grantedTo, usesOf, wrongRights } from './used-rights.ts'

const PROMETHEUS = serviceAccount('prometheus', 'monitoring')
const SERVICES = '/api/v1/namespaces/default/services'
const EVENTS = '/api/v1/namespaces/default/events'
const L2_STATUSES = '/apis/metallb.io/v1beta1/namespaces/metallb-system/servicel2statuses'
const BGP_STATUSES = '/apis/metallb.io/v1beta1/namespaces/metallb-system/servicebgpstatuses'
const CONTROLLER_PORT = 9120
const STANDBY_PORT = 9121
const SPEAKER_PORT = 9122

let server: ApiServer
let client: ApiClient
const programs: ClusterProgram[] = []

before(async () => {
  server = await install([PROMETHEUS])
  client = server.client
})
after(async () => {
  await Promise.all(programs.map(async (program) => await program.kill()))
  await server.stop()
})

test('nothing was refused, and nothing is granted that was not needed in a whole day', async () => {
  await startAll()
  await configure()
  await refuseAndServe()
  await scrape()
  await moveAround()
  await silence()
  await replaceSpeaker()
  await endTheDay()
  const wrong = ['controller', 'speaker'].flatMap((name) => {
    const account = { name, namespace: 'metallb-system' }
    const uses = usesOf(`system:serviceaccount:metallb-system:${name}`, server.auditEvents())
    return wrongRights(account, grantedTo(account, installed), uses)
  })
  assert.deepEqual(wrong, [])
  assert.deepEqual([...new Set(podLists())], ['app=metallb,component=speaker', 'spec.nodeName=node-1'])
})

/** By which selectors speakers have listed Pods: those of the ring, and their own where nobody told its name. */
function podLists(): string[] {
  const lists = server.auditEvents().filter(({ verb, objectRef, user }) => {
    return verb === 'list' && objectRef?.resource === 'pods' && user.username.endsWith(':speaker')
  })
  return lists.map(({ requestURI }) => {
    const query = new URL(requestURI, 'https://x').searchParams
    return query.get('fieldSelector') ?? query.get('labelSelector') ?? ''
  })
}

/** Two controllers, of which one serves webhooks, and a speaker. */
async function startAll(): Promise<void> {
  const controller = await startPod(server, { program: 'controller', name: 'controller-a', port: CONTROLLER_PORT })
  programs.push(controller)
  await Promise.all([controller.said('leading'), controller.said('webhooks are ready')])
  const args = ['--webhook-mode=disabled'] // the port of the webhooks is taken here
  const standby = await startPod(server, { program: 'controller', name: 'controller-b', port: STANDBY_PORT, args })
  programs.push(standby)
  await standby.said('ready')
  const speaker = await startPod(server, { program: 'speaker', name: 'speaker-a', port: SPEAKER_PORT })
  programs.push(speaker)
  await speaker.said('ready')
  const { bind, encryption } = await speaker.said('the ring of speakers is set up')
  assert.deepEqual({ bind, encryption }, { bind: '10.0.0.1:7946', encryption: 'AES-GCM' })
}

/** By both protocols; nobody answers where the router should be, who is to keep routes while a speaker is replaced. */
async function configure(): Promise<void> {
  const peering = { myASN: 64500, peerASN: 64501, peerAddress: '10.0.0.9', enableGracefulRestart: true }
  await apply(client, [pool('a', '192.0.2.1-192.0.2.9')])
  await apply(client, [metallb('L2Advertisement', 'a', {}), metallb('BGPAdvertisement', 'a', {})])
  await apply(client, [metallb('BGPPeer', 'tor', peering, 'v1beta2')])
  await apply(client, [service('web'), endpointSlice('web', [NODE])])
  const web = await observed(client, { path: SERVICES, name: 'web' }, hasAddress, 'web has an address')
  assert.equal(fieldAt(web, 'status', 'loadBalancer', 'ingress', 0, 'ip'), '192.0.2.1')
  await statuses('the speaker says that it announces', (subjects) => subjects.includes('web'))
}

function asks(address: string): Manifest {
  return service('asks', {}, { annotations: { 'metallb.io/loadBalancerIPs': address } })
}

/** The same refusal twice: its Event is made, and then counted. */
async function refuseAndServe(): Promise<void> {
  await client.create(asks('203.0.113.1'))
  await eventAbout('asks', 1)
  await client.apply(asks('192.0.2.2'))
  await observed(client, { path: SERVICES, name: 'asks' }, hasAddress, 'asks has an address')
  await client.apply(asks('203.0.113.1'))
  await eventAbout('asks', 2)
}

async function scrape(): Promise<void> {
  const rules = [{ nonResourceURLs: ['/metrics'], verbs: ['get'] }]
  await apply(client, [
    { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name: 'scraper' }, rules },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: 'scraper' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'scraper' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: PROMETHEUS.name }],
    },
  ])
  for (const port of [CONTROLLER_PORT, SPEAKER_PORT]) assert.equal(await metricsStatus(port), 200)
}

async function metricsStatus(port: number): Promise<number> {
  const headers = { Authorization: `Bearer ${PROMETHEUS.token}` }
  const sent = request({ host: '127.0.0.1', port, path: '/metrics', headers, rejectUnauthorized: false, agent: false })
  sent.end()
  const [response] = await once(sent, 'response')
  response.resume()
  return response.statusCode
}

/** The speaker withdraws, announces again, and at last has nothing to say about the Service. */
async function moveAround(): Promise<void> {
  await client.delete(endpointSlice('web', [NODE]))
  await statuses('the speaker says that it does not announce', (subjects) => !subjects.includes('web'))
  await client.create(endpointSlice('web', [NODE]))
  await statuses('the speaker says that it announces again', (subjects) => subjects.includes('web'))
  await client.delete(service('web'))
  await statuses('the speaker says nothing of what is gone', (subjects) => !subjects.includes('web'))
}

/** A Service without endpoints has an address that nobody announces; the controller asks for them, and says so. */
async function silence(): Promise<void> {
  await client.create(service('quiet'))
  const quiet = await observed(client, { path: SERVICES, name: 'quiet' }, isUnannounced, 'quiet is said to be silent')
  assert.equal(announcedOf(quiet)?.['reason'], 'notOwner')
  await client.create(endpointSlice('quiet', [NODE]))
  await observed(client, { path: SERVICES, name: 'quiet' }, isAnnounced, 'quiet is said to be announced')
}

function announcedOf(object: Manifest | undefined): Readonly<Record<string, unknown>> | undefined {
  const conditions = fieldAt(object, 'status', 'conditions')
  const all: readonly Readonly<Record<string, unknown>>[] = Array.isArray(conditions) ? conditions : []
  return all.find(({ type }) => type === 'metallb.io/Announced')
}

function isUnannounced(object: Manifest | undefined): boolean {
  return announcedOf(object)?.['status'] === 'False'
}

function isAnnounced(object: Manifest | undefined): boolean {
  return announcedOf(object)?.['status'] === 'True'
}

/** Another speaker, which is not told the name of its Pod, finds it among those of the node. */
async function replaceSpeaker(): Promise<void> {
  const [, , speaker] = programs
  assert.ok(speaker)
  await speaker.stop()
  await client.delete({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'speaker-a', namespace: 'metallb-system' } })
  const plan = { program: 'speaker', name: 'speaker-b', port: SPEAKER_PORT, isUnnamed: true } as const
  programs[2] = await startPod(server, plan)
  await client.create(service('owned'))
  await client.create(endpointSlice('owned', [NODE]))
  await observedAll(client, L2_STATUSES, {
    holds: (all) =>
      [...all.values()].some((one) => fieldAt(one, 'metadata', 'ownerReferences', 0, 'name') === 'speaker-b'),
    what: 'a status that belongs to the Pod of the second speaker',
  })
}

/** The leader goes, the other one takes over. */
async function endTheDay(): Promise<void> {
  const [leader, standby, speaker] = programs
  assert.ok(leader && standby && speaker)
  await leader.stop()
  await standby.said('leading')
  await client.create(service('late'))
  await observed(client, { path: SERVICES, name: 'late' }, hasAddress, 'late has an address')
  await Promise.all([standby.stop(), speaker.stop()])
}

function hasAddress(object: Manifest | undefined): boolean {
  return fieldAt(object, 'status', 'loadBalancer', 'ingress', 0, 'ip') !== undefined
}

async function eventAbout(name: string, times: number): Promise<void> {
  await observedAll(client, `${EVENTS}?fieldSelector=involvedObject.name%3D${name}`, {
    holds: (events) => [...events.values()].some((event) => Number(fieldAt(event, 'count')) >= times),
    what: `an Event about ${name} that counts ${times}`,
  })
}

/** Of either protocol. */
async function statuses(what: string, holds: (services: readonly unknown[]) => boolean): Promise<void> {
  for (const path of [L2_STATUSES, BGP_STATUSES]) {
    await observedAll(client, path, {
      holds: (all) => holds([...all.values()].map((one) => fieldAt(one, 'status', 'serviceName'))),
      what: `${what} (${path})`,
    })
  }
}
