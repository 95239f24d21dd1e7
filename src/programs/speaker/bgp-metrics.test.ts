// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PeerView } from '../../bgp/peer-setup.ts'
import { Metrics } from '../../lib/metrics.ts'
import { registerPeerMetrics } from './bgp-metrics.ts'
import type { PeerReadings } from './peers-readings.ts'
import { BFD, PEERS, READINGS } from './peers-sample.ts'

function scrape(readings: Partial<PeerReadings> = {}): string[] {
  const metrics = new Metrics()
  registerPeerMetrics(metrics, { ...READINGS, ...readings })
  return metrics
    .render()
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
}

const unknown = () => undefined

/** Fails the test where the sample has too few peers. */
const tor: PeerView = PEERS[0] ?? assert.fail()

test('an IPv4 peer, an IPv6 peer in a VRF, and one by an interface', () => {
  assert.deepEqual(
    scrape().filter((line) => line.includes('bgp_session_up{')),
    [
      'metallb_bgp_session_up{peer="10.0.0.1:179"} 1',
      'metallb_bgp_session_up{peer="[fd00::2]:1790",vrf="red"} 0',
      'metallb_bgp_session_up{peer="eth1:179"} 0',
    ],
  )
})

test('all numbers of a session', () => {
  const lines = scrape().filter((line) => line.includes('bgp_') && line.includes('10.0.0.1'))
  assert.deepEqual(
    lines.map((line) => line.replace('metallb_bgp_', '').replace('{peer="10.0.0.1:179"}', '')),
    [
      'announced_prefixes_total 2',
      'failed_attempts 0',
      'flawed_updates_total 2',
      'keepalives_received 41',
      'keepalives_sent 40',
      'malformed_total 1',
      'notifications_received 0',
      'notifications_sent 1',
      'opens_received 1',
      'opens_sent 2',
      'pending_prefixes_total 1',
      'route_refresh_received 1',
      'route_refresh_sent 0',
      'session_down_events 1',
      'session_failures_total 4',
      'session_up 1',
      'session_up_events 2',
      'total_received 44',
      'total_sent 46',
      'updates_total 3',
      'updates_total_received 1',
    ],
  )
})

test('nothing counts as announced while a session is down, whatever is still held of it', () => {
  const down: PeerView = { ...tor, session: { ...tor.session, state: 'OpenSent' } }
  const lines = scrape({ peers: () => [down] })
  assert.ok(lines.includes('metallb_bgp_announced_prefixes_total{peer="10.0.0.1:179"} 0'))
})

test('BFD: the peer is the address alone', () => {
  assert.deepEqual(
    scrape().filter((line) => line.startsWith('metallb_bfd')),
    [
      'metallb_bfd_control_packet_input{peer="10.0.0.1"} 100',
      'metallb_bfd_control_packet_output{peer="10.0.0.1"} 101',
      'metallb_bfd_echo_packet_input{peer="10.0.0.1"} 3',
      'metallb_bfd_echo_packet_output{peer="10.0.0.1"} 4',
      'metallb_bfd_session_down_events{peer="10.0.0.1"} 1',
      'metallb_bfd_session_up_events{peer="10.0.0.1"} 2',
      'metallb_bfd_session_up{peer="10.0.0.1"} 1',
    ].toSorted((a, b) => (a.replace('{', ' ') < b.replace('{', ' ') ? -1 : 1)),
  )
})

test('BFD with a peer by an interface is named by it, and a session that is not up is 0', () => {
  const session = { ...BFD, names: ['uplink'], address: 'fe80::1', link: 'eth1', state: 'Down' as const }
  assert.ok(scrape({ bfd: () => [session] }).includes('metallb_bfd_session_up{peer="eth1"} 0'))
})

test('two sessions with one place are one series: counters added up, up only where both are', () => {
  const twin: PeerView = { ...tor, session: { ...tor.session, state: 'Idle' } }
  const lines = scrape({ peers: () => [tor, twin], bfd: () => [BFD, { ...BFD, state: 'Down' }] })
  const names = lines.map((line) => line.split(' ')[0])
  assert.equal(new Set(names).size, names.length)
  for (const line of [
    'metallb_bgp_session_up{peer="10.0.0.1:179"} 0',
    'metallb_bgp_updates_total{peer="10.0.0.1:179"} 6',
    'metallb_bfd_session_up{peer="10.0.0.1"} 0',
    'metallb_bfd_control_packet_input{peer="10.0.0.1"} 200',
  ]) {
    assert.ok(lines.includes(line), line)
  }
})

const bgpOf = (view: PeerView) => scrape({ peers: () => [view] }).filter((line) => line.includes('bgp_'))

test('a node that never had the sourceAddress has no series of the peer; one that lost it has', () => {
  const withheld = { reason: 'sourceAddressMissing', message: '' } as const
  const session = { ...tor.session, state: 'Idle' as const }
  const never: PeerView = { ...tor, withheld, session: { ...session, counters: { ...session.counters, ups: 0 } } }
  assert.deepEqual(bgpOf(never), [])
  assert.ok(bgpOf({ ...tor, withheld, session }).includes('metallb_bgp_session_up{peer="10.0.0.1:179"} 0'))
  const waits: PeerView = { ...never, withheld: { reason: 'waitsForBfd', message: '' } }
  assert.ok(bgpOf(waits).includes('metallb_bgp_session_up{peer="10.0.0.1:179"} 0'))
})

test('series go with their peer', () => {
  let peers = PEERS
  const metrics = new Metrics()
  registerPeerMetrics(metrics, { ...READINGS, peers: () => peers, bfd: () => [] })
  assert.match(metrics.render(), /10\.0\.0\.1/)
  peers = PEERS.slice(1)
  assert.doesNotMatch(metrics.render(), /10\.0\.0\.1/)
})

test('a peer whose BGPPeer is gone is where it was reached, and else goes by its name', () => {
  assert.deepEqual(
    scrape({ configured: unknown }).filter((line) => line.includes('bgp_session_up{')),
    [
      'metallb_bgp_session_up{peer="10.0.0.1:179"} 1',
      'metallb_bgp_session_up{peer="[fd00::2]:1790"} 0',
      'metallb_bgp_session_up{peer="uplink"} 0',
    ],
  )
})
