// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Endpoint } from '../model/endpoint.ts'
import type { Service } from '../model/service.ts'
import type { GateKey } from './gate.ts'
import { electL2, planL2 } from './l2.ts'
import { l2Ad, labelled, node, pool, ready, type Sketch, service, world } from './sample-world.ts'
import type { SilenceReason } from './silence.ts'
import type { World } from './world.ts'

// Of node-a, node-b and node-c the hash of 10.0.0.1 puts node-b first, then node-a, then node-c.
const NODES = ['node-a', 'node-b', 'node-c']
const nodes = NODES.map((name) => node(name))
const everywhere = l2Ad(NODES)

type Case = {
  service?: Service
  endpoints?: readonly Endpoint[]
  sketch?: Sketch
  fields?: Partial<World>
  /** Who asks; node-b unless told otherwise. */
  node?: string
}
const worldOf = ({ sketch = {}, fields = {} }: Case) => world({ nodes, l2: [everywhere], ...sketch }, fields)
const endpointsOf = ({ endpoints = [ready('node-c')] }: Case) => endpoints
const plan = (given: Case) =>
  planL2(given.service ?? service(), endpointsOf(given), { world: worldOf(given), node: given.node ?? 'node-b' })
const ownerOf = (given: Case) => electL2(given.service ?? service(), endpointsOf(given), worldOf(given)).owner

const selective = l2Ad(NODES, { name: 'selective', serviceSelectors: [labelled('app', 'web')] })
const web = { labels: { app: 'web' } }
const local = { externalTrafficPolicy: 'Local' } as const
const cannotServe: Endpoint = { nodeName: 'node-b', canServe: false, addresses: 1 }
const SILENT: [string, Case, SilenceReason, RegExp][] = [
  ['another type', { service: service({ type: 'ClusterIP' }) }, 'notLoadBalancer', /ClusterIP/],
  ['no address yet', { service: service({ ips: [] }) }, 'noIPAllocated', /no address/],
  ['an address that is none', { service: service({ ips: ['10.0.0.1', '10.0.0'] }) }, 'invalidIP', /"10\.0\.0"/],
  ['an entry with a host name only', { service: service({ ips: [''] }) }, 'invalidIP', /entry without ip/],
  ['an address of no pool', { service: service({ ips: ['192.0.2.1'] }) }, 'ipNotAllowed', /192\.0\.2\.1/],
  [
    'addresses of two pools',
    {
      service: service({ ips: ['10.0.0.1', '2001:db8::1'] }),
      sketch: { pools: [pool('four', '10.0.0.0/24'), pool('six', '2001:db8::/64')] },
    },
    'ipNotAllowed',
    /10\.0\.0\.1 and 2001:db8::1/,
  ],
  ['one address of two in no pool', { service: service({ ips: ['10.0.0.1', '192.0.2.1'] }) }, 'ipNotAllowed', /192/],
  ['no endpoints', { endpoints: [] }, 'notOwner', /no endpoint that can serve/],
  ['no endpoint can serve', { endpoints: [cannotServe] }, 'notOwner', /no endpoint that can serve/],
  ['no endpoint comes before no advertisement', { endpoints: [], sketch: { l2: [] } }, 'notOwner', /no endpoint/],
  [
    'the pool is not advertised',
    { sketch: { l2: [] } },
    'noMatchingAdvertisement',
    /no L2Advertisement selects pool a/,
  ],
  ['the Service is not selected', { sketch: { l2: [selective] } }, 'noMatchingAdvertisement', /selective/],
  ['our node is not selected', { sketch: { l2: [l2Ad(['node-a'])] } }, 'noMatchingAdvertisement', /select node node-b/],
  [
    'our node is selected only by an advertisement for other Services',
    { sketch: { l2: [l2Ad(['node-a']), selective] } },
    'noMatchingAdvertisement',
    /node-b/,
  ],
  [
    'a shared address under serviceSelectors',
    { service: service({ ...web, annotations: { 'metallb.io/allow-shared-ip': 'key' } }), sketch: { l2: [selective] } },
    'sharedIPWithServiceSelector',
    /selective/,
  ],
  [
    'the older annotation without a value counts too',
    {
      service: service({ ...web, annotations: { 'metallb.universe.tf/allow-shared-ip': '' } }),
      sketch: { l2: [selective] },
    },
    'sharedIPWithServiceSelector',
    /allow-shared-ip/,
  ],
  [
    'sharing is looked at before the node',
    {
      service: service({ ...web, annotations: { 'metallb.io/allow-shared-ip': 'key' } }),
      sketch: { l2: [{ ...selective, nodes: new Set() }] },
    },
    'sharedIPWithServiceSelector',
    /selective/,
  ],
  ['another node won', { node: 'node-a' }, 'notOwner', /^node node-b answers for 10\.0\.0\.1$/],
  [
    'our speaker is dead',
    { fields: { speakers: new Set(['node-a']) } },
    'notOwner',
    /node-a answers.*node-b has no live/,
  ],
  [
    'no speaker lives',
    { fields: { speakers: new Set() } },
    'notOwner',
    /no node can answer.*node-a has no live speaker/,
  ],
  [
    'Local without an endpoint here',
    { service: service(local) },
    'notOwner',
    /node-c answers.*node-b has no ready endp/,
  ],
  [
    'Local, endpoint on no node',
    { service: service(local), endpoints: [ready(null)] },
    'notOwner',
    /no node can answer/,
  ],
]
for (const [name, given, reason, message] of SILENT) {
  test(`l2 is silent: ${name}`, () => {
    const answer = plan(given)
    assert.equal(answer.announce, false)
    assert.equal(answer.reason, reason)
    assert.match(answer.message, message)
  })
}

