// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asks, dual, ipv6, label, pinned, pool, ports, requireDual, service } from '../../test/ipam/objects.ts'
import { formatIp } from '../lib/ip.ts'
import type { Pool } from '../model/pool.ts'
import type { Service } from '../model/service.ts'
import { allocate } from './allocate.ts'
import { converge } from './converge.ts'
import { Ledger } from './ledger.ts'
import type { RefusalCode } from './refusal.ts'
import { requestOf } from './request.ts'

type Fields = Partial<Service>
type Scene = Readonly<{ pools: Pool[]; others?: Service[] }>

function ask({ pools, others = [] }: Scene, fields: Fields) {
  const ledger = new Ledger(pools)
  for (const other of others) assert.equal(converge(ledger, other).refusal, null, `${other.key} gets its address`)
  return allocate(ledger, requestOf(service('web', fields)))
}

const both = pool('both', '192.0.2.0/31 2001:db8::/127')
const four = pool('four', '198.51.100.0/31')
const six = pool('six', '2001:db8:6::/127')
const byName = { autoAssign: false }
const ip = (...ips: string[]) => asks({ loadBalancerIPs: ips.join(',') })
const from = (name: string) => asks({ 'address-pool': name })
const inside = (key: string, address: string, fields: Fields = {}) => service(key, { ...ip(address), ...fields })
const shared = (key: string) => asks({ 'allow-shared-ip': key })

