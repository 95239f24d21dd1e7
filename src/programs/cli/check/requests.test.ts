// SPDX-License-Identifier: Apache-2.0

import { type Case, OPTIONS, testCases } from '../../../../test/check/warnings.ts'
import { core, namespace, pool } from '../../../../test/model/objects.ts'
import { REFUSAL_CODES } from '../../../ipam/refusal.ts'
import { collectProblems } from './collect.ts'

type Annotations = Readonly<Record<string, string>>
const service = (name: string, annotations: Annotations = {}, spec: object = {}) =>
  core(
    'Service',
    name,
    { spec: { type: 'LoadBalancer', ports: [{ port: 80 }], ...spec } },
    { namespace: 'default', annotations },
  )
const asks = (ips: string) => ({ 'metallb.io/loadBalancerIPs': ips })
const shares = (ip: string, key: string) => ({ ...asks(ip), 'metallb.io/allow-shared-ip': key })
const IPS = 'metadata.annotations["metallb.io/loadBalancerIPs"]'
const POOL = 'metadata.annotations["metallb.io/address-pool"]'
const a = pool('a', ['192.0.2.0/28'])
const byNamespaceLabel = pool('a', ['192.0.2.0/28'], {
  serviceAllocation: { namespaceSelectors: [{ matchLabels: { team: 'x' } }] },
})

const REFUSED: readonly Case[] = [
  ['nothing special', [a, service('s')], []],
  ['an address of the pool', [a, service('s', asks('192.0.2.15'))], []],
  ['an address right behind the pool', [a, service('s', asks('192.0.2.16'))], [`Service/s ${IPS} addressInNoPool`]],
  [
    'the same in the deprecated field',
    [a, service('s', {}, { loadBalancerIP: '192.0.2.16' })],
    ['Service/s spec.loadBalancerIP addressInNoPool'],
  ],
  [
    'a pool that does not exist',
    [a, service('s', { 'metallb.io/address-pool': 'b' })],
    [`Service/s ${POOL} unknownPool`],
  ],
  [
    'a pool by an annotation of before',
    [a, service('s', { 'metallb.universe.tf/address-pool': 'b' })],
    ['Service/s metadata.annotations["metallb.universe.tf/address-pool"] unknownPool'],
  ],
  ['a pool while no pool is among the files', [service('s', { 'metallb.io/address-pool': 'b' })], []],
  ['a pool while one is in error', [pool('a', ['x']), service('s', { 'metallb.io/address-pool': 'b' })], []],
  ['what is no address', [a, service('s', asks('web'))], [`Service/s ${IPS} invalidRequest`]],
  [
    'what is no address, without pools',
    [service('s', {}, { loadBalancerIP: 'web' })],
    ['Service/s spec.loadBalancerIP invalidRequest'],
  ],
  [
    'two ways of asking',
    [a, service('s', asks('192.0.2.1'), { loadBalancerIP: '192.0.2.1' })],
    [`Service/s ${IPS} conflictingRequest`],
  ],
  [
    'a family that no pool has',
    [a, service('s', {}, { ipFamilies: ['IPv6'] })],
    ['Service/s spec.type poolLacksFamily'],
  ],
  [
    'an address of the other family',
    [a, service('s', asks('192.0.2.1'), { ipFamilies: ['IPv6'] })],
    [`Service/s ${IPS} familyMismatch`],
  ],
  [
    'pools that give nothing of themselves',
    [pool('a', ['192.0.2.0/28'], { autoAssign: false }), service('s')],
    ['Service/s spec.type autoAssignOff'],
  ],
  ['a Service of another class', [a, service('s', asks('192.0.2.16'), { loadBalancerClass: 'x.io/y' })], []],
  ['a Service of another type', [a, service('s', asks('192.0.2.16'), { type: 'ClusterIP' })], []],
  ['a namespace whose labels are not known', [byNamespaceLabel, service('s')], []],
  [
    'a namespace without the label',
    [byNamespaceLabel, namespace('default'), service('s')],
    ['Service/s spec.type noAvailablePool'],
  ],
  ['a namespace with the label', [byNamespaceLabel, namespace('default', { team: 'x' }), service('s')], []],
  ['more Services than addresses: each could have one', [pool('a', ['192.0.2.0/32']), service('s'), service('t')], []],
]
testCases(collectProblems, REFUSAL_CODES, { cases: REFUSED })

const asksOfOurs: readonly Case[] = [
  [
    'a Service of a class that is ours by flag',
    [a, service('s', asks('192.0.2.16'), { loadBalancerClass: 'x.io/y' })],
    [`Service/s ${IPS} addressInNoPool`],
  ],
]
testCases(collectProblems, REFUSAL_CODES, { cases: asksOfOurs, options: { ...OPTIONS, classes: ['x.io/y'] } })

const udp = { ports: [{ port: 80, protocol: 'UDP' }] }
const TWICE: readonly Case[] = [
  ['two addresses', [service('s', asks('192.0.2.1')), service('t', asks('192.0.2.2'))], []],
  [
    'one address',
    [service('s', asks('192.0.2.1')), service('t', asks('192.0.2.1'))],
    [`Service/t ${IPS} addressAskedTwice`],
  ],
  [
    'one address in two ways of writing it',
    [service('s', asks('2001:db8::1')), service('t', asks('2001:DB8:0::1'))],
    [`Service/t ${IPS} addressAskedTwice`],
  ],
  [
    'one address with a common key and other ports',
    [service('s', shares('192.0.2.1', 'k')), service('t', shares('192.0.2.1', 'k'), udp)],
    [],
  ],
  [
    'one address with a common key and one port',
    [service('s', shares('192.0.2.1', 'k')), service('t', shares('192.0.2.1', 'k'))],
    [`Service/t ${IPS} addressAskedTwice`],
  ],
  [
    'one address with two keys',
    [service('s', shares('192.0.2.1', 'k')), service('t', shares('192.0.2.1', 'l'), udp)],
    [`Service/t ${IPS} addressAskedTwice`],
  ],
  [
    'one address with a key on one side',
    [service('s', asks('192.0.2.1')), service('t', shares('192.0.2.1', 'l'), udp)],
    [`Service/t ${IPS} addressAskedTwice`],
  ],
  [
    'one address with a key and two traffic policies',
    [
      service('s', shares('192.0.2.1', 'k')),
      service('t', shares('192.0.2.1', 'k'), { ...udp, externalTrafficPolicy: 'Local', selector: { app: 'x' } }),
    ],
    [`Service/t ${IPS} addressAskedTwice`],
  ],
  [
    'one address in an annotation and in the field',
    [service('s', asks('192.0.2.1')), service('t', {}, { loadBalancerIP: '192.0.2.1' })],
    ['Service/t spec.loadBalancerIP addressAskedTwice'],
  ],
]
testCases(collectProblems, ['addressAskedTwice'], { cases: TWICE })
