// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatCidr } from '../lib/prefix.ts'
import { INITIAL_DIALECT } from './codec/message.ts'
import { Rib } from './rib.ts'
import type { PeerRoute } from './rib-offers.ts'
import { bringUpToDate, EGRESS, ip, routeTo, SamplePeer } from './rib-sample.ts'
import type { Route } from './route.ts'

const A = '198.51.100.1/32'
const B = '198.51.100.2/32'
const NET = '198.51.100.0/24'
const SIX = '2001:db8:1::1/128'

/** The same routes for each of the peers. */
function to(peers: readonly string[], ...routes: readonly Route[]): PeerRoute[] {
  return peers.flatMap((peer) => routes.map((route) => ({ peer, route: structuredClone(route) })))
}

type Step = (rib: Rib, peer: SamplePeer) => void
const set =
  (service: string, ...routes: readonly Route[]): Step =>
  (rib) =>
    rib.set(service, to(['p'], ...routes))
const tell: Step = (rib, peer) => void bringUpToDate(rib, 'p', peer)

const STORIES: [string, readonly Step[], readonly string[]][] = [
  ['a route is announced', [set('s', routeTo(A)), tell], [`+${A}`]],
  ['the same again is not', [set('s', routeTo(A)), tell, set('s', routeTo(A)), tell], [`+${A}`]],
  [
    'another attribute is announced, without a withdrawal',
    [set('s', routeTo(A)), tell, set('s', routeTo(A, { med: 1 })), tell],
    [`+${A}`, `+${A}`],
  ],
  [
    'a preference that external peers are not told changes nothing',
    [set('s', routeTo(A)), tell, set('s', routeTo(A, { localPref: 7 })), tell],
    [`+${A}`],
  ],
  ['what goes is withdrawn', [set('s', routeTo(A)), tell, set('s'), tell], [`+${A}`, `-${A}`]],
  ['what goes before it was told was never there', [set('s', routeTo(A)), set('s'), tell], []],
  [
    'there and back is nothing',
    [set('s', routeTo(A)), tell, set('s'), set('s', routeTo(A, { med: 1 })), set('s', routeTo(A)), tell],
    [`+${A}`],
  ],
  ['gone and back, by another Service', [set('s', routeTo(A)), tell, set('s'), set('t', routeTo(A)), tell], [`+${A}`]],
  [
    'a prefix stays until its last Service goes',
    [set('s', routeTo(A)), set('t', routeTo(A)), tell, set('s'), tell, set('t'), tell],
    [`+${A}`, `-${A}`],
  ],
  [
    'a second Service that says more',
    [set('s', routeTo(A)), tell, set('t', routeTo(A, { communities: [1] })), tell, set('t'), tell],
    [`+${A}`, `+${A}`, `+${A}`],
  ],
  [
    'an aggregate is there before its parts go',
    [set('s', routeTo(A), routeTo(B)), tell, set('s', routeTo(NET)), tell],
    [`+${A}`, `+${B}`, `+${NET}`, `-${A}`, `-${B}`],
  ],
  [
    'a new session hears everything again',
    [set('s', routeTo(A)), tell, (rib) => rib.establish('p', EGRESS), tell],
    [`+${A}`, `+${A}`],
  ],
  [
    'a new session does not hear of what went meanwhile',
    [set('s', routeTo(A)), tell, (rib) => rib.close('p'), set('s'), (rib) => rib.establish('p', EGRESS), tell],
    [`+${A}`],
  ],
  [
    'a family is told again when the peer asks',
    [set('s', routeTo(A), routeTo(SIX)), tell, (rib) => rib.refresh('p', 'ipv6'), tell, tell],
    [`+${A}`, `+${SIX}`, `+${SIX}`],
  ],
  [
    'what went since the peer asked is withdrawn',
    [set('s', routeTo(A), routeTo(B)), tell, (rib) => rib.refresh('p', 'ipv4'), set('s', routeTo(B)), tell],
    [`+${A}`, `+${B}`, `+${B}`, `-${A}`],
  ],
  [
    'End-of-RIB waits for the plan, and comes once',
    [set('s', routeTo(A)), tell, (rib) => rib.setPlanned(), tell, set('s'), tell],
    [`+${A}`, 'end ipv4', 'end ipv6', `-${A}`],
  ],
  [
    'End-of-RIB comes after the routes, to each session',
    [(rib) => rib.setPlanned(), set('s', routeTo(A)), tell, (rib) => rib.establish('p', EGRESS), tell],
    [`+${A}`, 'end ipv4', 'end ipv6', `+${A}`, 'end ipv4', 'end ipv6'],
  ],
  ['End-of-RIB is said although there is nothing', [(rib) => rib.setPlanned(), tell], ['end ipv4', 'end ipv6']],
  [
    'a drain tells everything once more, and so does its end',
    [
      set('s', routeTo(A)),
      tell,
      (rib) => rib.change('p', { draining: true }),
      tell,
      (rib) => rib.change('p', { draining: false }),
      tell,
    ],
    [`+${A}`, `+${A}`, `+${A}`],
  ],
  [
    'another own address concerns its family only',
    [
      set('s', routeTo(A), routeTo(SIX)),
      tell,
      (rib) => rib.change('p', { own: { ...EGRESS.own, ipv6: ip('2001:db8::2') } }),
      tell,
    ],
    [`+${A}`, `+${SIX}`, `+${SIX}`],
  ],
  [
    'a lost own address withdraws its family',
    [set('s', routeTo(A), routeTo(SIX)), tell, (rib) => rib.change('p', { own: { ...EGRESS.own, ipv6: null } }), tell],
    [`+${A}`, `+${SIX}`, `-${SIX}`],
  ],
]
for (const [name, steps, log] of STORIES) {
  test(`rib: ${name}`, () => {
    const rib = new Rib()
    const peer = new SamplePeer()
    rib.establish('p', EGRESS)
    tell(rib, peer)
    for (const step of steps) step(rib, peer)
    assert.deepEqual(peer.log, log)
  })
}

