// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Claim } from '../../l2/claims.ts'
import type { Cidr } from '../../lib/prefix.ts'
import type { PeerRoute } from '../../plan/bgp.ts'
import { AnnouncementReports } from './announcement-reports.ts'
import type { Planned } from './speaker.ts'

const claim = (ip: string, interfaces: Claim['interfaces'] = 'all'): Claim => ({ ip, interfaces })
const planned = (...claims: readonly Claim[]): Planned => ({
  key: 'a/web',
  uid: 'u',
  l2: { announce: true, claims },
  bgp: null,
  gate: null,
})
const GONE: Planned = { key: 'a/web', uid: '', l2: null, bgp: null, gate: null }

function rig(...local: readonly string[]) {
  const said: string[] = []
  let interfaces = new Set(local)
  let wasRouted = false
  const reports = new AnnouncementReports({
    node: 'n',
    localInterfaces: () => interfaces,
    event: ({ type, reason, message, object, uid }) => {
      said.push(
        `${type} ${reason} ${object.namespace}/${object.name} ${uid} ${/"([\d.]+|[\da-f:]+|bgp)"/.exec(message)?.[1] ?? ''}`.trim(),
      )
    },
    routed: (_, answer) => {
      if (answer ?? wasRouted) said.push(answer ? `routed ${answer.peers.join()}` : 'not routed')
      wasRouted = answer !== null
    },
    answer: (_, answer) => said.push(answer ? `answer ${answer.interfaces?.join() ?? 'all'}` : 'no answer'),
  })
  const plug = (...names: readonly string[]) => {
    interfaces = new Set(names)
    reports.interfacesChanged()
  }
  return { reports, plug, take: () => said.splice(0) }
}

const ROWS: [string, Planned, readonly string[]][] = [
  ['on all interfaces', planned(claim('192.0.2.1')), ['answer all']],
  ['on interfaces that are here', planned(claim('192.0.2.1', ['eth0', 'eth9'])), ['answer eth0,eth9']],
  [
    'on an interface that is not here',
    planned(claim('192.0.2.1', ['eth9'])),
    ['no answer', 'Warning announceFailed a/web u 192.0.2.1'],
  ],
  ['with IPv6 alone', planned(claim('2001:db8::1')), ['answer all']],
  ['with IPv6 first', planned(claim('2001:db8::1', ['eth0']), claim('192.0.2.1')), ['answer eth0']],
  [
    'with an IPv6 address whose interface is not here',
    planned(claim('2001:db8::1', ['eth9'])),
    ['no answer', 'Warning announceFailed a/web u 2001:db8::1'],
  ],
  ['not at all', GONE, ['no answer']],
]
for (const [name, given, expected] of ROWS) {
  test(`a Service is announced ${name}`, () => {
    const { reports, take } = rig('eth0')
    reports.planned(given)
    assert.deepEqual(take(), expected)
  })
}

test('planned again as it was, it says nothing new; with another address it is assigned anew', () => {
  const { reports, take } = rig('eth0')
  reports.planned(planned(claim('192.0.2.1')))
  reports.planned(planned(claim('192.0.2.1')))
  assert.deepEqual(take(), ['answer all', 'answer all'])
  reports.planned(planned(claim('192.0.2.2')))
  assert.deepEqual(take(), ['answer all', 'Normal nodeAssigned a/web u'])
})

test('an interface that comes and goes changes the answer, and is complained about once each time', () => {
  const { reports, plug, take } = rig('eth0')
  reports.planned(planned(claim('192.0.2.1', ['eth9'])))
  take()
  plug('eth0', 'eth9')
  assert.deepEqual(take(), ['answer eth9'])
  plug('eth0')
  plug('eth0', 'eth1')
  assert.deepEqual(take(), ['no answer', 'Warning announceFailed a/web u 192.0.2.1', 'no answer'])
  reports.planned(GONE)
  take()
  plug('eth9')
  assert.deepEqual(take(), [])
})

test('of a Service that is gone nothing is said any more', () => {
  const { reports, take } = rig('eth0')
  reports.planned(planned(claim('192.0.2.1')))
  reports.begins('a/web', 'layer2')
  reports.planned(GONE)
  reports.begins('a/web', 'layer2')
  assert.deepEqual(take(), ['answer all', 'Normal nodeAssigned a/web u', 'no answer'])
})

const route = (last: number, peer = 'tor'): PeerRoute => {
  const prefix: Cidr = { family: 'ipv4', first: 0xc000_0200n + BigInt(last), prefixBits: 32 }
  const rest = { localPref: null, communities: [], largeCommunities: [], med: null, prepend: [] }
  return { peer, route: { prefix, ...rest } }
}
const sent = (...routes: readonly PeerRoute[]): Planned => ({ ...GONE, uid: 'u', bgp: { announce: true, routes } })
const SILENT = { announce: false, reason: 'noPeer', message: '' } as const

test('routes are reported with their peers, and assigned when they begin, not when only peers are others', () => {
  const { reports, take } = rig()
  reports.planned(sent(route(1)))
  reports.begins('a/web', 'bgp')
  assert.deepEqual(take(), ['no answer', 'routed tor', 'Normal nodeAssigned a/web u bgp'])
  reports.planned(sent(route(1), route(1, 'spine')))
  assert.deepEqual(take(), ['no answer', 'routed spine,tor'])
  reports.planned(sent(route(2)))
  assert.deepEqual(take(), ['no answer', 'routed tor', 'Normal nodeAssigned a/web u bgp'])
  reports.planned({ ...sent(), bgp: SILENT })
  reports.begins('a/web', 'bgp')
  assert.deepEqual(take(), ['no answer', 'not routed'])
})

test('a Service that is announced by both protocols: each is said by itself', () => {
  const { reports, take } = rig('eth0')
  reports.planned({ ...planned(claim('192.0.2.1')), bgp: { announce: true, routes: [route(1)] } })
  reports.begins('a/web', 'layer2')
  reports.begins('a/web', 'bgp')
  const assigned = ['Normal nodeAssigned a/web u', 'Normal nodeAssigned a/web u bgp']
  assert.deepEqual(take(), ['answer all', 'routed tor', ...assigned])
  reports.planned({ ...planned(claim('192.0.2.1')), bgp: SILENT })
  reports.begins('a/web', 'bgp')
  assert.deepEqual(take(), ['answer all', 'not routed'])
})
