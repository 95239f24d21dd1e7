// SPDX-License-Identifier: Apache-2.0
/** What must hold in every world, checked in worlds made at random. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { uniteRoutes } from '../bgp/route.ts'
import { formatCidr } from '../lib/prefix.ts'
import type { BgpAdvertisement, L2Advertisement } from '../model/advertisement.ts'
import type { Endpoint } from '../model/endpoint.ts'
import type { Peer } from '../model/peer.ts'
import type { Service } from '../model/service.ts'
import { alikeNodes } from './alike.ts'
import { planBgp } from './bgp.ts'
import { electL2, planL2, surveyL2 } from './l2.ts'
import { bgpAd, community, l2Ad, labelled, node, peer, service, world } from './sample-world.ts'
import type { World } from './world.ts'

const NODES = ['n1', 'n2', 'n3', 'n4', 'n5']
const PEERS = ['p1', 'p2', 'p3']
const INTERFACES = ['eth0', 'eth1']
const rarely = fc.integer({ min: 0, max: 7 }).map((die) => die === 0)
const someNodes = fc.subarray(NODES)
const selectors = fc.constantFrom([], [], [labelled('app', 'web')])

const l2Ads: fc.Arbitrary<L2Advertisement> = fc
  .record({
    nodes: someNodes,
    interfaces: fc.subarray(INTERFACES),
    serviceSelectors: selectors,
    weights: fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 5, maxLength: 5 }),
  })
  .map(({ nodes, weights, ...rest }) => {
    return l2Ad(nodes, { ...rest, scores: new Map(nodes.map((name, at) => [name, weights[at] ?? 0])) })
  })

const bgpAds: fc.Arbitrary<BgpAdvertisement> = fc
  .record({
    nodes: someNodes,
    peers: fc.subarray(PEERS),
    serviceSelectors: selectors,
    aggregationLength: fc.constantFrom(24, 32),
    localPref: fc.constantFrom(null, null, null, 200),
    communities: fc.subarray(['1:1', '1:2', '65000:3', 'large:1:2:3', 'large:10:2:3']),
    med: fc.option(fc.nat(2)),
    asPrepend: fc.option(fc.record({ count: fc.integer({ min: 1, max: 3 }), asn: fc.option(fc.constantFrom(7, 8)) })),
  })
  .map(({ nodes, peers, communities, ...rest }) => {
    return bgpAd(nodes, { ...rest, peers: new Set(peers), communities: communities.map(community) })
  })

const peersOf = (name: string): fc.Arbitrary<Peer> =>
  fc
    .record({ nodes: someNodes, dualStackAddressFamily: fc.boolean(), remoteAs: fc.constantFrom(64_500, 64_501) })
    .map(({ nodes, ...rest }) => peer(name, nodes, rest))

const worlds: fc.Arbitrary<World> = fc
  .record({
    nodes: fc.tuple(
      ...NODES.map((name) =>
        fc.record({ networkUnavailable: rarely, excluded: rarely }).map((state) => node(name, state)),
      ),
    ),
    l2: fc.array(l2Ads, { maxLength: 3 }),
    bgp: fc.array(bgpAds, { maxLength: 3 }),
    peers: fc.tuple(...PEERS.map(peersOf)),
    speakers: someNodes,
    interfaces: fc.array(fc.tuple(fc.constantFrom(...NODES), fc.subarray(INTERFACES)), { maxLength: 3 }),
    ignoreExcludeLabel: fc.boolean(),
  })
  .map(({ speakers, interfaces, ignoreExcludeLabel, ...sketch }) =>
    world(sketch, {
      speakers: new Set(speakers),
      interfaces: new Map(interfaces.map(([name, names]) => [name, new Set(names)])),
      ignoreExcludeLabel,
    }),
  )

const services: fc.Arbitrary<Service> = fc
  .record({
    ips: fc.subarray(['10.0.0.1', '10.0.0.2', '10.1.0.1', '2001:db8::1'], { minLength: 1 }),
    labels: fc.constantFrom({}, { app: 'web' }),
    annotations: fc.constantFrom({}, {}, { 'metallb.io/allow-shared-ip': 'key' }),
    externalTrafficPolicy: fc.constantFrom('Cluster' as const, 'Local' as const),
  })
  .map(service)

const endpointLists: fc.Arbitrary<Endpoint[]> = fc.array(
  fc.record({ nodeName: fc.option(fc.constantFrom(...NODES)), canServe: fc.boolean(), addresses: fc.nat(1) }),
  { maxLength: 5 },
)

const everything = (asked: Service, endpoints: readonly Endpoint[], given: World) =>
  NODES.map((name) => {
    const site = { world: given, node: name }
    return { l2: planL2(asked, endpoints, site), bgp: planBgp(asked, endpoints, site) }
  })

const announcersOf = (asked: Service, endpoints: readonly Endpoint[], given: World) =>
  NODES.filter((name) => given.speakers.has(name) && planL2(asked, endpoints, { world: given, node: name }).announce)

const living = (given: World, ...names: string[]): World => ({ ...given, speakers: new Set(names) })

const set = (names: ReadonlySet<string>) => new Set([...names].toReversed())
const map = <T>(entries: ReadonlyMap<string, T>) => new Map([...entries].toReversed())

/** The same world, with everything that has no order put in the other way round. */
function turned(given: World): World {
  const { model } = given
  const l2 = map(model.l2ByPool)
  for (const [name, ads] of l2)
    l2.set(
      name,
      ads.map((ad) => ({ ...ad, nodes: set(ad.nodes), scores: map(ad.scores) })),
    )
  const bgp = map(model.bgpByPool)
  for (const [name, ads] of bgp)
    bgp.set(
      name,
      ads.map((ad) => ({ ...ad, nodes: set(ad.nodes), peers: set(ad.peers) })),
    )
  const peers = model.peers.map((each) => ({ ...each, nodes: set(each.nodes) }))
  return {
    model: { ...model, l2ByPool: l2, bgpByPool: bgp, peers, nodes: map(model.nodes) },
    speakers: set(given.speakers),
    interfaces: map(given.interfaces),
    ignoreExcludeLabel: given.ignoreExcludeLabel,
  }
}