test('rib: several Services on a prefix are one route', () => {
  const rib = new Rib()
  const peer = new SamplePeer()
  rib.establish('p', EGRESS)
  rib.set('s', to(['p'], routeTo(A, { communities: [2], med: 5 })))
  rib.set('t', to(['p'], routeTo(A, { communities: [1], med: 3, prepend: [64_501] })))
  bringUpToDate(rib, 'p', peer)
  assert.deepEqual(peer.table.get(A)?.attributes, {
    origin: 'igp',
    asPath: [{ type: 'sequence', asns: [64_500, 64_501] }],
    med: 3,
    communities: [1, 2],
  })
})

test('rib: each peer is told its own routes', () => {
  const rib = new Rib()
  const [p, q] = [new SamplePeer(), new SamplePeer()]
  rib.establish('p', EGRESS)
  rib.establish('q', EGRESS)
  rib.set('s', [...to(['p', 'q'], routeTo(A)), ...to(['q'], routeTo(B))])
  bringUpToDate(rib, 'p', p)
  bringUpToDate(rib, 'q', q)
  assert.deepEqual([p.log, q.log], [[`+${A}`], [`+${A}`, `+${B}`]])
  rib.set('s', to(['p'], routeTo(A)))
  assert.deepEqual([bringUpToDate(rib, 'p', p), bringUpToDate(rib, 'q', q)], [0, 0])
  assert.deepEqual([p.log.length, q.log.slice(2)], [1, [`-${A}`, `-${B}`]])
})

