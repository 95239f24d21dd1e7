// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../lib/clock.ts'
import { Metrics } from '../../lib/metrics.ts'
import { type DocumentName, jsonPieces } from '../listeners/documents.ts'
import { History } from '../listeners/history.ts'
import { openRunDirectory } from '../listeners/run-directory.ts'
import { speakerDocuments } from './documents.ts'
import { membersDocument } from './members-document.ts'
import { registerSpeakerMetrics } from './metrics.ts'
import type { PeerReadings } from './peers-readings.ts'
import type { SpeakerView } from './speaker.ts'

const ARP_DROPS = { operation: 1, destination: 0, notAnnounced: 0, notOnInterface: 0, malformed: 0, suspended: 2 }

const CONFLICT = {
  ip: '192.0.2.1',
  mac: '02:00:00:00:00:ff',
  interface: 'eth0',
  since: '2026-01-01T00:00:00.000Z',
  lastSeen: '2026-01-01T00:00:09.000Z',
  frames: 4,
}

const VIEW: SpeakerView = {
  node: 'iris1',
  errors: () => 0,
  configuration: { model: null, problems: [] },
  decisions: (protocol) =>
    protocol === 'bgp'
      ? new Map([['default/web', { text: '', ips: ['192.0.2.1'], why: {} }]])
      : new Map([
          ['default/web', { text: '', ips: ['192.0.2.1', '2001:db8::1'], why: {} }],
          ['default/api', { text: '', ips: [], why: { reason: 'notOwner', message: 'node iris2 answers' } }],
        ]),
  leaders: () => [],
  members: () => new Set(['iris2', 'iris1']),
  conflicts: { active: () => [CONFLICT], counts: () => [['192.0.2.1', 4]] },
  counters: () => ({
    addresses: [{ ip: '192.0.2.1', requests: 7, replies: 5, gratuitous: 10 }],
    drops: { arp: ARP_DROPS, ndp: { ...ARP_DROPS, suspended: 0, hopLimit: 3, checksum: 0, option: 0, source: 0 } },
  }),
}

test('metrics: what this node announces and what it answered', () => {
  const metrics = new Metrics()
  registerSpeakerMetrics(metrics, VIEW)
  assert.deepEqual(metrics.render().match(/^metallb_(speaker|layer2_[crg]).*/gm), [
    'metallb_layer2_conflicts_total{ip="192.0.2.1"} 4',
    'metallb_layer2_gratuitous_sent{ip="192.0.2.1"} 10',
    'metallb_layer2_requests_received{ip="192.0.2.1"} 7',
    'metallb_layer2_responses_sent{ip="192.0.2.1"} 5',
    'metallb_speaker_announced{service="default/web",protocol="layer2",node="iris1",ip="192.0.2.1"} 1',
    'metallb_speaker_announced{service="default/web",protocol="layer2",node="iris1",ip="2001:db8::1"} 1',
    'metallb_speaker_announced{service="default/web",protocol="bgp",node="iris1",ip="192.0.2.1"} 1',
  ])
  assert.match(metrics.render(), /^metallb_layer2_dropped_total\{protocol="arp",reason="suspended"\} 2$/m)
  assert.match(metrics.render(), /^metallb_layer2_dropped_total\{protocol="ndp",reason="hopLimit"\} 3$/m)
})

const NO_PEERS: PeerReadings = {
  node: 'iris1',
  peers: () => [],
  configured: () => undefined,
  sent: () => [],
  held: () => [],
  bfd: () => [],
}

const history = new History({
  program: 'speaker',
  directory: openRunDirectory('/proc/metallb'),
  clock: systemClock,
})
const documents = speakerDocuments({
  view: VIEW,
  history,
  members: () => membersDocument(VIEW, null),
  peers: NO_PEERS,
})
const DOCUMENTS: [DocumentName, object][] = [
  [
    'plan',
    {
      node: 'iris1',
      services: [
        { service: 'default/web', protocol: 'layer2', announce: true, ips: ['192.0.2.1', '2001:db8::1'] },
        {
          service: 'default/api',
          protocol: 'layer2',
          announce: false,
          reason: 'notOwner',
          message: 'node iris2 answers',
        },
        { service: 'default/web', protocol: 'bgp', announce: true, ips: ['192.0.2.1'] },
      ],
    },
  ],
  [
    'members',
    {
      ring: false,
      settings: null,
      members: ['iris1', 'iris2'].map((name) => ({
        name,
        address: '',
        port: 0,
        state: '-',
        incarnation: 0,
        speaker: '',
        watch: '',
      })),
      leaders: [],
    },
  ],
  ['peers', { node: 'iris1', peers: [], bfd: [], routes: [], held: [] }],
]
for (const [name, expected] of DOCUMENTS) {
  test(`documents: ${name}`, () => {
    assert.deepEqual(JSON.parse([...jsonPieces(documents[name]())].join('')), expected)
  })
}

test('documents: state', () => {
  const { version, ...state } = JSON.parse([...jsonPieces(documents.state())].join(''))
  assert.match(version, /^\d/)
  assert.deepEqual(state, {
    program: 'speaker',
    node: 'iris1',
    configured: false,
    problems: [],
    addresses: [{ ip: '192.0.2.1', requests: 7, replies: 5, gratuitous: 10 }],
    conflicts: [CONFLICT],
  })
})