test('a plan is a function of its inputs: neither the order of sets, maps and endpoints nor former plans matter', () => {
  fc.assert(
    fc.property(services, endpointLists, worlds, (asked, endpoints, given) => {
      const before = everything(asked, endpoints, given)
      assert.deepEqual(everything(asked, endpoints.toReversed(), turned(given)), before)
      assert.deepEqual(everything(asked, endpoints, given), before)
    }),
  )
})

test('for every set of live nodes exactly one eligible node answers, or none if none is eligible', () => {
  fc.assert(
    fc.property(services, endpointLists, worlds, (asked, endpoints, given) => {
      const eligible = [...given.speakers].filter(
        (name) => announcersOf(asked, endpoints, living(given, name)).length > 0,
      )
      const announcers = announcersOf(asked, endpoints, given)
      assert.equal(announcers.length, eligible.length === 0 ? 0 : 1)
      const election = electL2(asked, endpoints, given)
      assert.equal(election.owner, announcers[0] ?? null)
      assert.deepEqual(election.order.toSorted(), eligible.toSorted())
    }),
    { numRuns: 300 },
  )
})

test('a survey of Layer 2 says of every node what the plan of that node says', () => {
  fc.assert(
    fc.property(services, endpointLists, worlds, (asked, endpoints, given) => {
      const { announcer, reasonOf } = surveyL2(asked, endpoints, given)
      for (const name of given.speakers) {
        const plan = planL2(asked, endpoints, { world: given, node: name })
        if (plan.announce) assert.deepEqual(announcer, { node: name, claims: plan.claims })
        else assert.deepEqual([announcer?.node === name, reasonOf(name)], [false, plan.reason])
      }
    }),
    { numRuns: 300 },
  )
})

test('nodes that are alike have one BGP plan, but for endpoints on them', () => {
  fc.assert(
    fc.property(services, endpointLists, worlds, (asked, endpoints, given) => {
      const said = (name: string) => {
        const plan = planBgp(asked, endpoints, { world: given, node: name })
        const place = endpoints.some(({ nodeName }) => nodeName === name) ? name : ''
        return { place, plan: plan.announce ? plan.routes : plan.reason }
      }
      const groups = alikeNodes(given)
      assert.deepEqual(groups.flat().toSorted(), [...given.speakers].toSorted())
      for (const group of groups) {
        const elsewhere = group.map(said).filter(({ place }) => place === '')
        for (const other of elsewhere) assert.deepEqual(other, elsewhere[0])
      }
    }),
    { numRuns: 300 },
  )
})

test('a node that did not win leaves without effect; when the winner leaves, the next in order takes over', () => {
  fc.assert(
    fc.property(services, endpointLists, worlds, (asked, endpoints, given) => {
      const { owner, order } = electL2(asked, endpoints, given)
      for (const leaver of given.speakers) {
        const rest = living(given, ...[...given.speakers].filter((name) => name !== leaver))
        const successor = leaver === owner ? (order[1] ?? null) : owner
        assert.equal(electL2(asked, endpoints, rest).owner, successor)
      }
    }),
  )
})

test('Services that share an address are answered by the same node when the same nodes may answer for them', () => {
  fc.assert(
    fc.property(services, services, endpointLists, endpointLists, worlds, (one, two, its, others, given) => {
      const shared = { ...two, ingress: one.ingress, labels: one.labels }
      const a = electL2(one, its, given)
      const b = electL2(shared, others, given)
      fc.pre(a.order.toSorted().join() === b.order.toSorted().join())
      assert.equal(a.owner, b.owner)
    }),
  )
})

test('a plan has at most one route for a peer and a prefix, and only for peers of this node', () => {
  fc.assert(
    fc.property(services, endpointLists, worlds, (asked, endpoints, given) => {
      for (const name of NODES) {
        const plan = planBgp(asked, endpoints, { world: given, node: name })
        if (!plan.announce) continue
        const keys = plan.routes.map(({ peer: to, route: { prefix } }) => `${to} ${prefix.first}/${prefix.prefixBits}`)
        assert.equal(new Set(keys).size, keys.length)
        const here = new Set(given.model.peers.filter(({ nodes }) => nodes.has(name)).map((each) => each.name))
        assert.ok(plan.routes.every(({ peer: to }) => here.has(to)))
      }
    }),
  )
})

test('several advertisements say together what uniting the routes of each alone says', () => {
  fc.assert(
    fc.property(services, endpointLists, worlds, (asked, endpoints, given) => {
      const routesBy = (ads: readonly BgpAdvertisement[]) => {
        const model = { ...given.model, bgpByPool: new Map([['a', ads]]) }
        const plan = planBgp(asked, endpoints, { world: { ...given, model }, node: 'n1' })
        return plan.announce ? plan.routes : []
      }
      const ads = given.model.bgpByPool.get('a') ?? []
      const together = routesBy(ads)
      const alone = ads.flatMap((ad) => routesBy([ad]))
      for (const { peer: to, route } of together) {
        const same = alone.filter((one) => one.peer === to && formatCidr(one.route.prefix) === formatCidr(route.prefix))
        assert.deepEqual(same.map((one) => one.route).reduce(uniteRoutes), route)
      }
    }),
    { numRuns: 300 },
  )
})
