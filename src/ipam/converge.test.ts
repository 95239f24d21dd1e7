// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  asks,
  dual,
  holds,
  ipv6,
  label,
  pinned,
  pool,
  ports,
  requireDual,
  service,
  written,
} from '../../test/ipam/objects.ts'
import type { Pool } from '../model/pool.ts'
import type { Service } from '../model/service.ts'
import { converge, type Verdict } from './converge.ts'
import { Ledger } from './ledger.ts'

/** What a verdict says, in short: pool and addresses, refusal, reasons of events, pools waited for, pools freed. */
type Short = Readonly<{ lease?: string; refusal?: string; events?: string[]; waitsFor?: string[]; freed?: string[] }>

function short({ lease, refusal, events, waitsFor, freed }: Verdict): Required<Short> {
  return {
    lease: lease ? [lease.pool, ...lease.ips].join(' ') : '',
    refusal: refusal?.code ?? '',
    events: events.map(({ reason }) => reason),
    waitsFor: [...waitsFor],
    freed: [...freed],
  }
}

const NOTHING: Required<Short> = { lease: '', refusal: '', events: [], waitsFor: [], freed: [] }

/** The Service with an address that the ledger knows of and its status tells. */
const held = (pool_: string, ...ips: string[]) => ({
  ...holds(...ips),
  annotations: { 'metallb.io/ip-allocated-from-pool': pool_ },
})
const and = (fields: Partial<Service>, annotations: Record<string, string>): Partial<Service> => ({
  ...fields,
  annotations: { ...fields.annotations, ...asks(annotations).annotations },
})

const a = pool('a', '192.0.2.0/30')
const b = pool('b', '198.51.100.0/30')
const both = pool('both', '192.0.2.0/30 2001:db8::/126')
const v4only = held('a', '192.0.2.2')
const v4 = held('both', '192.0.2.2')
const onBoth = held('both', '192.0.2.2', '2001:db8::2')