const unwell = (name: string, fields: Parameters<typeof node>[1]) =>
  nodes.map((each) => (each.name === name ? node(name, fields) : each))
const onEth1 = l2Ad(NODES, { interfaces: ['eth1', 'eth2'] })
const interfaces = (name: string, ...names: string[]) => ({ interfaces: new Map([[name, new Set(names)]]) })
const gated = { annotations: { 'metallb.io/healthCheckNodePort': '8080' } }
const failing = (gate: GateKey, ...names: string[]) => ({ failing: new Map([[gate, new Set(names)]]) })
const OWNERS: [string, Case, string | null][] = [
  ['the hash decides', {}, 'node-b'],
  ['each address is decided anew', { service: service({ ips: ['10.0.0.3'] }) }, 'node-c'],
  ['the first address decides for both', { service: service({ ips: ['10.0.0.1', '2001:db8::4'] }) }, 'node-b'],
  ['IPv6 is hashed in canonical text', { service: service({ ips: ['2001:DB8::0004'] }) }, 'node-c'],
  ['NetworkUnavailable', { sketch: { nodes: unwell('node-b', { networkUnavailable: true }) } }, 'node-a'],
  ['the exclude label', { sketch: { nodes: unwell('node-b', { excluded: true }) } }, 'node-a'],
  [
    'the label ignored',
    { sketch: { nodes: unwell('node-b', { excluded: true }) }, fields: { ignoreExcludeLabel: true } },
    'node-b',
  ],
  ['a dead speaker', { fields: { speakers: new Set(['node-a', 'node-c']) } }, 'node-a'],
  ['a speaker without a Node', { fields: { speakers: new Set([...NODES, 'stray']) } }, 'node-b'],
  ['nodeSelectors', { sketch: { l2: [l2Ad(['node-a', 'node-c'])] } }, 'node-a'],
  ['the union of advertisements', { sketch: { l2: [l2Ad(['node-c']), l2Ad(['node-a'])] } }, 'node-a'],
  ['other Services’ advertisements do not count', { sketch: { l2: [selective, l2Ad(['node-c'])] } }, 'node-c'],
  ['a selected Service', { service: service(web), sketch: { l2: [selective, l2Ad(['node-c'])] } }, 'node-b'],
  ['a preferred node', { sketch: { l2: [l2Ad(NODES, { scores: new Map([['node-c', 1]]) })] } }, 'node-c'],
  [
    'the preference of an advertisement not in force',
    { sketch: { l2: [everywhere, { ...selective, scores: new Map([['node-c', 1]]) }] } },
    'node-b',
  ],
  ['Local, one node serves', { service: service(local) }, 'node-c'],
  [
    'Local, unready endpoints',
    { service: service(local), endpoints: [cannotServe, ready('node-a'), ready('node-c')] },
    'node-a',
  ],
  [
    'Local counts endpoints without addresses',
    { service: service(local), endpoints: [{ ...ready('node-a'), addresses: 0 }] },
    'node-a',
  ],
  [
    'sharing without serviceSelectors',
    { service: service({ annotations: { 'metallb.io/allow-shared-ip': 'k' } }) },
    'node-b',
  ],
  ['a failed health check', { service: service(gated), fields: failing('8080/', 'node-b') }, 'node-a'],
  [
    'a health check that passes only where nothing may be announced',
    {
      service: service(gated),
      sketch: { l2: [l2Ad(['node-a', 'node-b'])] },
      fields: failing('8080/', 'node-a', 'node-b'),
    },
    'node-b',
  ],
  [
    'Local, a health check that passes only where no endpoint is',
    { service: service({ ...local, ...gated }), fields: failing('8080/', 'node-c') },
    'node-c',
  ],
  ['a failed health check of another port', { service: service(gated), fields: failing('80/', 'node-b') }, 'node-b'],
  ['a failed health check of another Service', { fields: failing('8080/', 'node-b') }, 'node-b'],
  ['no such interface', { sketch: { l2: [onEth1] }, fields: interfaces('node-b', 'eth0') }, 'node-a'],
  ['one of the interfaces', { sketch: { l2: [onEth1] }, fields: interfaces('node-b', 'eth0', 'eth2') }, 'node-b'],
  [
    'an advertisement that needs none',
    { sketch: { l2: [onEth1, everywhere] }, fields: interfaces('node-b', 'eth0') },
    'node-b',
  ],
  [
    'the advertisement for other nodes needs none',
    { sketch: { l2: [onEth1, l2Ad(['node-c'])] }, fields: interfaces('node-b', 'eth0') },
    'node-a',
  ],
  [
    'every node lacks it',
    { sketch: { l2: [onEth1] }, fields: { interfaces: new Map(NODES.map((n) => [n, new Set<string>()])) } },
    null,
  ],
]
for (const [name, given, owner] of OWNERS) {
  test(`l2 owner: ${name}`, () => {
    assert.equal(ownerOf(given), owner)
    const announcers = NODES.filter((each) => plan({ ...given, node: each }).announce)
    assert.deepEqual(announcers, owner === null ? [] : [owner])
  })
}

