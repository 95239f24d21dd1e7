// SPDX-License-Identifier: Apache-2.0
/**
 * Objects and Services as MetalLB leaves them, when this controller takes its place: no address changes, and nothing is
 * written that changes nothing.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Manifest } from '../../lab/cluster/api-client.ts'
import { type ApiServer, startApiServer } from '../../lab/cluster/api-server.ts'
import { apply, applyCrds } from '../../lab/cluster/apply.ts'
import { fieldAt } from '../../lab/cluster/field.ts'
import { metallb, namespace, pool, service } from '../../lab/cluster/objects.ts'
import type { ClusterProgram } from '../../lab/cluster/program.ts'
import { addressOf, conditionOf, POOL_ANNOTATION, SERVICES, startLeader, writesSince } from './controller-stage.ts'

const METALLB = '/apis/metallb.io/v1beta1/namespaces/metallb-system'
const DUAL = { ipFamilyPolicy: 'RequireDualStack', ipFamilies: ['IPv4', 'IPv6'] }
const PREFER = { ipFamilyPolicy: 'PreferDualStack', ipFamilies: ['IPv4', 'IPv6'] }
const port = (number: number) => ({ ports: [{ name: 'p', protocol: 'TCP', port: number }] })

type Left = Readonly<{
  name: string
  pool: string
  ips: readonly string[]
  annotations?: Record<string, string>
  spec?: object
}>
/** Services with the addresses that MetalLB gave them, which ours would not always have chosen. */
const LEFT: readonly Left[] = [
  { name: 'plain', pool: 'lan', ips: ['192.0.2.77'] },
  {
    name: 'by-annotation',
    pool: 'lan',
    ips: ['192.0.2.9'],
    annotations: { 'metallb.io/loadBalancerIPs': '192.0.2.9' },
  },
  {
    name: 'by-old-annotation',
    pool: 'lan',
    ips: ['192.0.2.10'],
    annotations: { 'metallb.universe.tf/loadBalancerIPs': '192.0.2.10' },
  },
  { name: 'by-field', pool: 'lan', ips: ['192.0.2.11'], spec: { loadBalancerIP: '192.0.2.11' } },
  { name: 'of-pool', pool: 'dmz', ips: ['198.51.100.3'], annotations: { 'metallb.io/address-pool': 'dmz' } },
  {
    name: 'of-old-pool',
    pool: 'dmz',
    ips: ['198.51.100.4'],
    annotations: { 'metallb.universe.tf/address-pool': 'dmz' },
  },
  {
    name: 'shares-one',
    pool: 'lan',
    ips: ['192.0.2.50'],
    annotations: { 'metallb.io/allow-shared-ip': 'k' },
    spec: port(80),
  },
  {
    name: 'shares-two',
    pool: 'lan',
    ips: ['192.0.2.50'],
    annotations: { 'metallb.universe.tf/allow-shared-ip': 'k' },
    spec: port(81),
  },
  { name: 'dual', pool: 'both', ips: ['203.0.113.5', '2001:db8::5'], spec: DUAL },
  { name: 'prefers-dual', pool: 'lan', ips: ['192.0.2.60'], spec: PREFER },
  { name: 'local', pool: 'lan', ips: ['192.0.2.61'], spec: { externalTrafficPolicy: 'Local' } },
  { name: 'classed', pool: 'lan', ips: ['192.0.2.62'], spec: { loadBalancerClass: 'metallb.io/internal' } },
]
/** Pools as MetalLB counts them. */
const COUNTED: Readonly<Record<string, object>> = {
  lan: { assignedIPv4: 8, availableIPv4: 248, assignedIPv6: 0, availableIPv6: 0 },
  dmz: { assignedIPv4: 2, availableIPv4: 14, assignedIPv6: 0, availableIPv6: 0 },
  both: { assignedIPv4: 1, availableIPv4: 15, assignedIPv6: 1, availableIPv6: 9_223_372_036_854_775_806n },
}
let server: ApiServer
let controller: ClusterProgram | undefined