const ROWS: [name: string, pools: Pool[], fields: Partial<Service>, others: Service[], expected: Short][] = [
  ['1 another type: cleared', [a], { ...v4only, type: 'ClusterIP' }, [], { freed: ['a'] }],
  ['1 another type, never ours: nothing', [a], { type: 'NodePort' }, [], {}],
  ['2 no pools: cleared', [], { ...holds('192.0.2.2') }, [], { refusal: 'noPools' }],
  ['3 no cluster IP: cleared', [a], { ...v4only, clusterFamilies: [] }, [], { refusal: 'noClusterIPs', freed: ['a'] }],
  [
    '3 comes before the request',
    [a],
    { clusterFamilies: [], ...asks({ loadBalancerIPs: 'x' }) },
    [],
    { refusal: 'noClusterIPs' },
  ],
  [
    '5 RequireDualStack with one cluster IP: cleared',
    [both],
    { ...v4, ipFamilyPolicy: 'RequireDualStack' },
    [],
    { refusal: 'notEnoughClusterIPs', events: ['not enough clusterips'], freed: ['both'] },
  ],
  [
    '5 a headless Service has one',
    [both],
    { ...requireDual, headless: true },
    [],
    { refusal: 'notEnoughClusterIPs', events: ['not enough clusterips'] },
  ],
  ['6 nothing held: allocated', [a], {}, [], { lease: 'a 192.0.2.0', events: ['IPAllocated'] }],
  [
    '6 hostname-only entries do not count',
    [a],
    { ingress: [{ ip: '' }] },
    [],
    { lease: 'a 192.0.2.0', events: ['IPAllocated'] },
  ],
  ['7 in order: kept, silently', [a], v4only, [], { lease: 'a 192.0.2.2' }],
  [
    '7 in order, two families: kept in their order',
    [both],
    { ...dual, ...held('both', '2001:db8::2', '192.0.2.2') },
    [],
    { lease: 'both 2001:db8::2 192.0.2.2' },
  ],
  [
    '7 the other family: moved',
    [both],
    { ...ipv6, ...v4 },
    [],
    { lease: 'both 2001:db8::', events: ['IPAllocated'], freed: ['both'] },
  ],
  [
    '7 two addresses, one cluster IP: moved',
    [both],
    onBoth,
    [],
    { lease: 'both 192.0.2.0', events: ['IPAllocated'], freed: ['both'] },
  ],
  [
    '7 PreferDualStack does not excuse a cluster IP of one family',
    [both],
    { ...onBoth, ipFamilyPolicy: 'PreferDualStack' },
    [],
    { lease: 'both 192.0.2.0', events: ['IPAllocated'], freed: ['both'] },
  ],
  [
    '7 RequireDualStack with one address: both anew',
    [both],
    { ...requireDual, ...v4 },
    [],
    { lease: 'both 192.0.2.0 2001:db8::', events: ['IPAllocated'], freed: ['both'] },
  ],
  [
    '7 an address that is none: moved',
    [a],
    holds('web'),
    [],
    { lease: 'a 192.0.2.0', events: ['nolbIPsIPFamily', 'IPAllocated'] },
  ],
  [
    '7 two of one family: moved',
    [a],
    holds('192.0.2.1', '192.0.2.2'),
    [],
    { lease: 'a 192.0.2.0', events: ['nolbIPsIPFamily', 'IPAllocated'] },
  ],
  [
    '7 three: moved',
    [both],
    { ...dual, ...holds('192.0.2.1', '2001:db8::1', '2001:db8::2') },
    [],
    { lease: 'both 192.0.2.0 2001:db8::', events: ['nolbIPsIPFamily', 'IPAllocated'] },
  ],
  [
    '7 headless: kept, and said',
    [a],
    { ...v4only, headless: true },
    [],
    { lease: 'a 192.0.2.2', refusal: 'unknownFamily', events: ['noclusterIPsIPFamily'] },
  ],
  [
    '7 headless, asking for another pool: kept, and said',
    [a, b],
    { ...and(v4only, { 'address-pool': 'b' }), headless: true },
    [],
    { lease: 'a 192.0.2.2', refusal: 'unknownFamily', events: ['noclusterIPsIPFamily'] },
  ],
  [
    '7 headless on an address of no pool: cleared',
    [a],
    { ...holds('203.0.113.1'), headless: true },
    [],
    { refusal: 'unknownFamily', events: ['noclusterIPsIPFamily', 'ClearAssignment'] },
  ],
  [
    '7 headless without an address: refused',
    [a],
    { headless: true },
    [],
    { refusal: 'unknownFamily', events: ['AllocationFailed'] },
  ],
  [
    '8 an address of no pool: moved',
    [a],
    holds('203.0.113.1'),
    [],
    { lease: 'a 192.0.2.0', events: ['ClearAssignment', 'IPAllocated'] },
  ],
  [
    '8 a pool pinned to others by now: moved',
    [pool('a', '192.0.2.0/30', pinned({ namespaces: ['x'] })), b],
    v4only,
    [],
    { lease: 'b 198.51.100.0', events: ['ClearAssignment', 'IPAllocated'] },
  ],
  [
    '8 a label lost: moved',
    [pool('a', '192.0.2.0/30', pinned({ selectors: [label('tier', 'web')] })), b],
    v4only,
    [],
    { lease: 'b 198.51.100.0', events: ['ClearAssignment', 'IPAllocated'] },
  ],
  [
    '8 an avoided address by now: moved',
    [pool('a', '192.0.2.0/30', { avoidBuggyIps: true })],
    holds('192.0.2.0'),
    [],
    { lease: 'a 192.0.2.1', events: ['ClearAssignment', 'IPAllocated'] },
  ],
  [
    '8 autoAssign off by now: kept',
    [pool('a', '192.0.2.0/30', { autoAssign: false })],
    v4only,
    [],
    { lease: 'a 192.0.2.2' },
  ],
  [
    '8 a better pool by now: kept',
    [a, pool('z', '198.51.100.0/30', pinned({ priority: 1, namespaces: ['default'] }))],
    v4only,
    [],
    { lease: 'a 192.0.2.2' },
  ],
  [
    '8 the address of another Service: moved',
    [a],
    holds('192.0.2.0'),
    [service('x')],
    { lease: 'a 192.0.2.1', events: ['ClearAssignment', 'IPAllocated'] },
  ],
  [
    '8 nothing else to have: lost',
    [pool('a', '192.0.2.0/32')],
    holds('192.0.2.0'),
    [service('x')],
    { refusal: 'poolExhausted', events: ['ClearAssignment', 'AllocationFailed'], waitsFor: ['a'] },
  ],
  [
    '9 another pool is requested: moved, without an event for it',
    [a, b],
    and(v4only, { 'address-pool': 'b' }),
    [],
    { lease: 'b 198.51.100.0', events: ['IPAllocated'], freed: ['a'] },
  ],
  ['9 this pool is requested: kept', [a, b], and(v4only, { 'address-pool': 'a' }), [], { lease: 'a 192.0.2.2' }],
  [
    '9 an unknown pool is requested: lost',
    [a],
    and(v4only, { 'address-pool': 'x' }),
    [],
    { refusal: 'unknownPool', events: ['AllocationFailed'], freed: ['a'] },
  ],
  [
    '10 an invalid request: kept, and said',
    [a],
    and(v4only, { loadBalancerIPs: 'x' }),
    [],
    { lease: 'a 192.0.2.2', refusal: 'invalidRequest', events: ['LoadBalancerFailed'] },
  ],
  [
    '10 two requests: kept, and said',
    [a],
    { ...and(v4only, { loadBalancerIPs: '192.0.2.1' }), loadBalancerIp: '192.0.2.1' },
    [],
    { lease: 'a 192.0.2.2', refusal: 'conflictingRequest', events: ['LoadBalancerFailed'] },
  ],
  [
    '10 an invalid request of a new Service: nothing given',
    [a],
    asks({ loadBalancerIPs: 'x' }),
    [],
    { refusal: 'invalidRequest', events: ['LoadBalancerFailed'] },
  ],
  [
    '10 comes after 9: another pool clears first',
    [a, b],
    and(v4only, { loadBalancerIPs: 'x', 'address-pool': 'b' }),
    [],
    { refusal: 'invalidRequest', events: ['LoadBalancerFailed'], freed: ['a'] },
  ],
  ['11 the requested address: kept', [a], and(v4only, { loadBalancerIPs: '192.0.2.2' }), [], { lease: 'a 192.0.2.2' }],
  [
    '11 the requested addresses in another order: kept as they are',
    [both],
    and({ ...dual, ...onBoth }, { loadBalancerIPs: '2001:db8::2,192.0.2.2' }),
    [],
    { lease: 'both 192.0.2.2 2001:db8::2' },
  ],
  [
    '11 another address: moved',
    [a],
    and(v4only, { loadBalancerIPs: '192.0.2.3' }),
    [],
    { lease: 'a 192.0.2.3', events: ['IPAllocated'], freed: ['a'] },
  ],
  [
    '11 an address in use: lost, as asked',
    [a],
    and(v4only, { loadBalancerIPs: '192.0.2.0' }),
    [service('x')],
    { refusal: 'addressInUse', events: ['AllocationFailed'], waitsFor: ['a'], freed: ['a'] },
  ],
  [
    '12 PreferDualStack with one address: the other family added',
    [both],
    { ...dual, ...v4 },
    [],
    { lease: 'both 192.0.2.2 2001:db8::', events: ['IPAllocated'] },
  ],
  [
    '12 the existing address stays first',
    [both],
    { ...dual, ...held('both', '2001:db8::2') },
    [],
    { lease: 'both 2001:db8::2 192.0.2.0', events: ['IPAllocated'] },
  ],
  [
    '12 the pool has no such family: kept, and said',
    [a, pool('six', '2001:db8::/126')],
    { ...dual, ...v4only },
    [],
    { lease: 'a 192.0.2.2', events: ['AdditionalAssignFailed'] },
  ],
  [
    '12 the pool is full in that family: kept, waiting',
    [pool('both', '192.0.2.0/30 2001:db8::/128')],
    { ...dual, ...v4 },
    [service('x', ipv6)],
    { lease: 'both 192.0.2.2', events: ['AdditionalAssignFailed'], waitsFor: ['both'] },
  ],
  [
    '12 not with one cluster IP, where MetalLB flips for ever',
    [both],
    { ...v4, ipFamilyPolicy: 'PreferDualStack' },
    [],
    { lease: 'both 192.0.2.2' },
  ],
  [
    '12 not beside the one address that is requested',
    [both],
    and({ ...dual, ...v4 }, { loadBalancerIPs: '192.0.2.2' }),
    [],
    { lease: 'both 192.0.2.2' },
  ],
  [
    '13 no room: refused and waiting',
    [pool('a', '192.0.2.0/32')],
    {},
    [service('x')],
    { refusal: 'poolExhausted', events: ['AllocationFailed'], waitsFor: ['a'] },
  ],
  ['15 written in canonical text', [both], { ...ipv6, ...holds('2001:DB8:0::2') }, [], { lease: 'both 2001:db8::2' }],
]
for (const [name, pools, fields, others, expected] of ROWS) {
  test(`row ${name}`, () => {
    const ledger = new Ledger([pool('a', '192.0.2.0/30'), pool('b', '198.51.100.0/30')])
    const before = service('web', fields)
    ledger.setPools(pools)
    for (const other of others) assert.notEqual(converge(ledger, other).lease, null)
    if (expected.freed)
      converge(ledger, service('web', { ...fields, ...AS_BEFORE, annotations: {}, ...familiesHeld(before) }))
    const verdict = converge(ledger, before)
    assert.deepEqual(short(verdict), { ...NOTHING, ...expected })
    assert.deepEqual(ledger.leaseOf('default/web'), verdict.lease)
    const after = converge(ledger, written(before, verdict))
    assert.deepEqual(after.lease, verdict.lease, 'the next convergence changes nothing')
    assert.deepEqual(after.freed, [])
  })
}

