// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asks, dual, ports, service } from '../../test/ipam/objects.ts'
import { formatIp } from '../lib/ip.ts'
import type { Service } from '../model/service.ts'
import { requestOf } from './request.ts'

const both = (current: string, legacy: string) => ({
  'metallb.io/loadBalancerIPs': current,
  'metallb.universe.tf/loadBalancerIPs': legacy,
})

/** Addresses asked for, or the code of the refusal with a piece of its message. */
const WANTED: [name: string, fields: Partial<Service>, ips: string[] | [code: string, says: RegExp]][] = [
  ['nothing', {}, []],
  ['one address by annotation', asks({ loadBalancerIPs: '192.0.2.9' }), ['192.0.2.9']],
  [
    'two families, blanks trimmed',
    asks({ loadBalancerIPs: ' 2001:DB8::9 , 192.0.2.9 ' }),
    ['2001:db8::9', '192.0.2.9'],
  ],
  ['the older key', { annotations: { 'metallb.universe.tf/loadBalancerIPs': '192.0.2.8' } }, ['192.0.2.8']],
  ['the current key wins', { annotations: both('192.0.2.9', '192.0.2.8') }, ['192.0.2.9']],
  ['an empty current key wins too', { annotations: both('', '192.0.2.8') }, []],
  ['spec.loadBalancerIP', { loadBalancerIp: '192.0.2.9' }, ['192.0.2.9']],
  [
    'spec.loadBalancerIP beside an empty annotation',
    { ...asks({ loadBalancerIPs: '' }), loadBalancerIp: '192.0.2.9' },
    ['192.0.2.9'],
  ],
  [
    'both places',
    { ...asks({ loadBalancerIPs: '192.0.2.9' }), loadBalancerIp: '192.0.2.9' },
    ['conflictingRequest', /remove one/],
  ],
  [
    'no address',
    asks({ loadBalancerIPs: 'web' }),
    ['invalidRequest', /"web" in annotation loadBalancerIPs is not an IP/],
  ],
  ['an empty piece', asks({ loadBalancerIPs: '192.0.2.9,' }), ['invalidRequest', /"" in annotation/]],
  ['blanks only', asks({ loadBalancerIPs: ' ' }), ['invalidRequest', /"" in annotation/]],
  ['a prefix', asks({ loadBalancerIPs: '192.0.2.0/28' }), ['invalidRequest', /not an IP address/]],
  [
    'two in spec.loadBalancerIP',
    { loadBalancerIp: '192.0.2.9,192.0.2.8' },
    ['invalidRequest', /in spec.loadBalancerIP/],
  ],
  ['three addresses', asks({ loadBalancerIPs: '192.0.2.9,::1,::2' }), ['invalidRequest', /has 3 addresses/]],
  [
    'two of one family',
    asks({ loadBalancerIPs: '192.0.2.9,192.0.2.8' }),
    ['invalidRequest', /192.0.2.9 and 192.0.2.8 .* same family/],
  ],
  ['one address twice', asks({ loadBalancerIPs: '192.0.2.9,192.0.2.9' }), ['invalidRequest', /same family/]],
  ['a text without end', asks({ loadBalancerIPs: 'x'.repeat(1e6) }), ['invalidRequest', /^.{0,200}$/]],
]
for (const [name, fields, expected] of WANTED) {
  test(`addresses: ${name}`, () => {
    const { wanted } = requestOf(service('web', fields))
    if (wanted.ok) return assert.deepEqual(wanted.ips.map(formatIp), expected)
    const [code, says] = expected
    assert.equal(wanted.refusal.code, code)
    assert.match(wanted.refusal.message, new RegExp(says ?? 'addresses'))
  })
}