const GIVEN: [name: string, scene: Scene, fields: Fields, pool: string, ...ips: string[]][] = [
  ['the first address of the only pool', { pools: [four] }, {}, 'four', '198.51.100.0'],
  ['the next free one', { pools: [four], others: [service('a')] }, {}, 'four', '198.51.100.1'],
  [
    'the first free one in a gap',
    { pools: [pool('a', '192.0.2.0/24')], others: [service('a'), inside('b', '192.0.2.2')] },
    {},
    'a',
    '192.0.2.1',
  ],
  ['no .0 where it is avoided', { pools: [pool('a', '192.0.2.0/24', { avoidBuggyIps: true })] }, {}, 'a', '192.0.2.1'],
  ['pools by name', { pools: [pool('b', '192.0.2.0/24'), pool('a', '192.0.3.0/24')] }, {}, 'a', '192.0.3.0'],
  [
    'the next pool when the first is full',
    { pools: [pool('a', '192.0.3.0/32'), pool('b', '192.0.2.0/24')], others: [service('x')] },
    {},
    'b',
    '192.0.2.0',
  ],
  [
    'not where autoAssign is off',
    { pools: [pool('a', '192.0.3.0/24', byName), pool('b', '192.0.2.0/24')] },
    {},
    'b',
    '192.0.2.0',
  ],
  [
    'where autoAssign is off, by name',
    { pools: [pool('a', '192.0.3.0/24', byName), four] },
    from('a'),
    'a',
    '192.0.3.0',
  ],
  [
    'where autoAssign is off, by address',
    { pools: [pool('a', '192.0.3.0/24', byName), four] },
    ip('192.0.3.9'),
    'a',
    '192.0.3.9',
  ],
  // Pinned pools
  [
    'a pool pinned to the namespace first',
    { pools: [pool('a', '192.0.2.0/24'), pool('z', '192.0.3.0/24', pinned({ namespaces: ['default'] }))] },
    {},
    'z',
    '192.0.3.0',
  ],
  [
    'a pool pinned to a label first',
    { pools: [pool('a', '192.0.2.0/24'), pool('z', '192.0.3.0/24', pinned({ selectors: [label('tier', 'web')] }))] },
    { labels: { tier: 'web' } },
    'z',
    '192.0.3.0',
  ],
  [
    'not a pool pinned to another namespace',
    { pools: [pool('a', '192.0.2.0/24', pinned({ namespaces: ['prod'] })), pool('z', '192.0.3.0/24')] },
    {},
    'z',
    '192.0.3.0',
  ],
  [
    'not a pool pinned by namespace and label when the label lacks',
    {
      pools: [
        pool('a', '192.0.2.0/24', pinned({ namespaces: ['default'], selectors: [label('tier', 'web')] })),
        pool('z', '192.0.3.0/24'),
      ],
    },
    {},
    'z',
    '192.0.3.0',
  ],
  [
    'one selector of several is enough',
    { pools: [pool('z', '192.0.3.0/24', pinned({ selectors: [label('tier', 'db'), label('tier', 'web')] }))] },
    { labels: { tier: 'web' } },
    'z',
    '192.0.3.0',
  ],
  [
    'a pinned pool with autoAssign off is left alone',
    { pools: [pool('a', '192.0.2.0/24', { ...byName, ...pinned({ namespaces: ['default'] }) }), four] },
    {},
    'four',
    '198.51.100.0',
  ],
  [
    'priority only pins to everyone',
    {
      pools: [
        pool('a', '192.0.2.0/24'),
        pool('z', '192.0.3.0/24', pinned({ priority: 5, selectors: [{ requirements: [] }] })),
      ],
    },
    {},
    'z',
    '192.0.3.0',
  ],
  [
    'the lower priority number first',
    {
      pools: [
        pool('a', '192.0.2.0/24', pinned({ priority: 20, namespaces: ['default'] })),
        pool('b', '192.0.3.0/24', pinned({ priority: 10, namespaces: ['default'] })),
      ],
    },
    {},
    'b',
    '192.0.3.0',
  ],
  [
    'no priority comes last',
    {
      pools: [
        pool('a', '192.0.2.0/24', pinned({ namespaces: ['default'] })),
        pool('b', '192.0.3.0/24', pinned({ priority: 1000, namespaces: ['default'] })),
      ],
    },
    {},
    'b',
    '192.0.3.0',
  ],
  [
    'a priority below 0 is none',
    {
      pools: [
        pool('a', '192.0.2.0/24', pinned({ priority: -1, namespaces: ['default'] })),
        pool('b', '192.0.3.0/24', pinned({ priority: 1000, namespaces: ['default'] })),
      ],
    },
    {},
    'b',
    '192.0.3.0',
  ],
  [
    'equal priorities by name',
    {
      pools: [
        pool('b', '192.0.2.0/24', pinned({ priority: 7, namespaces: ['default'] })),
        pool('a', '192.0.3.0/24', pinned({ priority: 7, selectors: [label('tier', 'web')] })),
      ],
    },
    { labels: { tier: 'web' } },
    'a',
    '192.0.3.0',
  ],
  [
    'a full pinned pool leaves the others',
    { pools: [four, pool('z', '192.0.3.0/32', pinned({ namespaces: ['default'] }))], others: [service('x')] },
    {},
    'four',
    '198.51.100.0',
  ],
  [
    'a serviceAllocation that selects nothing, by address',
    { pools: [pool('a', '192.0.2.0/24', pinned({}))] },
    ip('192.0.2.7'),
    'a',
    '192.0.2.7',
  ],
  [
    'a serviceAllocation that selects nothing, by name',
    { pools: [pool('a', '192.0.2.0/24', pinned({}))] },
    from('a'),
    'a',
    '192.0.2.0',
  ],
  // Families
  ['IPv6 for IPv6', { pools: [both] }, ipv6, 'both', '2001:db8::'],
  ['the first pool of the family', { pools: [four, six] }, ipv6, 'six', '2001:db8:6::'],
  ['one of each, IPv4 first', { pools: [both] }, dual, 'both', '192.0.2.0', '2001:db8::'],
  [
    'one of each, IPv4 first, whatever comes first in the spec',
    { pools: [both] },
    { ...dual, ipFamilies: ['ipv6', 'ipv4'] },
    'both',
    '192.0.2.0',
    '2001:db8::',
  ],
  [
    'RequireDualStack: the first pool with both',
    { pools: [pool('a', '198.51.100.0/31'), both, six] },
    requireDual,
    'both',
    '192.0.2.0',
    '2001:db8::',
  ],
  [
    'PreferDualStack: both from a later pool',
    { pools: [pool('a', '198.51.100.0/31'), both] },
    dual,
    'both',
    '192.0.2.0',
    '2001:db8::',
  ],
  [
    'PreferDualStack: else the primary family',
    { pools: [pool('a6', '2001:db8:6::/127'), pool('b4', '198.51.100.0/31')] },
    dual,
    'b4',
    '198.51.100.0',
  ],
  [
    'PreferDualStack: IPv6 is primary when it comes first',
    { pools: [pool('a4', '198.51.100.0/31'), pool('b6', '2001:db8:6::/127')] },
    { ...dual, ipFamilies: ['ipv6', 'ipv4'] },
    'b6',
    '2001:db8:6::',
  ],
  ['PreferDualStack: else the other family', { pools: [six] }, dual, 'six', '2001:db8:6::'],
  [
    'PreferDualStack: both families left in one pool, none in IPv4',
    { pools: [pool('a', '192.0.2.0/32 2001:db8::/64')], others: [service('x')] },
    dual,
    'a',
    '2001:db8::',
  ],
  [
    'PreferDualStack with one cluster IP is single-stack',
    { pools: [both] },
    { ipFamilyPolicy: 'PreferDualStack' },
    'both',
    '192.0.2.0',
  ],
  [
    'a pinned single-stack pool beats an open dual-stack one',
    { pools: [both, pool('z', '192.0.3.0/24', pinned({ namespaces: ['default'] }))] },
    dual,
    'z',
    '192.0.3.0',
  ],
  [
    'RequireDualStack looks further than pinned single-stack pools',
    { pools: [both, pool('z', '192.0.3.0/24', pinned({ namespaces: ['default'] }))] },
    requireDual,
    'both',
    '192.0.2.0',
    '2001:db8::',
  ],
  [
    'PreferDualStack from a named single-stack pool',
    { pools: [four, both] },
    { ...dual, ...from('four') },
    'four',
    '198.51.100.0',
  ],
  // Requested addresses
  ['exactly the requested address', { pools: [four] }, ip('198.51.100.1'), 'four', '198.51.100.1'],
  [
    'both requested addresses, in their order',
    { pools: [both] },
    { ...dual, ...ip('2001:db8::1', '192.0.2.1') },
    'both',
    '2001:db8::1',
    '192.0.2.1',
  ],
  [
    'both for SingleStack with two cluster IPs',
    { pools: [both] },
    { ...dual, ipFamilyPolicy: 'SingleStack', ...ip('192.0.2.1', '2001:db8::1') },
    'both',
    '192.0.2.1',
    '2001:db8::1',
  ],
  [
    'the requested address of the requested pool',
    { pools: [four] },
    asks({ loadBalancerIPs: '198.51.100.1', 'address-pool': 'four' }),
    'four',
    '198.51.100.1',
  ],
  ['spec.loadBalancerIP', { pools: [four] }, { loadBalancerIp: '198.51.100.1' }, 'four', '198.51.100.1'],
  [
    'another namespace’s address, shared',
    { pools: [four], others: [service('prod/a', shared('k'))] },
    { ...shared('k'), ...ports('TCP/81') },
    'four',
    '198.51.100.0',
  ],
  // Sharing without a request
  [
    'the first address whose ports are free',
    { pools: [pool('a', '192.0.2.0/24')], others: [service('a', shared('k')), service('b', shared('k'))] },
    { ...shared('k'), ...ports('UDP/80') },
    'a',
    '192.0.2.0',
  ],
  [
    'a free address below a shareable one',
    {
      pools: [pool('a', '192.0.2.0/24')],
      others: [
        inside('a', '192.0.2.5', {
          annotations: { 'metallb.io/loadBalancerIPs': '192.0.2.5', 'metallb.io/allow-shared-ip': 'k' },
        }),
      ],
    },
    { ...shared('k'), ...ports('TCP/81') },
    'a',
    '192.0.2.0',
  ],
  [
    'a shareable address where none is free',
    { pools: [pool('a', '192.0.2.0/32')], others: [service('a', shared('k'))] },
    { ...shared('k'), ...ports('TCP/81') },
    'a',
    '192.0.2.0',
  ],
  [
    'the next address when the port is taken',
    { pools: [pool('a', '192.0.2.0/31')], others: [service('a', shared('k'))] },
    shared('k'),
    'a',
    '192.0.2.1',
  ],
  [
    'a fresh address under another key',
    { pools: [pool('a', '192.0.2.0/31')], others: [service('a', shared('k'))] },
    { ...shared('m'), ...ports('TCP/81') },
    'a',
    '192.0.2.1',
  ],
  [
    'both families shared',
    { pools: [both], others: [service('a', { ...dual, ...shared('k') })] },
    { ...dual, ...shared('k'), ...ports('TCP/81') },
    'both',
    '192.0.2.0',
    '2001:db8::',
  ],
]
for (const [name, scene, fields, from_, ...ips] of GIVEN) {
  test(`given: ${name}`, () => {
    const found = ask(scene, fields)
    assert.ok(found.ok, found.ok ? '' : found.refusal.message)
    assert.deepEqual([found.bid.pool, ...found.bid.ips.map(formatIp)], [from_, ...ips])
  })
}