/** What the Service was when it got the addresses it holds. */
const AS_BEFORE: Partial<Service> = {
  type: 'LoadBalancer',
  headless: false,
  loadBalancerIp: '',
  ipFamilyPolicy: 'SingleStack',
}
function familiesHeld({ ingress }: Service): Partial<Service> {
  return { clusterFamilies: ingress.map(({ ip }) => (ip.includes(':') ? 'ipv6' : 'ipv4')) }
}

const MESSAGES: [name: string, fields: Partial<Service>, events: [type: string, reason: string, message: string][]][] =
  [
    ['an address', {}, [['Normal', 'IPAllocated', 'Assigned IP ["192.0.2.1"]']]],
    ['two addresses', dual, [['Normal', 'IPAllocated', 'Assigned IP ["192.0.2.1" "2001:db8::"]']]],
    [
      'an additional one',
      { ...dual, ...holds('192.0.2.2') },
      [['Normal', 'IPAllocated', 'Assigned additional IP "2001:db8::"']],
    ],
    [
      'a refusal',
      asks({ 'address-pool': 'x' }),
      [
        [
          'Warning',
          'AllocationFailed',
          'Failed to allocate IP for default/web: unknown pool "x"; the pools there are: both',
        ],
      ],
    ],
    [
      'a lost address',
      holds('203.0.113.1'),
      [
        [
          'Normal',
          'ClearAssignment',
          'current IP for default/web not allowed by config, will attempt for new IP assignment: ["203.0.113.1"] is not allowed in config: no pool holds 203.0.113.1',
        ],
        ['Normal', 'IPAllocated', 'Assigned IP ["192.0.2.1"]'],
      ],
    ],
    [
      'an invalid request',
      asks({ loadBalancerIPs: 'x' }),
      [
        [
          'Warning',
          'LoadBalancerFailed',
          'invalid requested loadbalancer IPs: "x" in annotation loadBalancerIPs is not an IP address',
        ],
      ],
    ],
    [
      'an unreadable status',
      { ...holds('web'), headless: true },
      [
        ['Warning', 'nolbIPsIPFamily', '["web"] in the status is neither one address nor one of each family'],
        [
          'Warning',
          'noclusterIPsIPFamily',
          'the Service has no IP family that an address could match: it is headless (clusterIP None)',
        ],
      ],
    ],
    [
      'too few cluster IPs',
      { ipFamilyPolicy: 'RequireDualStack' },
      [
        [
          'Warning',
          'not enough clusterips',
          'ipFamilyPolicy RequireDualStack needs a cluster IP of each family, and the Service has 1',
        ],
      ],
    ],
  ]
