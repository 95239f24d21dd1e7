// SPDX-License-Identifier: Apache-2.0
/**
 * Routes that each node is to announce, as far as a controller can tell: it follows no endpoints, so every Service counts
 * as if an endpoint stood on every node. What was really sent only speakers know.
 */
import type { Route } from '../../bgp/route.ts'
import { formatIp } from '../../lib/ip.ts'
import { formatCidr } from '../../lib/prefix.ts'
import type { Model } from '../../model/model.ts'
import type { Node } from '../../model/node.ts'
import { isInternal, type Peer } from '../../model/peer.ts'
import type { Service } from '../../model/service.ts'
import { type PeerRoute, planBgp } from '../../plan/bgp.ts'
import { communityText } from '../speaker/bgp-words.ts'
import type { ControllerView } from './controller.ts'

type Fields = Readonly<Record<string, unknown>>

/** One by one, Service by Service; nothing where there is no configuration. Routes of one prefix are not united. */
export function* plannedRoutes({
  configuration,
  services,
}: Pick<ControllerView, 'configuration' | 'services'>): Generator<Fields> {
  const { model } = configuration
  if (!model || model.peers.length === 0) return
  for (const key of services.keys()) {
    const entry = services.get(key)
    if (entry?.readable) yield* routesOf(entry.service, model)
  }
}

function* routesOf(service: Service, model: Model): Generator<Fields> {
  const world = { model, speakers: new Set(model.nodes.keys()), interfaces: new Map(), ignoreExcludeLabel: false }
  for (const node of model.nodes.values()) {
    const here = { nodeName: node.name, canServe: true, addresses: 1 }
    const plan = planBgp(service, [here], { world, node: node.name })
    if (!plan.announce) continue
    for (const one of plan.routes) yield { service: service.key, node: node.name, ...routeFields(one, node, model) }
  }
}

function routeFields({ peer: name, route }: PeerRoute, node: Node, { peers }: Model): Fields {
  const peer = peers.find((one) => one.name === name)
  const { prefix, med, localPref, communities, largeCommunities } = route
  return {
    peer: name,
    prefix: formatCidr(prefix),
    nextHops: peer ? nextHops(peer, node, prefix.family) : [],
    asPath: peer ? asPath(peer, route) : '',
    origin: 'igp',
    med,
    localPref: peer && isInternal(peer) ? localPref : null,
    communities: communities.map(communityText),
    largeCommunities,
  }
}

/** The session's own address, or the one that the Node says is its; a speaker takes the one that the peer can reach. */
function nextHops({ sourceAddress }: Peer, { addresses }: Node, family: Route['prefix']['family']): readonly string[] {
  const known = [...(sourceAddress ? [sourceAddress] : []), ...addresses].find((ip) => ip.family === family)
  return known ? [formatIp(known)] : []
}

function asPath(peer: Peer, { prepend }: Route): string {
  return isInternal(peer) ? '' : [peer.localAsn ?? peer.myAsn, ...prepend].join(' ')
}