test('rib: it does not matter in which order peers and routes are named', () => {
  const [a, b, six] = [routeTo(A), routeTo(B, { med: 7 }), routeTo(SIX)]
  const orders = [
    [...to(['p'], a, b, six), ...to(['q'], a, b, six), ...to(['r'], a, b, six)],
    [...to(['p', 'r'], a), ...to(['q'], six, a, b), ...to(['r'], six, b), ...to(['p'], b, six)],
    [...to(['r'], b, a, a, six), ...to(['q', 'p'], a), ...to(['p', 'q'], six, b)],
  ]
  const tables = orders.map((routes) => {
    const rib = new Rib()
    return ['p', 'q', 'r'].map((name) => {
      const peer = new SamplePeer()
      rib.establish(name, EGRESS)
      rib.set('s', routes)
      bringUpToDate(rib, name, peer)
      return new Map([...peer.table].toSorted(([one], [other]) => (one < other ? -1 : 1)))
    })
  })
  assert.deepEqual([...(tables[0]?.[2]?.keys() ?? [])].toSorted(), [A, B, SIX].toSorted())
  assert.deepEqual(tables[1], tables[0])
  assert.deepEqual(tables[2], tables[0])
})

test('rib: what is held back, and why', () => {
  const rib = new Rib()
  const large = Array.from({ length: 400 }, (_, at) => `1:1:${at}`)
  rib.set('s', to(['p'], routeTo(A), routeTo(SIX), routeTo(B, { largeCommunities: large })))
  const held = () => [...rib.held('p')].map(({ prefix, why }) => `${formatCidr(prefix)} ${why}`)
  assert.deepEqual(held(), [`${A} notEstablished`, `${SIX} notEstablished`, `${B} notEstablished`])
  rib.establish('p', { ...EGRESS, dialect: INITIAL_DIALECT })
  const peer = new SamplePeer(INITIAL_DIALECT)
  bringUpToDate(rib, 'p', peer)
  assert.deepEqual(held(), [`${SIX} familyNotNegotiated`, `${B} attributesTooLong`])
  assert.deepEqual(peer.log, [`+${A}`])
  assert.deepEqual([...rib.held('stranger')], [])
  rib.refresh('p', 'ipv6')
  assert.equal(rib.isPending('p'), false)
})

test('rib: what was sent, with its attributes', () => {
  const rib = new Rib()
  rib.establish('p', EGRESS)
  rib.set('s', to(['p'], routeTo(A, { med: 9 })))
  assert.deepEqual([...rib.sent('p')], [])
  bringUpToDate(rib, 'p', new SamplePeer())
  const [sent, ...others] = [...rib.sent('p')]
  assert.equal(sent && formatCidr(sent.prefix), A)
  assert.equal(sent?.outgoing.attributes.med, 9)
  assert.deepEqual(sent?.outgoing.nextHops, [EGRESS.own.ipv4])
  assert.deepEqual(others, [])
  assert.deepEqual(rib.counts('p'), { sent: 1, pending: 0, attributeSets: 1 })
  rib.set('s', [])
  assert.deepEqual(rib.counts('p'), { sent: 1, pending: 1, attributeSets: 1 })
  assert.deepEqual(rib.counts('q'), { sent: 0, pending: 0, attributeSets: 0 })
})

test('rib: a session that ends in the middle of its UPDATEs ends them, and the next one hears all', () => {
  const rib = new Rib({ slicePrefixes: 1 })
  rib.establish('p', EGRESS)
  rib.set('s', to(['p'], routeTo(A), routeTo(B)))
  const looking = rib.updates('p')
  assert.deepEqual(looking.next(), { done: false, value: null })
  rib.establish('p', EGRESS)
  const peer = new SamplePeer()
  bringUpToDate(rib, 'p', peer)
  assert.deepEqual([...looking], [])
  assert.deepEqual(peer.log, [`+${A}`, `+${B}`])

  rib.set('s', to(['p'], routeTo(A, { med: 1 }), routeTo(B, { med: 2 })))
  const sending = rib.updates('p')
  while (sending.next().value === null);
  rib.close('p')
  assert.deepEqual([...sending], [])
  assert.deepEqual([...rib.updates('p')], [])
})