for (const [name, fields, events] of MESSAGES) {
  test(`event: ${name}`, () => {
    const ledger = new Ledger([both])
    converge(ledger, service('first'))
    const verdict = converge(ledger, service('web', fields))
    assert.deepEqual(
      verdict.events.map(({ type, reason, message }) => [type, reason, message]),
      events,
    )
  })
}

const legacy = { 'metallb.universe.tf/loadBalancerIPs': '192.0.2.2', 'metallb.universe.tf/address-pool': 'a' }

test('deprecated annotations: one Warning for each key when the Service is written, none when it is not', () => {
  const ledger = new Ledger([a])
  const first = service('web', { annotations: legacy })
  const given = converge(ledger, first)
  assert.deepEqual(given.events.slice(1), [
    {
      type: 'Warning',
      reason: 'deprecatedAnnotation',
      message: 'Service uses deprecated annotation metallb.universe.tf/address-pool',
    },
    {
      type: 'Warning',
      reason: 'deprecatedAnnotation',
      message: 'Service uses deprecated annotation metallb.universe.tf/loadBalancerIPs',
    },
  ])
  const second = written(first, given)
  assert.deepEqual(converge(ledger, second).events, [])
  const refused = converge(ledger, service('other', { annotations: legacy }))
  assert.deepEqual(short(refused).events, ['AllocationFailed'])
  const gone = converge(ledger, { ...second, type: 'ClusterIP' })
  assert.deepEqual(short(gone).events, ['deprecatedAnnotation', 'deprecatedAnnotation'])
})