const named = (...names: string[]) => l2Ad(NODES, { interfaces: names })
const CLAIMS: [string, Case, unknown][] = [
  ['on every interface', {}, [{ ip: '10.0.0.1', interfaces: 'all' }]],
  [
    'on named interfaces, sorted',
    { sketch: { l2: [named('eth1', 'eth0')] } },
    [{ ip: '10.0.0.1', interfaces: ['eth0', 'eth1'] }],
  ],
  [
    'the union of advertisements',
    { sketch: { l2: [named('eth2', 'eth1'), named('eth1', 'eth0')] } },
    [{ ip: '10.0.0.1', interfaces: ['eth0', 'eth1', 'eth2'] }],
  ],
  [
    'one without interfaces opens all',
    { sketch: { l2: [named('eth1'), everywhere] } },
    [{ ip: '10.0.0.1', interfaces: 'all' }],
  ],
  [
    'advertisements for other nodes do not open ours',
    { sketch: { l2: [named('eth1'), l2Ad(['node-a'])] } },
    [{ ip: '10.0.0.1', interfaces: ['eth1'] }],
  ],
  [
    'both families, canonical, in the order of the status',
    { service: service({ ips: ['10.0.0.1', '2001:DB8::00A1'] }) },
    [
      { ip: '10.0.0.1', interfaces: 'all' },
      { ip: '2001:db8::a1', interfaces: 'all' },
    ],
  ],
  [
    'an address listed twice',
    { service: service({ ips: ['10.0.0.1', '::ffff:10.0.0.1'] }) },
    [{ ip: '10.0.0.1', interfaces: 'all' }],
  ],
]
for (const [name, given, claims] of CLAIMS) {
  test(`l2 claims: ${name}`, () => assert.deepEqual(plan(given), { announce: true, claims }))
}

test('l2: many obstacles are not all listed', () => {
  const many = Array.from({ length: 9 }, (_, at) => `n${at}`)
  const given = {
    sketch: { nodes: many.map((name) => node(name)), l2: [l2Ad(many)] },
    fields: { speakers: new Set<string>() },
  }
  const answer = plan({ ...given, node: 'n1' })
  assert.equal(answer.announce, false)
  assert.match(answer.message, /n0 has no live speaker, n1 has no live speaker, n2 has no live speaker and 6 more$/)
})
