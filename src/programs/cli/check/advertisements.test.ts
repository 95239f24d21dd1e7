// SPDX-License-Identifier: Apache-2.0
import { type Case, testCases } from '../../../../test/check/warnings.ts'
import { bgp, host, l2, node, peer, pool } from '../../../../test/model/objects.ts'
import { collectProblems } from './collect.ts'

const a = pool('a', ['192.0.2.0/24'], {}, { tier: 'gold' })
const gold = { ipAddressPoolSelectors: [{ matchLabels: { tier: 'gold' } }] }
const silver = { ipAddressPoolSelectors: [{ matchLabels: { tier: 'silver' } }] }

const POOLS: readonly Case[] = [
  ['for all pools, and there is one', [a, l2('l')], []],
  ['for all pools, and there is none', [l2('l')], ['L2Advertisement/l metadata.name advertisesNoPool']],
  ['by a label that a pool has', [a, l2('l', gold)], []],
  [
    'by a label that no pool has',
    [a, l2('l', silver)],
    ['L2Advertisement/l spec.ipAddressPoolSelectors advertisesNoPool'],
  ],
  [
    'the same over BGP',
    [a, peer('p'), bgp('b', silver)],
    ['BGPAdvertisement/b spec.ipAddressPoolSelectors advertisesNoPool'],
  ],
  ['by a name too, which exists', [a, l2('l', { ...silver, ipAddressPools: ['a'] })], []],
  [
    'by a name only, which does not exist: said once',
    [a, l2('l', { ipAddressPools: ['b'] })],
    ['L2Advertisement/l spec.ipAddressPools[0] unknownPool'],
  ],
  ['two advertisements with one effect are both for a pool', [a, l2('l'), l2('m')], []],
]
testCases(collectProblems, ['advertisesNoPool', 'unknownPool'], { cases: POOLS })

const apart = [
  node('n1'),
  node('n2'),
  bgp('b', { nodeSelectors: [host('n1')] }),
  peer('p', { nodeSelectors: [host('n2')] }),
]
const PEERS: readonly Case[] = [
  ['to all peers, and there is one', [a, bgp('b'), peer('p')], []],
  ['to all peers, and there is none', [a, bgp('b')], ['BGPAdvertisement/b metadata.name reachesNoPeer']],
  ['to a peer by name', [a, bgp('b', { peers: ['p'] }), peer('p')], []],
  [
    'to a peer that does not exist: said once',
    [a, bgp('b', { peers: ['q'] }), peer('p')],
    ['BGPAdvertisement/b spec.peers[0] unknownPeer', 'BGPPeer/p metadata.name unusedPeer'],
  ],
  [
    'from nodes that have no session',
    [a, ...apart],
    ['BGPAdvertisement/b metadata.name reachesNoPeer', 'BGPPeer/p metadata.name unusedPeer'],
  ],
  ['the same without Nodes among the files', [a, ...apart.slice(2)], []],
  [
    'to a named peer from nodes that have no session with it',
    [a, apart[0] ?? a, apart[1] ?? a, bgp('b', { peers: ['p'], nodeSelectors: [host('n1')] }), apart[3] ?? a],
    ['BGPAdvertisement/b spec.peers reachesNoPeer', 'BGPPeer/p metadata.name unusedPeer'],
  ],
  [
    'a peer that is named by none',
    [a, bgp('b', { peers: ['p'] }), peer('p'), peer('q', { peerPort: 1179 })],
    ['BGPPeer/q metadata.name unusedPeer'],
  ],
  ['a peer without any advertisement', [peer('p')], ['BGPPeer/p metadata.name unusedPeer']],
  [
    'a peer on no Node at all: its selector is to blame, and nothing else',
    [a, node('n1'), bgp('b'), peer('p', { nodeSelectors: [host('n9')] })],
    ['BGPPeer/p spec.nodeSelectors[0].matchExpressions[0] unknownLabel'],
  ],
  ['a peer in error is not missing', [a, bgp('b', { peers: ['p'] }), peer('p', { peerASN: 0 })], []],
]
testCases(collectProblems, ['reachesNoPeer', 'unusedPeer', 'unknownPeer', 'unknownLabel'], { cases: PEERS })