test('a pool renamed: the Service stays, under the new name', () => {
  const ledger = new Ledger([a])
  const given = converge(ledger, service('web'))
  ledger.setPools([pool('renamed', '192.0.2.0/30')])
  assert.deepEqual(ledger.leaseOf('default/web'), { pool: 'renamed', ips: ['192.0.2.0'] })
  const verdict = converge(ledger, written(service('web'), given))
  assert.deepEqual(short(verdict), { ...NOTHING, lease: 'renamed 192.0.2.0' })
})

test('a dual-stack pool shrunk to one family: both cleared, then allocated anew', () => {
  const ledger = new Ledger([both])
  const given = converge(ledger, service('web', dual))
  ledger.setPools([a])
  assert.equal(ledger.leaseOf('default/web'), null)
  const verdict = converge(ledger, written(service('web', dual), given))
  assert.deepEqual(short(verdict), { ...NOTHING, lease: 'a 192.0.2.0', events: ['ClearAssignment', 'IPAllocated'] })
})

test('a pool extended by the other family: the second address is added', () => {
  const ledger = new Ledger([a])
  const given = converge(ledger, service('web', dual))
  ledger.setPools([pool('a', '192.0.2.0/30 2001:db8::/126')])
  const verdict = converge(ledger, written(service('web', dual), given))
  assert.deepEqual(short(verdict), { ...NOTHING, lease: 'a 192.0.2.0 2001:db8::', events: ['IPAllocated'] })
})

const shared = (key: string) => asks({ 'allow-shared-ip': key })