before(async () => {
  server = await startApiServer()
  await applyCrds(server.client)
  await apply(server.client, [
    namespace(),
    pool('lan', '192.0.2.0/24'),
    metallb('IPAddressPool', 'dmz', { addresses: ['198.51.100.0/28'], autoAssign: false }),
    pool('both', '203.0.113.0/28', '2001:db8::/64'),
    metallb('L2Advertisement', 'all', {}),
  ])
  await leaveState()
  for (const [name, status] of Object.entries(COUNTED)) await leavePool(name, status)
  for (const left of LEFT) await leaveService(left)
})
after(async () => {
  await controller?.kill()
  await server.stop()
})

async function leaveState(): Promise<void> {
  const state = metallb('ConfigurationState', 'controller', {})
  await server.client.create(state)
  await server.client.patchStatus(state, {
    result: 'Valid',
    conditions: [
      {
        type: 'poolReconcilerValid',
        status: 'True',
        reason: 'Reconciled',
        message: '',
        lastTransitionTime: '2026-01-01T00:00:00Z',
      },
    ],
  })
}

async function leavePool(name: string, status: object): Promise<void> {
  const body = { status: Object.fromEntries(Object.entries(status).map(([key, value]) => [key, asNumber(value)])) }
  await server.client.request('PATCH', `${METALLB}/ipaddresspools/${name}/status`, {
    body,
    type: 'application/merge-patch+json',
  })
}

/** All digits of what a double does not hold. */
function asNumber(value: unknown): unknown {
  return typeof value === 'bigint' ? JSON.rawJSON(String(value)) : value
}

/** As MetalLB's controller: PUT on the status subresource, which carries the annotation. */
async function leaveService({ name, pool: from, ips, annotations = {}, spec = {} }: Left): Promise<void> {
  const created = await server.client.create(service(name, spec, { annotations }))
  const metadata = { ...created.metadata, annotations: { ...annotations, [POOL_ANNOTATION]: from } }
  const body = { ...created, metadata, status: { loadBalancer: { ingress: ips.map((ip) => ({ ip })) } } }
  await server.client.request('PUT', `${SERVICES}/${name}/status`, { body })
}

const versionsOf = (items: readonly Manifest[]) =>
  Object.fromEntries(items.map(({ metadata }) => [metadata.name, metadata.resourceVersion]))

test('everything is taken over as it stands, without a single write', async () => {
  const collections = [SERVICES, `${METALLB}/ipaddresspools`, `${METALLB}/configurationstates`]
  const versions = async () => {
    const lists = await Promise.all(collections.map(async (path) => (await server.client.list(path)).items))
    return lists.map(versionsOf)
  }
  const found = await versions()
  const since = server.auditEvents().length
  controller = await startLeader(server.kubeconfig)
  await sleep(3000)
  assert.deepEqual(writesSince(server, since), [])
  assert.deepEqual(await versions(), found)
  await server.client.create(service('new'))
  assert.equal(await addressOf(server, 'new'), '203.0.113.0')
  const { items } = await server.client.list(SERVICES)
  for (const { name, ips } of LEFT) {
    const ingress = fieldAt(
      items.find(({ metadata }) => metadata.name === name),
      'status',
      'loadBalancer',
      'ingress',
    )
    assert.ok(Array.isArray(ingress))
    assert.deepEqual(
      ingress.map((entry) => fieldAt(entry, 'ip')),
      ips,
      name,
    )
  }
  assert.equal(await controller.stop(), 0)
})

test('the next change of a Service brings its condition, in the write that it needs anyway, and says what is deprecated', async () => {
  controller = await startLeader(server.kubeconfig)
  const since = server.auditEvents().length
  await server.client.apply(
    service('by-old-annotation', {}, { annotations: { 'metallb.universe.tf/loadBalancerIPs': '192.0.2.12' } }),
  )
  await controller.said(({ event }) => event === 'deprecatedAnnotation')
  await sleep(500)
  const changed = await server.client.get(`${SERVICES}/by-old-annotation`)
  assert.equal(conditionOf(changed), 'True Assigned')
  assert.deepEqual(
    writesSince(server, since).filter((write) => write.startsWith('patch services')),
    ['patch services by-old-annotation'],
  )
  assert.equal(await controller.stop(), 0)
})
