// SPDX-License-Identifier: Apache-2.0
/** BGP: every node that can forward announces, and routers spread the traffic. This says what our node announces. */
import type { Route } from '../bgp/route.ts'
import type { BgpAdvertisement } from '../model/advertisement.ts'
import type { Endpoint } from '../model/endpoint.ts'
import { localPrefsClash } from '../model/local-pref.ts'
import type { Peer } from '../model/peer.ts'
import { matchesAny } from '../model/selector.ts'
import type { Service } from '../model/service.ts'
import { list } from '../model/wording.ts'
import { admits, routesFor } from './bgp-routes.ts'
import { failsGate, type Holding, holdingOf } from './eligibility.ts'
import { gateOf } from './gate.ts'
import { type Silence, silence } from './silence.ts'
import type { Site } from './world.ts'

/** A route and the BGPPeer whose session carries it. */
export type PeerRoute = Readonly<{ peer: string; route: Route }>

/** At most one route per peer and prefix, in the order of the model's peers. */
export type BgpPlan = Readonly<{ announce: true; routes: readonly PeerRoute[] }> | Silence

/** What `node` of the site announces for this Service, and to whom, or why nothing. */
export function planBgp(service: Service, endpoints: readonly Endpoint[], site: Site): BgpPlan {
  const holding = holdingOf(service, site.world.model)
  if (!holding.ok) return holding.silence
  const known = site.world.model.bgpByPool.get(holding.pool.name) ?? []
  const here = known.filter(({ nodes }) => nodes.has(site.node))
  const ads = here.filter(({ serviceSelectors }) => matchesAny(serviceSelectors, service.labels))
  if (ads.length === 0) return nothingToSay(service, holding, { here, node: site.node })
  const forbidden =
    conflictOf(ads, service, holding) ??
    unfit(site) ??
    unhealthy(service, endpoints, { ...site, known }) ??
    unserved(service, endpoints, site)
  if (forbidden) return forbidden

  const peers = site.world.model.peers.filter(({ nodes }) => nodes.has(site.node))
  const offer = { ads, ips: [...holding.ips.values()] }
  const routes = peers.flatMap((peer) => routesFor(peer, offer).map((route) => ({ peer: peer.name, route })))
  return routes.length > 0 ? { announce: true, routes } : noPeer(ads, peers, site)
}

function nothingToSay(
  { key }: Service,
  { pool }: Holding,
  { here, node }: Readonly<{ here: readonly BgpAdvertisement[]; node: string }>,
): Silence {
  const names = list(here.map(({ name }) => name))
  if (names === '') return silence('notOwner', `no BGPAdvertisement for pool ${pool.name} selects node ${node}`)
  return silence(
    'noMatchingAdvertisement',
    `no serviceSelectors of ${names} (BGPAdvertisements for pool ${pool.name} on node ${node}) select ${key}`,
  )
}

/** The same rule that refuses a configuration, here also for advertisements with serviceSelectors. */
function conflictOf(ads: readonly BgpAdvertisement[], { key }: Service, { pool }: Holding): Silence | null {
  for (const [at, ad] of ads.entries()) {
    const other = ads.slice(at + 1).find((later) => localPrefsClash(ad, later, pool))
    if (!other) continue
    const [a, b] = [ad, other].map(({ name, localPref }) => `${name} (localPref ${localPref ?? 'unset'})`)
    return silence(
      'conflictingAdvertisements',
      `BGPAdvertisements ${a} and ${b} send the same prefix of ${key} to the same peers; give them one localPref, ` +
        'or different peers, nodes or aggregation lengths',
    )
  }
  return null
}

/** What keeps our node from announcing anything. */
function unfit({ world, node }: Site): Silence | null {
  const state = world.model.nodes.get(node)
  if (state?.networkUnavailable) {
    return silence('nodeNetworkUnavailable', `node ${node} has the condition NetworkUnavailable`)
  }
  if (world.draining) return null
  if (state?.excluded && !world.ignoreExcludeLabel) {
    return silence(
      'nodeLabeledExcludeBalancers',
      `node ${node} carries the label node.kubernetes.io/exclude-from-external-load-balancers`,
    )
  }
  if (state?.leaving) {
    const words = state.leaving === 'deleted' ? 'being deleted' : 'shutting down'
    return silence('nodeLeaving', `node ${node} is ${words}`)
  }
  return null
}

/** A health check that passes only on nodes that have nothing to announce does not take the last route away. */
function unhealthy(
  service: Service,
  endpoints: readonly Endpoint[],
  { world, node, known }: Site & Readonly<{ known: readonly BgpAdvertisement[] }>,
): Silence | null {
  const gate = gateOf(service)
  if (!gate || !failsGate(node, gate, world)) return null
  const ads = known.filter(({ serviceSelectors }) => matchesAny(serviceSelectors, service.labels))
  const settled = { ...world, draining: false }
  const isAble = (other: string) =>
    ads.some(({ nodes }) => nodes.has(other)) &&
    world.model.peers.some(({ nodes }) => nodes.has(other)) &&
    unfit({ world: settled, node: other }) === null &&
    unserved(service, endpoints, { world, node: other }) === null
  if (![...world.speakers].some((other) => !failsGate(other, gate, world) && isAble(other))) return null
  const message = `node ${node} fails the health check of ${service.key} on port ${gate.port}, which others pass`
  return silence('healthCheckFailing', message)
}

/** An endpoint without an address is none, and each is judged by itself, whatever another slice says about its address. */
function unserved(
  { key, externalTrafficPolicy }: Service,
  endpoints: readonly Endpoint[],
  { node }: Site,
): Silence | null {
  const serving = endpoints.filter(({ canServe, addresses }) => canServe && addresses > 0)
  if (externalTrafficPolicy === 'Local' && !serving.some(({ nodeName }) => nodeName === node)) {
    return silence(
      'noLocalEndpoints',
      `${key} has externalTrafficPolicy Local and no endpoint that can serve on ${node}`,
    )
  }
  return serving.length > 0 ? null : silence('noEndpoints', `${key} has no endpoint that can serve, on any node`)
}

function noPeer(ads: readonly BgpAdvertisement[], peers: readonly Peer[], { node }: Site): Silence {
  if (peers.length === 0)
    return silence('noPeer', `no BGPPeer selects node ${node}, so there is no session to announce on`)
  const admitted = peers.filter((peer) => ads.some((ad) => admits(ad, peer)))
  if (admitted.length === 0) {
    const wanted = list([...new Set(ads.flatMap((ad) => [...ad.peers]))].toSorted())
    const found = list(peers.map(({ name }) => name))
    return silence(
      'noPeer',
      `the BGPAdvertisements ask for peers ${wanted}, but node ${node} has sessions with ${found}`,
    )
  }
  return silence(
    'noPeer',
    `no session of node ${node} (${list(admitted.map(({ name }) => name))}) carries the addresses' family; ` +
      'set dualStackAddressFamily, or add a BGPPeer of that family',
  )
}
