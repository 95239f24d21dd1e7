// SPDX-License-Identifier: Apache-2.0
/** What the four routers print of one route, as they have printed it, and what the lab reads there. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { birdRoutes, birdSaid, birdSession } from './bird-tables.ts'
import { exabgpTold } from './exabgp-tables.ts'
import { frrRoutes, frrSession } from './frr-tables.ts'
import { gobgpRoutes, gobgpSession } from './gobgp-tables.ts'
import { DOWN, type SeenRoute } from './router.ts'

const PEER = '192.168.1.2'
const SEEN: SeenRoute = {
  prefix: 'fd11::/64',
  nextHops: ['fd00::2'],
  asPath: [4_200_000_002, 77],
  origin: 'igp',
  med: 5,
  localPref: 100,
  communities: ['64500:7', '65535:0'],
  largeCommunities: ['1:2:3'],
  peer: PEER,
  stale: false,
}

const FRR = `{
 "vrfId": 0,
 "routes": { "fd11::/64": [{"prefix":"fd11::/64","version":1},{"aspath":{"string":"4200000002 77","segments":[{"type":"as-sequence","list":[4200000002,77]}],"length":2},"origin":"IGP","metric":5,"locPrf":100,"valid":true,"version":1,"stale":true,"community":{"string":"64500:7 graceful-shutdown","list":["64500:7","gracefulShutdown"]},"largeCommunity":{"string":"1:2:3","list":["1:2:3"]},"nexthops":[{"ip":"fd00::2","afi":"ipv6","scope":"global","metric":0,"accessible":true,"used":true}],"peer":{"peerId":"192.168.1.2","routerId":"2.2.2.2","type":"external"}}]
 }  }`

const BIRD = `BIRD 2.0.12 ready.
Table master6:
fd11::/64            unicast [n0 20:17:15.987 from 192.168.1.2] * (100) [AS77i]
\tvia fd00::2 on eth0
\tType: BGP univ
\tBGP.origin: IGP
\tBGP.as_path: 4200000002 77
\tBGP.next_hop: fd00::2
\tBGP.med: 5
\tBGP.local_pref: 100
\tBGP.community: (64500,7) (65535,0)
\tBGP.large_community: (1, 2, 3)
                     unreachable [n1 20:17:15.987] (100) [i]
\tType: BGP univ
\tBGP.origin: IGP
\tBGP.as_path: 
\tBGP.next_hop: fd00::3 fe80::3
\tBGP.local_pref: 50
`

const GOBGP =
  '{"fd11::/64":[{"nlri":{"prefix":"fd11::/64"},"age":1795292174,"best":false,"attrs":[{"type":1,"value":0},' +
  '{"type":2,"as_paths":[{"segment_type":2,"num":2,"asns":[4200000002,77]}]},{"type":4,"metric":5},{"type":5,"value":100},' +
  '{"type":8,"communities":[4227072007,4294901760]},{"type":32,"value":[{"ASN":1,"LocalData1":2,"LocalData2":3}]},' +
  '{"type":14,"nexthop":"fd00::2","afi":2,"safi":1,"value":[{"prefix":"fd11::/64"}]}],"stale":false,"neighbor-ip":"192.168.1.2"}]}'

const AROUND = '"neighbor": { "address": { "local": "192.168.1.3", "peer": "192.168.1.2" }, "asn": { "local": 65003 }'
const UPDATE = `{ "exabgp": "4.0.1", "type": "update", ${AROUND}, "direction": "receive", "message": { "update": { "attribute": { "origin": "igp", "as-path": [ 4200000002, 77 ], "confederation-path": [], "med": 5, "local-preference": 100, "community": [ [ 64500, 7 ], [ 65535, 0 ] ], "large-community": [ [ 1, 2 , 3 ] ] }, "announce": { "ipv6 unicast": { "fd00::2": [ { "nlri": "fd11::/64" } ], "fe80::2": [ { "nlri": "fd11::/64" } ] } } } } } }\n`
const WITHDRAW = `{ "exabgp": "4.0.1", "type": "update", ${AROUND}, "direction": "receive", "message": { "update": { "withdraw": { "ipv6 unicast": [ { "nlri": "fd11::/64" } ] } } } } }\n`
const END = `{ "exabgp": "4.0.1", "type": "update", ${AROUND}, "direction": "receive", "message": { "eor": { "afi" : "ipv6", "safi" : "unicast" } } } }\n`
const state = (word: string): string => `{ "exabgp": "4.0.1", "type": "state", ${AROUND} , "state": "${word}" } }\n`

const line = (text: string): string => `2026-11-21 20:17:08.655 <TRACE> n0: ${text}\n`
const gobgp = (sessionState: number): string =>
  `{"state":{"session_state":${sessionState},"messages":{"received":{"update":3}}},"timers":{"state":{"uptime":{"seconds":1795292174}}},"afi_safis":[{"config":{"family":{"afi":2,"safi":1}},"mp_graceful_restart":{"state":{"end_of_rib_received":true}}}]}`

test('FRR: a path with all attributes, and those that it calls by names', () => {
  assert.deepEqual(frrRoutes(FRR), [{ ...SEEN, stale: true }])
  assert.deepEqual(frrRoutes('{}'), [], 'bgpd that has no table yet')
})

test('BIRD: two paths of one prefix, and no others than those of neighbours', () => {
  const both = birdRoutes(
    BIRD,
    new Map([
      ['n0', PEER],
      ['n1', 'fd00::3'],
    ]),
  )
  const second = { asPath: [], med: null, localPref: 50, communities: [], largeCommunities: [], peer: 'fd00::3' }
  assert.deepEqual(both, [SEEN, { ...SEEN, ...second, nextHops: ['fd00::3', 'fe80::3'] }])
  assert.deepEqual(birdRoutes(BIRD, new Map()), [])
})

test('GoBGP: a path with all attributes, and words where the table is empty', () => {
  assert.deepEqual(gobgpRoutes(GOBGP, PEER), [SEEN])
  assert.deepEqual(gobgpRoutes('Network not in table\n', PEER), [])
})

test('ExaBGP: the table that follows from what it tells', () => {
  const two = { ...SEEN, nextHops: ['fd00::2', 'fe80::2'] }
  assert.deepEqual(exabgpTold(state('up') + UPDATE).routes, [two])
  assert.deepEqual(exabgpTold(state('up') + UPDATE + WITHDRAW).routes, [])
  assert.deepEqual(exabgpTold(state('up') + UPDATE + state('down')).routes, [])
  assert.deepEqual(exabgpTold(state('up') + UPDATE.slice(0, -9)).routes, [], 'the last line is half written')
})

test('sessions: up with End-of-RIB, up anew, and none', () => {
  const told = exabgpTold(state('up') + state('down') + state('up') + UPDATE + END).sessions.get(PEER)
  assert.deepEqual(told, { isUp: true, state: 'up', upSince: 'session 2', endOfRib: ['ipv6'], updates: 2 })

  const frr = `{"${PEER}":{"bgpState":"Established","connectionsEstablished":2,"gracefulRestartInfo":{"endOfRibRecv":{"ipv6Unicast":true}},"messageStats":{"updatesRecv":3}}}`
  const up = { isUp: true, state: 'Established', upSince: 'session 2', endOfRib: ['ipv6'], updates: 3 }
  assert.deepEqual(frrSession(frr, PEER), up)
  assert.deepEqual(frrSession(frr, '192.168.1.9'), DOWN)

  const log = [line('BGP session established').repeat(2), line('Got END-OF-RIB')].join('')
  assert.deepEqual(birdSaid(log, 'n0'), { ups: 2, lines: ['Got END-OF-RIB'] })
  const shown =
    '  BGP state:          Established\n      Import updates:              2  0\n      Import withdraws:   1  0\n'
  assert.deepEqual(birdSession(shown, { ups: 2, endOfRib: ['ipv6'] }), up)
  assert.deepEqual(birdSession('n0 not known\n', { ups: 0, endOfRib: [] }), DOWN)

  assert.deepEqual(gobgpSession(gobgp(6)), { ...up, state: 'established', upSince: '1795292174' })
  assert.deepEqual(gobgpSession(gobgp(3)), { ...up, isUp: false, state: 'active', upSince: '', endOfRib: [] })
})
