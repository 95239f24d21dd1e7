// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Endpoint } from '../model/endpoint.ts'
import type { Service } from '../model/service.ts'
import { bgpAd, l2Ad, labelled, node, peer, ready, type Sketch, service, world } from './sample-world.ts'
import { whyUnannounced } from './unannounced.ts'

const NODES = [node('a'), node('b')]
const ON_A: readonly Endpoint[] = [ready('a')]
const NAMES = ['a', 'b']

const ROWS: [string, Sketch, Partial<Service>, readonly Endpoint[], RegExp][] = [
  ['no pool holds it', {}, { ingress: [{ ip: '192.0.2.1' }] }, ON_A, /^ipNotAllowed: no single IPAddressPool/],
  ['no advertisement', { nodes: NODES }, {}, ON_A, /^noMatchingAdvertisement: no L2Advertisement or BGPAdvertisement/],
  ['no nodes', { l2: [l2Ad(NAMES)] }, {}, ON_A, /^noMatchingAdvertisement: there are no Nodes/],
  [
    'an advertisement for other Services',
    { nodes: NODES, l2: [l2Ad(NAMES, { serviceSelectors: [labelled('app', 'x')] })] },
    {},
    ON_A,
    /^noMatchingAdvertisement: no L2Advertisement or BGPAdvertisement/,
  ],
  ['layer 2, no endpoint', { nodes: NODES, l2: [l2Ad(NAMES)] }, {}, [], /^notOwner: .* no endpoint that can serve/],
  [
    'layer 2, no node that may',
    { nodes: [node('a', { excluded: true })], l2: [l2Ad(['a'])] },
    {},
    ON_A,
    /^notOwner: no node can answer for 10\.0\.0\.1: a carries the label/,
  ],
  [
    'layer 2, a node that should',
    { nodes: NODES, l2: [l2Ad(['b'])] },
    {},
    ON_A,
    /^speakerSilent: b should answer for 10\.0\.0\.1, but its speaker does not say so/,
  ],
  [
    'BGP, nodes that should',
    { nodes: NODES, bgp: [bgpAd(NAMES)], peers: [peer('tor', NAMES)] },
    {},
    ON_A,
    /^speakerSilent: a and b should send routes for 10\.0\.0\.1, but the speaker of none of them says so/,
  ],
  ['BGP, no peer', { nodes: NODES, bgp: [bgpAd(NAMES)] }, {}, ON_A, /^noPeer: /],
  ['BGP, no endpoint', { nodes: NODES, bgp: [bgpAd(NAMES)], peers: [peer('tor', NAMES)] }, {}, [], /^noEndpoints: /],
  [
    'both, layer 2 forbidden by sharing',
    { nodes: NODES, l2: [l2Ad(NAMES, { serviceSelectors: [labelled('app', 'x')] })], bgp: [bgpAd(NAMES)] },
    { labels: { app: 'x' }, annotations: { 'metallb.io/allow-shared-ip': '' } },
    ON_A,
    /^sharedIPWithServiceSelector: /,
  ],
]
for (const [name, sketch, fields, endpoints, expected] of ROWS) {
  test(`nobody announces: ${name}`, () => {
    const { reason, message } = whyUnannounced(service(fields), endpoints, world(sketch))
    assert.match(`${reason}: ${message}`, expected)
  })
}

test('of a hundred silent nodes the first are named', () => {
  const names = Array.from({ length: 100 }, (_, index) => `n${String(index).padStart(3, '0')}`)
  const sketch = { nodes: names.map((name) => node(name)), bgp: [bgpAd(names)], peers: [peer('tor', names)] }
  const { message } = whyUnannounced(service(), ON_A, world(sketch))
  assert.match(message, /^n000, n001, n002 and 97 more should send routes/)
})