/** `web` holds 192.0.2.0 under key k with port TCP/80 before it becomes what the row says. */
const SHARING: [name: string, sharer: boolean, change: Partial<Service>, expected: Short][] = [
  ['alone, another key: kept, and others may share now', false, shared('m'), { lease: 'a 192.0.2.0', freed: ['a'] }],
  ['alone, no key any more: kept', false, asks({}), { lease: 'a 192.0.2.0' }],
  [
    'alone, other ports: kept, and the old one is free',
    false,
    { ...shared('k'), ...ports('TCP/82') },
    { lease: 'a 192.0.2.0', freed: ['a'] },
  ],
  ['alone, one port more: kept', false, { ...shared('k'), ...ports('TCP/80', 'TCP/82') }, { lease: 'a 192.0.2.0' }],
  [
    'alone, Local: kept',
    false,
    { ...shared('k'), externalTrafficPolicy: 'Local', podSelector: { app: 'x' } },
    { lease: 'a 192.0.2.0', freed: ['a'] },
  ],
  [
    'with a sharer, another key: moved',
    true,
    shared('m'),
    { lease: 'a 192.0.2.1', events: ['ClearAssignment', 'IPAllocated'], freed: ['a'] },
  ],
  [
    'with a sharer, no key any more: moved',
    true,
    asks({}),
    { lease: 'a 192.0.2.1', events: ['ClearAssignment', 'IPAllocated'], freed: ['a'] },
  ],
  [
    'with a sharer, Local: moved',
    true,
    { ...shared('k'), externalTrafficPolicy: 'Local', podSelector: { app: 'x' } },
    { lease: 'a 192.0.2.1', events: ['ClearAssignment', 'IPAllocated'], freed: ['a'] },
  ],
  [
    'with a sharer, the sharer’s port: moved',
    true,
    { ...shared('k'), ...ports('TCP/81') },
    { lease: 'a 192.0.2.1', events: ['ClearAssignment', 'IPAllocated'], freed: ['a'] },
  ],
  [
    'with a sharer, another port: kept',
    true,
    { ...shared('k'), ...ports('TCP/82') },
    { lease: 'a 192.0.2.0', freed: ['a'] },
  ],
]
for (const [name, sharer, change, expected] of SHARING) {
  test(`sharing: ${name}`, () => {
    const ledger = new Ledger([a])
    const before = service('web', shared('k'))
    const given = converge(ledger, before)
    if (sharer) converge(ledger, service('sharer', { ...shared('k'), ...ports('TCP/81') }))
    const changed = written({ ...before, ...change }, given)
    const verdict = converge(ledger, changed)
    assert.deepEqual(short(verdict), { ...NOTHING, ...expected })
    const again = converge(ledger, written(changed, verdict))
    assert.deepEqual(short(again), { ...NOTHING, lease: expected.lease })
  })
}

test('a Service that leaves a shared address frees its ports there', () => {
  const ledger = new Ledger([pool('a', '192.0.2.0/32')])
  converge(ledger, service('one', shared('k')))
  converge(ledger, service('two', { ...shared('k'), ...ports('TCP/81') }))
  const third = service('three', shared('k'))
  assert.deepEqual(converge(ledger, third).waitsFor, ['a'])
  assert.deepEqual(ledger.release('default/one'), ['a'])
  assert.equal(converge(ledger, third).lease?.ips[0], '192.0.2.0')
  assert.deepEqual(ledger.release('default/one'), [], 'it held nothing any more')
})

test('the status counts, not what we remember: another address in it is taken over, and the old one is free', () => {
  const ledger = new Ledger([a])
  converge(ledger, service('web'))
  const verdict = converge(ledger, service('web', held('a', '192.0.2.3')))
  assert.deepEqual(short(verdict), { ...NOTHING, lease: 'a 192.0.2.3', freed: ['a'] })
  assert.equal(converge(ledger, service('next')).lease?.ips[0], '192.0.2.0')
})

test('the status counts, not what we remember: a Service without addresses starts anew', () => {
  const ledger = new Ledger([a])
  converge(ledger, service('first'))
  converge(ledger, service('web'))
  ledger.release('default/first')
  const verdict = converge(ledger, service('web'))
  assert.deepEqual(short(verdict), { ...NOTHING, lease: 'a 192.0.2.0', events: ['IPAllocated'], freed: ['a'] })
})