const OF_POOL: [name: string, annotations: Record<string, string>, pool: string][] = [
  ['none', {}, ''],
  ['current key', { 'metallb.io/address-pool': 'a' }, 'a'],
  ['older key', { 'metallb.universe.tf/address-pool': 'b' }, 'b'],
  ['current key wins', { 'metallb.io/address-pool': 'a', 'metallb.universe.tf/address-pool': 'b' }, 'a'],
  ['an empty current key wins', { 'metallb.io/address-pool': '', 'metallb.universe.tf/address-pool': 'b' }, ''],
  ['a key of everybody’s prototype', JSON.parse('{"__proto__": "a"}'), ''],
]
for (const [name, annotations, pool] of OF_POOL) {
  test(`pool: ${name}`, () => assert.equal(requestOf(service('web', { annotations })).pool, pool))
}

const STACKS: [name: string, fields: Partial<Service>, stack: string | null][] = [
  ['IPv4', {}, 'ipv4'],
  ['IPv6', { clusterFamilies: ['ipv6'] }, 'ipv6'],
  ['one of each', dual, 'dual'],
  ['one of each, IPv6 first', { ...dual, clusterFamilies: ['ipv6', 'ipv4'] }, 'dual'],
  ['two of one', { clusterFamilies: ['ipv4', 'ipv4'] }, null],
  ['three', { clusterFamilies: ['ipv4', 'ipv6', 'ipv4'] }, null],
  ['none', { clusterFamilies: [] }, null],
  ['headless', { headless: true }, null],
]
for (const [name, fields, stack] of STACKS) {
  test(`families of the cluster IPs: ${name}`, () => assert.equal(requestOf(service('web', fields)).stack, stack))
}

const local = (podSelector: Record<string, string>) =>
  ({ ...asks({ 'allow-shared-ip': 'k' }), externalTrafficPolicy: 'Local', podSelector }) as const

/** Two Services that share, or do not, as far as keys go. */
const KEYS: [name: string, one: Partial<Service>, other: Partial<Service>, equal: boolean][] = [
  ['equal keys', asks({ 'allow-shared-ip': 'k' }), asks({ 'allow-shared-ip': 'k' }), true],
  ['different keys', asks({ 'allow-shared-ip': 'k' }), asks({ 'allow-shared-ip': 'K' }), false],
  [
    'current and older annotation',
    asks({ 'allow-shared-ip': 'k' }),
    { annotations: { 'metallb.universe.tf/allow-shared-ip': 'k' } },
    true,
  ],
  [
    'Cluster shares whatever the Pods',
    asks({ 'allow-shared-ip': 'k' }),
    { ...asks({ 'allow-shared-ip': 'k' }), podSelector: { app: 'x' } },
    true,
  ],
  ['Local with one selector', local({ app: 'x', tier: 'y' }), local({ tier: 'y', app: 'x' }), true],
  ['Local with two selectors', local({ app: 'x' }), local({ app: 'y' }), false],
  ['Local and Cluster', local({ app: 'x' }), asks({ 'allow-shared-ip': 'k' }), false],
  ['Local without selector and Cluster', local({}), asks({ 'allow-shared-ip': 'k' }), true],
  ['a key that ends as another’s selector begins', local({ k: 'v' }), asks({ 'allow-shared-ip': 'kk=v' }), false],
]
for (const [name, one, other, equal] of KEYS) {
  test(`sharing key: ${name}`, () => {
    const [a, b] = [requestOf(service('a', one)).terms, requestOf(service('b', other)).terms]
    assert.notEqual(a.key, '')
    assert.equal(a.key === b.key, equal)
  })
}

test('sharing key: none, and none again', () => {
  assert.equal(requestOf(service('a')).terms.key, '')
  assert.equal(
    requestOf(service('a', { ...asks({ 'allow-shared-ip': '' }), externalTrafficPolicy: 'Local' })).terms.key,
    '',
  )
})

test('ports are pairs of protocol and number, each once', () => {
  const { terms } = requestOf(service('a', ports('TCP/80', 'UDP/80', 'TCP/80', 'TCP/443')))
  assert.deepEqual(terms.ports, ['TCP/80', 'UDP/80', 'TCP/443'])
})