const REFUSED: [
  name: string,
  scene: Scene,
  fields: Fields,
  code: RefusalCode,
  message: string,
  ...waitsFor: string[],
][] = [
  [
    'a full pool',
    { pools: [pool('a', '192.0.2.0/31')], others: [service('x'), service('y')] },
    {},
    'poolExhausted',
    'no available IPs: pool a is full: 2 of 2 in use',
    'a',
  ],
  [
    'a full pool by name',
    { pools: [pool('a', '192.0.2.0/32'), four], others: [service('x')] },
    from('a'),
    'poolExhausted',
    'no available IPs in pool "a": pool a is full: 1 of 1 in use',
    'a',
  ],
  [
    'several full pools',
    { pools: [pool('a', '192.0.2.0/32'), pool('b', '192.0.3.0/32')], others: [service('x'), service('y')] },
    {},
    'poolExhausted',
    'no available IPs: pool a is full: 1 of 1 in use; pool b is full: 1 of 1 in use',
    'a',
    'b',
  ],
  [
    'five full pools',
    {
      pools: [1, 2, 3, 4, 5].map((i) => pool(`p${i}`, `192.0.2.${i}/32`)),
      others: [1, 2, 3, 4, 5].map((i) => service(`x${i}`)),
    },
    {},
    'poolExhausted',
    'no available IPs: pool p1 is full: 1 of 1 in use; pool p2 is full: 1 of 1 in use; pool p3 is full: 1 of 1 in use; 2 more',
    'p1',
    'p2',
    'p3',
    'p4',
    'p5',
  ],
  [
    'a pool full in one family',
    { pools: [pool('a', '192.0.2.0/32 2001:db8::/64')], others: [service('x')] },
    requireDual,
    'poolExhausted',
    'no available IPs: pool a is full in IPv4: 1 of 1 in use',
    'a',
  ],
  [
    'only pools of the family are waited for',
    { pools: [pool('a', '192.0.2.0/32'), six], others: [service('x')] },
    {},
    'poolExhausted',
    'no available IPs: pool a is full: 1 of 1 in use',
    'a',
  ],
  [
    'shared ports on all of a full pool',
    { pools: [pool('a', '192.0.2.0/32')], others: [service('x', shared('k'))] },
    shared('k'),
    'poolExhausted',
    'no available IPs: pool a is full: 1 of 1 in use',
    'a',
  ],
  [
    'PreferDualStack: only what is full is named',
    { pools: [pool('a', '192.0.2.0/32'), six], others: [service('x'), service('y', ipv6), service('z', ipv6)] },
    dual,
    'poolExhausted',
    'no available IPs: pool a is full: 1 of 1 in use; pool six is full: 2 of 2 in use',
    'a',
    'six',
  ],
  [
    'no pool of the family',
    { pools: [four] },
    ipv6,
    'poolLacksFamily',
    'no available IPs: pool four does not have IPv6 addresses to hand out',
  ],
  [
    'the named pool lacks the family',
    { pools: [four, six] },
    { ...ipv6, ...from('four') },
    'poolLacksFamily',
    'no available IPs: pool four does not have IPv6 addresses to hand out',
  ],
  [
    'RequireDualStack over two single-stack pools',
    { pools: [four, six] },
    requireDual,
    'poolLacksFamily',
    'no available IPs: none of the pools four and six has both IPv4 and IPv6 addresses to hand out',
  ],
  [
    'SingleStack with two cluster IPs',
    { pools: [both] },
    { ...dual, ipFamilyPolicy: 'SingleStack' },
    'familyMismatch',
    'ipFamilyPolicy is SingleStack, but the Service has cluster IPs of both families: make it PreferDualStack',
  ],
  [
    'autoAssign off everywhere',
    { pools: [pool('a', '192.0.2.0/24', byName), pool('b', '192.0.3.0/24', byName)] },
    {},
    'autoAssignOff',
    'no available IPs: pools a and b have autoAssign off: name the pool in annotation metallb.io/address-pool',
  ],
  [
    'all pools are for others',
    {
      pools: [
        pool('a', '192.0.2.0/24', pinned({ namespaces: ['x'] })),
        pool('b', '192.0.3.0/24', pinned({ selectors: [label('zone', 'a', 'b')] })),
      ],
    },
    {},
    'noAvailablePool',
    'no available IPs: no pool is for this Service: pool a is pinned to namespace x; pool b is not for this Service: it wants label zone in (a, b)',
  ],
  [
    'a serviceAllocation that selects nothing',
    { pools: [pool('a', '192.0.2.0/24', pinned({}))] },
    {},
    'noAvailablePool',
    'no available IPs: no pool is for this Service: pool a has a serviceAllocation that selects nothing',
  ],
  [
    'an unknown pool',
    { pools: [pool('b', '192.0.2.0/24'), pool('a', '192.0.3.0/24')] },
    from('x'),
    'unknownPool',
    'unknown pool "x"; the pools there are: a and b',
  ],
  [
    'an unknown pool beside one',
    { pools: [four] },
    from('x'),
    'unknownPool',
    'unknown pool "x"; the pools there are: four',
  ],
  [
    'a named pool for another namespace',
    { pools: [pool('b', '192.0.2.0/24', pinned({ namespaces: ['x'] }))] },
    from('b'),
    'poolNotForService',
    'pool b not compatible for ip assignment: pool b is pinned to namespace x',
  ],
  [
    'an address of a pool for another namespace',
    { pools: [pool('b', '192.0.2.0/24', pinned({ namespaces: ['x', 'y'] }))] },
    ip('192.0.2.9'),
    'poolNotForService',
    'pool b not compatible for ip assignment: 192.0.2.9 belongs to pool b, which is pinned to namespaces x and y',
  ],
  [
    'a named pool that wants a label',
    {
      pools: [
        pool(
          'p',
          '10.0.3.100-10.0.3.130',
          pinned({ priority: 100, namespaces: ['default'], selectors: [label('metallb.io/class', 'internal')] }),
        ),
      ],
    },
    asks({ 'address-pool': 'p', loadBalancerIPs: '10.0.3.110' }),
    'poolNotForService',
    'pool p not compatible for ip assignment: 10.0.3.110 belongs to pool p, which is not for this Service: it wants label metallb.io/class=internal',
  ],
  [
    'a pool whose selectors want much',
    {
      pools: [
        pool(
          'p',
          '192.0.2.0/24',
          pinned({
            selectors: [
              {
                requirements: [
                  { key: 'a', operator: 'Exists', values: [] },
                  { key: 'b', operator: 'DoesNotExist', values: [] },
                ],
              },
              {
                requirements: [
                  { key: 'a', operator: 'NotIn', values: ['x', ''] },
                  { key: 'b', operator: 'Exists', values: [] },
                ],
              },
            ],
          }),
        ),
      ],
    },
    from('p'),
    'poolNotForService',
    'pool p not compatible for ip assignment: pool p is not for this Service: it wants label a and no label b or label a not in (x, ) and label b',
  ],
  [
    'an address in no pool',
    { pools: [four] },
    ip('192.0.2.9'),
    'addressInNoPool',
    '["192.0.2.9"] is not allowed in config: no pool holds 192.0.2.9',
  ],
  [
    'one address of two in no pool',
    { pools: [both] },
    { ...dual, ...ip('192.0.2.1', '2001:db8:9::1') },
    'addressInNoPool',
    '["192.0.2.1" "2001:db8:9::1"] is not allowed in config: no pool holds 2001:db8:9::1',
  ],
  [
    'addresses of two pools',
    { pools: [four, six] },
    { ...dual, ...ip('198.51.100.1', '2001:db8:6::1') },
    'addressesInTwoPools',
    '["198.51.100.1" "2001:db8:6::1"] is not allowed in config: 198.51.100.1 belongs to pool four, 2001:db8:6::1 belongs to pool six, and all addresses of a Service come from one pool',
  ],
  [
    'an avoided address',
    { pools: [pool('a', '192.0.2.0/24', { avoidBuggyIps: true })] },
    ip('192.0.2.0'),
    'addressAvoided',
    '["192.0.2.0"] is not allowed in config: pool a has avoidBuggyIPs on, and so hands out no .0 and no .255',
  ],
  [
    'the other family',
    { pools: [both] },
    ip('2001:db8::1'),
    'familyMismatch',
    'requested loadBalancer IP(s) ["2001:db8::1"] does not match the ipFamily of the service: ask for one IPv4 address',
  ],
  [
    'one address for PreferDualStack',
    { pools: [both] },
    { ...dual, ...ip('192.0.2.1') },
    'familyMismatch',
    'requested loadBalancer IP(s) ["192.0.2.1"] does not match the ipFamily of the service: ask for an IPv4 and an IPv6 address',
  ],
  [
    'two addresses for one cluster IP',
    { pools: [both] },
    { ...ipv6, ...ip('192.0.2.1', '2001:db8::1') },
    'familyMismatch',
    'requested loadBalancer IP(s) ["192.0.2.1" "2001:db8::1"] does not match the ipFamily of the service: ask for one IPv6 address',
  ],
  [
    'an address of another than the named pool',
    { pools: [four, both] },
    asks({ loadBalancerIPs: '192.0.2.1', 'address-pool': 'four' }),
    'poolMismatch',
    'requested loadBalancer IP(s) ["192.0.2.1"] is not compatible with requested address pool "four": pool both holds it, ask for one of the two',
  ],
  [
    'a headless Service',
    { pools: [four] },
    { headless: true },
    'unknownFamily',
    'the Service has no IP family that an address could match: it is headless (clusterIP None)',
  ],
  [
    'two cluster IPs of one family',
    { pools: [four] },
    { clusterFamilies: ['ipv4', 'ipv4'] },
    'unknownFamily',
    'the Service has no IP family that an address could match: its cluster IPs are not one, or one of each family',
  ],
  [
    'an invalid request',
    { pools: [four] },
    ip('x'),
    'invalidRequest',
    '"x" in annotation loadBalancerIPs is not an IP address',
  ],
  // Sharing
  [
    'an address of somebody else',
    { pools: [four], others: [service('a')] },
    ip('198.51.100.0'),
    'addressInUse',
    `can't change sharing key for "default/web", address also in use by default/a: 198.51.100.0 is shared only by Services with equal annotation metallb.io/allow-shared-ip`,
    'four',
  ],
  [
    'an address of somebody who shares, without a key',
    { pools: [four], others: [service('a', shared('k'))] },
    ip('198.51.100.0'),
    'addressInUse',
    `can't change sharing key for "default/web", address also in use by default/a: 198.51.100.0 is shared only by Services with equal annotation metallb.io/allow-shared-ip`,
    'four',
  ],
  [
    'another key',
    { pools: [four], others: [service('a', shared('k')), service('b', { ...shared('k'), ...ports('TCP/81') })] },
    asks({ loadBalancerIPs: '198.51.100.0', 'allow-shared-ip': 'm' }),
    'sharingKeyMismatch',
    `can't change sharing key for "default/web", address also in use by default/a,default/b: 198.51.100.0 is shared under the key "k", not "m"`,
    'four',
  ],
  [
    'Local beside Cluster',
    { pools: [four], others: [service('a', shared('k'))] },
    {
      ...asks({ loadBalancerIPs: '198.51.100.0', 'allow-shared-ip': 'k' }),
      ...ports('TCP/81'),
      externalTrafficPolicy: 'Local',
      podSelector: { app: 'x' },
    },
    'trafficPolicyMismatch',
    `can't change sharing key for "default/web", address also in use by default/a: sharers of 198.51.100.0 must all have externalTrafficPolicy Cluster, or all Local with one selector`,
    'four',
  ],
  [
    'a port in use',
    { pools: [four], others: [service('a', shared('k'))] },
    { ...asks({ loadBalancerIPs: '198.51.100.0', 'allow-shared-ip': 'k' }), ...ports('TCP/81', 'TCP/80') },
    'portInUse',
    'port TCP/80 is already in use on "198.51.100.0" by default/a: change the port, or ask for another address',
    'four',
  ],
]
for (const [name, scene, fields, code, message, ...waitsFor] of REFUSED) {
  test(`refused: ${name}`, () => {
    const found = ask(scene, fields)
    assert.deepEqual(found, { ok: false, refusal: { code, message }, waitsFor })
  })
}

test('a crowd of users is not listed whole', () => {
  const crowd = Array.from({ length: 9 }, (_, i) => service(`s${i}`, { ...shared('k'), ...ports(`TCP/${i + 1}`) }))
  const found = ask({ pools: [four], others: crowd }, ip('198.51.100.0'))
  assert.ok(!found.ok)
  assert.match(found.refusal.message, /in use by default\/s0,default\/s1,default\/s2:/)
})
