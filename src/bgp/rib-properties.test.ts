// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { formatCidr } from '../lib/prefix.ts'
import { attributesFor, type Egress } from './attributes.ts'
import type { AddressFamily } from './codec/message.ts'
import { Rib } from './rib.ts'
import type { PeerRoute } from './rib-offers.ts'
import { cidr, EGRESS, SamplePeer, type Told } from './rib-sample.ts'
import { type Route, uniteRoutes } from './route.ts'

const PEERS = ['p', 'q']
const PREFIXES = ['192.0.2.1/32', '192.0.2.0/24', '2001:db8::1/128', '2001:db8::/64'].map(cidr)

/** What is known without the RIB: all that was asked for, and each session with what its peer was told on it. */
type World = {
  readonly rib: Rib
  readonly services: Map<string, readonly PeerRoute[]>
  readonly sessions: Map<string, Session>
  planned: boolean
}
type Session = { egress: Egress; readonly peer: SamplePeer; running: Generator<Uint8Array | null, void> | null }
type Command = (world: World) => void

const aPeer = fc.constantFrom(...PEERS)
const small = fc.integer({ min: 0, max: 1 })
const aRoute: fc.Arbitrary<Route> = fc.record({
  prefix: fc.constantFrom(...PREFIXES),
  localPref: fc.option(small),
  communities: fc.constantFrom([], [1], [2], [1, 2]),
  largeCommunities: fc.constantFrom([], ['1:2:3']),
  med: fc.option(small),
  prepend: fc.constantFrom([], [64_501]),
})
const anEgress: fc.Arbitrary<Egress> = fc.record({
  asn: fc.constant(64_500),
  transport: fc.constantFrom('ipv4', 'ipv6'),
  own: fc.constantFrom(EGRESS.own, { ...EGRESS.own, ipv6: null }),
  dialect: fc.record({
    fourOctetAs: fc.boolean(),
    families: fc
      .constantFrom<readonly AddressFamily[]>(['ipv4'], ['ipv6'], ['ipv4', 'ipv6'])
      .map((families) => new Set(families)),
    extendedNextHop: fc.constantFrom<readonly AddressFamily[]>([], ['ipv4']).map((families) => new Set(families)),
    maxBytes: fc.constantFrom(4096, 65_535),
    internal: fc.boolean(),
  }),
  draining: fc.boolean(),
})

const set = fc
  .tuple(fc.constantFrom('a', 'b', 'c'), fc.array(fc.record({ peer: aPeer, route: aRoute }), { maxLength: 6 }))
  .map(
    ([service, routes]): Command =>
      (world) => {
        world.rib.set(service, routes)
        world.services.set(service, routes)
      },
  )
const establish = fc.tuple(aPeer, anEgress).map(
  ([name, egress]): Command =>
    (world) => {
      world.rib.establish(name, egress)
      world.sessions.set(name, { egress, peer: new SamplePeer(egress.dialect), running: null })
    },
)
const close = aPeer.map(
  (name): Command =>
    (world) => {
      world.rib.close(name)
      world.sessions.delete(name)
    },
)
const refresh = fc.tuple(aPeer, fc.constantFrom('ipv4', 'ipv6')).map(
  ([name, family]): Command =>
    (world) => {
      world.rib.refresh(name, family)
      world.sessions.get(name)?.peer.expectAgain(family)
    },
)
const drain = fc.tuple(aPeer, fc.boolean()).map(
  ([name, draining]): Command =>
    (world) => {
      world.rib.change(name, { draining })
      const session = world.sessions.get(name)
      if (session) session.egress = { ...session.egress, draining }
    },
)
/** Some of what the peer is to be told reaches it; other things may happen before the rest does. */
const tell = fc.tuple(aPeer, fc.integer({ min: 1, max: 6 })).map(
  ([name, steps]): Command =>
    (world) => {
      const session = world.sessions.get(name)
      if (!session) return
      for (let step = 0; step < steps; step++) advance(world.rib, name, session)
    },
)
const plan = fc.constant<Command>((world) => {
  world.rib.setPlanned()
  world.planned = true
})

/** One message or pause; false when the peer is up to date. */
function advance(rib: Rib, name: string, session: Session): boolean {
  if (!session.running && !rib.isPending(name)) return false
  session.running ??= rib.updates(name)
  const { done, value } = session.running.next()
  if (done === true) session.running = null
  else if (value !== null) session.peer.apply(value)
  return true
}

function expectedTable({ services }: World, name: string, egress: Egress): Map<string, Told> {
  const united = new Map<string, Route>()
  for (const { peer, route } of [...services.values()].flat()) {
    if (peer !== name) continue
    const text = formatCidr(route.prefix)
    const other = united.get(text)
    united.set(text, other ? uniteRoutes(other, route) : route)
  }
  const table = new Map<string, Told>()
  for (const [text, route] of united) {
    const outgoing = attributesFor(route, route.prefix.family, egress)
    if (typeof outgoing === 'string') continue
    table.set(text, { attributes: outgoing.attributes, nextHops: outgoing.nextHops })
  }
  return table
}

const commands = fc.oneof(
  { weight: 6, arbitrary: set },
  { weight: 6, arbitrary: tell },
  { weight: 2, arbitrary: establish },
  { weight: 1, arbitrary: close },
  { weight: 1, arbitrary: refresh },
  { weight: 1, arbitrary: drain },
  { weight: 1, arbitrary: plan },
)

test('property: whatever happens, every peer ends with what all Services together say, and hears nothing twice', () => {
  fc.assert(
    fc.property(fc.array(commands, { maxLength: 40 }), (history) => {
      const world: World = {
        rib: new Rib({ slicePrefixes: 1 }),
        services: new Map(),
        sessions: new Map(),
        planned: false,
      }
      for (const name of PEERS) establishFirst(world, name)
      for (const command of history) command(world)
      for (const [name, session] of world.sessions) {
        while (advance(world.rib, name, session));
        checkPeer(world, name, session)
      }
    }),
    { numRuns: 600 },
  )
})

function establishFirst({ rib, sessions }: World, name: string): void {
  rib.establish(name, EGRESS)
  sessions.set(name, { egress: EGRESS, peer: new SamplePeer(), running: null })
}

function sorted(table: ReadonlyMap<string, Told>): [string, Told][] {
  return [...table].toSorted(([a], [b]) => (a < b ? -1 : 1))
}

function checkPeer(world: World, name: string, { peer, egress }: Session): void {
  const expected = expectedTable(world, name, egress)
  assert.deepEqual(sorted(peer.table), sorted(expected))
  assert.deepEqual(peer.needless, [])
  assert.deepEqual([...peer.unheard], [])
  const ends = peer.log.filter((line) => line.startsWith('end'))
  const families = world.planned ? [...egress.dialect.families] : []
  assert.deepEqual(ends.toSorted(), families.map((family) => `end ${family}`).toSorted())
  const attributeSets = new Set([...world.rib.sent(name)].map(({ outgoing }) => outgoing)).size
  assert.deepEqual(world.rib.counts(name), { sent: expected.size, pending: 0, attributeSets })
  assert.equal([...world.rib.held(name)].length, wantedBy(world, name) - expected.size)
}

function wantedBy({ services }: World, name: string): number {
  const routes = [...services.values()].flat().filter(({ peer }) => peer === name)
  return new Set(routes.map(({ route }) => formatCidr(route.prefix))).size
}