test('rib: what comes back while its withdrawal is on the way is there in the end', () => {
  const rib = new Rib({ slicePrefixes: 1 })
  const peer = new SamplePeer()
  rib.establish('p', EGRESS)
  rib.set('s', to(['p'], routeTo(A)))
  rib.set('t', to(['p'], routeTo(B)))
  bringUpToDate(rib, 'p', peer)
  rib.set('s', [])
  rib.change('p', { draining: true }) // or a refresh: all prefixes are looked at, those that are new meanwhile as well
  const round = rib.updates('p')
  assert.deepEqual(round.next(), { done: false, value: null })
  rib.set('s', to(['p'], routeTo(A)))
  for (const bytes of round) if (bytes !== null) peer.apply(bytes)
  bringUpToDate(rib, 'p', peer)
  assert.deepEqual([...peer.table.keys()].toSorted(), [A, B])
  rib.set('s', [])
  bringUpToDate(rib, 'p', peer)
  assert.equal(rib.counts('p').sent, 1)
  rib.change('p', { draining: false })
  assert.equal(rib.counts('p').pending, 1, 'forgotten once nobody looks')
})

test('rib: two rounds for one session would mix', () => {
  const rib = new Rib({ slicePrefixes: 1 })
  rib.establish('p', EGRESS)
  rib.set('s', to(['p'], routeTo(A)))
  rib.updates('p').next()
  assert.throws(() => rib.updates('p').next(), assert.AssertionError)
})

const prefix = (at: number) => `10.0.${at >> 8}.${at & 255}/32`
const FOUR = ['p', 'q', 'r', 's']
test('rib: of 2,000 Services one that changes is one prefix to look at, and attributes are kept once', () => {
  const rib = new Rib({ slicePrefixes: 1 })
  const peers = new Map(FOUR.map((name) => [name, new SamplePeer()]))
  for (const name of FOUR) rib.establish(name, EGRESS)
  for (let at = 0; at < 2000; at++) rib.set(`s${at}`, to(FOUR, routeTo(prefix(at), { communities: [1] })))
  for (const [name, peer] of peers) {
    assert.equal(bringUpToDate(rib, name, peer), 2000)
    assert.equal(new Set([...rib.sent(name)].map(({ outgoing }) => outgoing)).size, 1)
  }
  rib.set('s77', to(FOUR, routeTo(prefix(77), { communities: [2] })))
  for (const [name, peer] of peers) {
    assert.equal(bringUpToDate(rib, name, peer), 1)
    assert.equal(peer.log.length, 2001)
  }
})

test('rib: prefixes that nobody offers and nobody was told are forgotten', () => {
  const rib = new Rib()
  rib.set('s', to(['p'], routeTo(A), routeTo(B)))
  rib.establish('p', EGRESS)
  assert.equal(rib.counts('p').pending, 2)
  bringUpToDate(rib, 'p', new SamplePeer())
  rib.set('s', [])
  rib.establish('q', EGRESS)
  assert.equal(rib.counts('q').pending, 2)
  rib.close('p')
  assert.equal(rib.counts('q').pending, 0)

  rib.set('s', to(['p'], routeTo(A)))
  rib.set('s', [])
  assert.equal(rib.counts('q').pending, 0)

  rib.establish('p', EGRESS)
  const peer = new SamplePeer()
  rib.set('s', to(['p'], routeTo(A)))
  bringUpToDate(rib, 'p', peer)
  rib.set('s', [])
  bringUpToDate(rib, 'p', peer)
  assert.equal(rib.counts('q').pending, 0)

  rib.set('s', to(['p'], routeTo(A)))
  bringUpToDate(rib, 'p', peer)
  rib.set('s', [])
  rib.establish('p', EGRESS)
  assert.equal(rib.counts('q').pending, 0)
})
