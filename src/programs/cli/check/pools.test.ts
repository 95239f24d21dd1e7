// SPDX-License-Identifier: Apache-2.0
import { type Case, network, OPTIONS, testCases } from '../../../../test/check/warnings.ts'
import { bgp, core, l2, node, pool } from '../../../../test/model/objects.ts'
import { collectProblems } from './collect.ts'

const at = (...ips: readonly string[]) =>
  node('n', {}, { addresses: ips.map((address) => ({ type: 'InternalIP', address })) })

const NODES: readonly Case[] = [
  [
    'a Node inside a range',
    [pool('a', ['192.0.2.10-192.0.2.20']), at('192.0.2.20')],
    ['IPAddressPool/a spec.addresses[0] poolOverlapsNode'],
  ],
  ['a Node right behind a range', [pool('a', ['192.0.2.10-192.0.2.20']), at('192.0.2.21')], []],
  ['a Node right before a range', [pool('a', ['192.0.2.10-192.0.2.20']), at('192.0.2.9')], []],
  [
    'a Node inside the second prefix',
    [pool('a', ['198.51.100.0/24', '192.0.2.0/24']), at('192.0.2.0')],
    ['IPAddressPool/a spec.addresses[1] poolOverlapsNode'],
  ],
  [
    'an entry that cannot be read before it',
    [pool('a', ['x', '192.0.2.0/24']), at('192.0.2.0')],
    ['IPAddressPool/a spec.addresses[1] poolOverlapsNode'],
  ],
  [
    'the IPv6 address of a Node',
    [pool('a', ['2001:db8::/64']), at('192.0.2.1', '2001:db8::1')],
    ['IPAddressPool/a spec.addresses[0] poolOverlapsNode'],
  ],
  [
    'the last address of all',
    [pool('a', ['255.255.255.255/32']), at('255.255.255.255')],
    ['IPAddressPool/a spec.addresses[0] poolOverlapsNode'],
  ],
  [
    'two Nodes in one range are one warning',
    [pool('a', ['192.0.2.0/24']), at('192.0.2.1', '192.0.2.2')],
    ['IPAddressPool/a spec.addresses[0] poolOverlapsNode'],
  ],
]
testCases(collectProblems, ['poolOverlapsNode'], { cases: NODES })

const NETWORKS: readonly Case[] = [
  [
    'a pool in the Pod network',
    [pool('a', ['10.244.9.0/24'])],
    ['IPAddressPool/a spec.addresses[0] poolOverlapsNetwork'],
  ],
  [
    'a pool around the Service network',
    [pool('a', ['10.96.0.0/11'])],
    ['IPAddressPool/a spec.addresses[0] poolOverlapsNetwork'],
  ],
  [
    'a range that touches the first address',
    [pool('a', ['10.95.0.0-10.96.0.0'])],
    ['IPAddressPool/a spec.addresses[0] poolOverlapsNetwork'],
  ],
  ['a range right before it', [pool('a', ['10.95.0.0-10.95.255.255'])], []],
  ['a range right behind it', [pool('a', ['10.112.0.0/16'])], []],
]
const networks = [network('Pod', '10.244.0.0/16'), network('Service', '10.96.0.0/12')]
testCases(collectProblems, ['poolOverlapsNetwork'], { cases: NETWORKS, options: { ...OPTIONS, networks } })

const LARGE: readonly Case[] = [
  ['a /16 on layer 2', [pool('a', ['10.0.0.0/16']), l2('l')], []],
  ['a /15 on layer 2', [pool('a', ['10.0.0.0/15']), l2('l')], ['IPAddressPool/a spec.addresses[0] largeL2Pool']],
  [
    'one address more than a /16',
    [pool('a', ['10.0.0.0-10.1.0.0']), l2('l')],
    ['IPAddressPool/a spec.addresses[0] largeL2Pool'],
  ],
  ['a /15 over BGP', [pool('a', ['10.0.0.0/15']), bgp('b')], []],
  ['a /64 of IPv6 on layer 2', [pool('a', ['2001:db8::/64']), l2('l')], []],
]
testCases(collectProblems, ['largeL2Pool'], { cases: LARGE })

const ADVERTISED: readonly Case[] = [
  ['a pool alone', [pool('a', ['192.0.2.0/24'])], ['IPAddressPool/a metadata.name unadvertisedPool']],
  ['an advertisement for all', [pool('a', ['192.0.2.0/24']), l2('l')], []],
  ['an advertisement over BGP', [pool('a', ['192.0.2.0/24']), bgp('b', { ipAddressPools: ['a'] })], []],
  [
    'an advertisement for another pool',
    [pool('a', ['192.0.2.0/24']), pool('b', ['198.51.100.0/24']), l2('l', { ipAddressPools: ['b'] })],
    ['IPAddressPool/a metadata.name unadvertisedPool'],
  ],
  ['a Service alone', [core('Service', 's', { spec: { type: 'LoadBalancer', ports: [{ port: 80 }] } })], []],
]
testCases(collectProblems, ['unadvertisedPool'], { cases: ADVERTISED })
