// SPDX-License-Identifier: Apache-2.0
/** What users try, and what the API server says to it when the webhooks are asked. */
import { type Manifest, type Method } from '../../lab/cluster/api-client.ts'
import { metallb, pool } from '../../lab/cluster/objects.ts'

export type Step = Readonly<{
  name: string
  method: Method
  object: Manifest
  /** A part of the refusal's sentence; '' where it must pass. */
  refused: string
}>

const A = '10.1.0.0/24'
const peer = (name: string, fields: object = {}) =>
  metallb('BGPPeer', name, { myASN: 64500, peerASN: 64501, peerAddress: '10.9.0.1', ...fields }, 'v1beta2')
const old = (name: string, fields: object = {}) =>
  metallb('BGPPeer', name, { myASN: 64500, peerASN: 64501, peerAddress: '10.9.0.1', ...fields })
const bgp = (name: string, spec: object) => metallb('BGPAdvertisement', name, spec)
const elsewhere = (object: Manifest): Manifest => ({
  ...object,
  metadata: { ...object.metadata, namespace: 'default' },
})
const on = (...names: readonly string[]) => ({
  nodeSelectors: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: names }] }],
})
const community = (name: string, alias: string, value: string) =>
  metallb('Community', name, { communities: [{ name: alias, value }] })

const step =
  (method: Method) =>
  (name: string, object: Manifest, refused = ''): Step => ({ name, method, object, refused })
const create = step('POST')
const update = step('PATCH')
const remove = step('DELETE')

/** In this order: what passes is stored, and later steps meet it. At the end nothing is left. */
export const STEPS: readonly Step[] = [
  create('a pool', pool('a', A)),
  create('a pool over it', pool('b', '10.1.0.128/25'), 'overlaps "10.1.0.0/24" of pool a; every address'),
  create('a pool beside it, at once after that', pool('b', '10.2.0.0/24')),
  create('a pool over the one just made', pool('c', '10.2.0.1-10.2.0.9'), 'of pool b; every address'),
  update('it grows into the other', pool('b', '10.0.0.0/8'), '(poolOverlap)'),
  update('it grows', pool('b', '10.2.0.0/23')),
  create('a pool of nonsense', pool('c', 'somewhere'), 'spec.addresses[0]: "somewhere" is neither'),
  create('a pool of two families', pool('c', '10.3.0.1-fd00::1'), '(mixedRange)'),
  create('a pool elsewhere', elsewhere(pool('c', '10.3.0.0/24')), 'only counts in metallb-system'),

  create('an L2Advertisement', metallb('L2Advertisement', 'l', { ipAddressPools: ['a', 'later'] })),
  create('one with a name twice', metallb('L2Advertisement', 'm', { ipAddressPools: ['a', 'a'] }), '(duplicateEntry)'),
  update(
    'the same mistake in an update',
    metallb('L2Advertisement', 'l', { ipAddressPools: ['a', 'a'] }),
    '(duplicateEntry)',
  ),
  create('an L2Advertisement elsewhere', elsewhere(metallb('L2Advertisement', 'm', {})), '(wrongNamespace)'),

  create('a peer', peer('p')),
  create('a peer at the same address', peer('q'), 'BGPPeer q leads to 10.9.0.1 port 179'),
  update('a peer without an ASN', peer('p', { myASN: 0 }), '(missingMyAsn)'),
  update('a peer of one node', peer('p', on('n1'))),
  create('a peer at the same address from another node', peer('q', on('n2'))),
  update('which takes over both nodes', peer('q', on('n1', 'n2')), 'from node n1'),
  create('a v1beta1 peer at that address', old('r'), '(peersShareAddress)'),
  create('a v1beta1 peer', old('r', { peerAddress: '10.9.0.2', holdTime: '90s' })),
  create(
    'what refers to what may still come',
    peer('s', { peerAddress: '10.9.0.3', bfdProfile: 'fast', passwordSecret: { name: 'later' } }),
  ),
  create('disableMP hides no mistake', elsewhere(peer('t', { disableMP: true })), '(wrongNamespace)'),

  create('a BGPAdvertisement', bgp('x', { ipAddressPools: ['a'], localPref: 100 })),
  create('another localPref', bgp('y', { ipAddressPools: ['a'], localPref: 50 }), '(localPrefConflict)'),
  create(
    'an aggregation that exceeds the pool',
    bgp('y', { ipAddressPools: ['a'], aggregationLength: 16 }),
    '(aggregationExceedsPool)',
  ),
  update(
    'an impossible community',
    bgp('x', { ipAddressPools: ['a'], communities: ['65536:0'] }),
    '(invalidCommunity)',
  ),
  create('a community that may still come', bgp('y', { ipAddressPools: ['b'], communities: ['vip'] })),
  create(
    'prepending the peer',
    bgp('z', { ipAddressPools: ['b'], asPrepend: { count: 2, asn: 64501 } }),
    '(prependsPeerAsn)',
  ),
  create('a BGPAdvertisement elsewhere', elsewhere(bgp('z', {})), '(wrongNamespace)'),

  create('a Community', community('c', 'vip', '64500:100')),
  create('a Community with the same alias', community('d', 'vip', '64500:200'), '(duplicateCommunity)'),
  update('a Community with nonsense', community('c', 'vip', '1:2:3'), '(invalidCommunity)'),
  create('a Community elsewhere', elsewhere(community('d', 'other', '64500:1')), '(wrongNamespace)'),

  create('a BFDProfile', metallb('BFDProfile', 'fast', { receiveInterval: 100 })),
  create('a BFDProfile elsewhere', elsewhere(metallb('BFDProfile', 'slow', {})), '(wrongNamespace)'),
  update('a BFDProfile, of which no webhook hears', metallb('BFDProfile', 'fast', { receiveInterval: 200 })),
  remove('the BFDProfile in use', metallb('BFDProfile', 'fast', {}), 'while BGPPeer s uses it'),

  ...['p', 'q', 'r', 's'].map((name) => remove(`peer ${name}`, peer(name))),
  remove('the BFDProfile', metallb('BFDProfile', 'fast', {})),
  ...['x', 'y'].map((name) => remove(`advertisement ${name}`, bgp(name, {}))),
  remove('the L2Advertisement', metallb('L2Advertisement', 'l', {})),
  remove('the Community', community('c', 'vip', '')),
  ...['a', 'b'].map((name) => remove(`pool ${name}`, pool(name))),
]
