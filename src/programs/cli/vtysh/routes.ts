// SPDX-License-Identifier: Apache-2.0
/** `show ip bgp`: the routes that peers were told, or, asked of a controller, those that nodes are to tell. */
import { fieldAt, listAt, textAt } from '../../../lib/unchecked.ts'
import { neighbourOf, wordAt, wordsAt } from '../peers/document.ts'
import { columns } from './columns.ts'
import type { FamilyName } from './summary.ts'

const HEADS = ['Network', 'Next Hop', 'Metric', 'LocPrf', 'Path', 'Communities']
const NOTHING_USED = 'Routes as peers were told them; of what they tell, nothing is used.'
const PLANNED =
  'These routes come from the plan of the controller: what each node is to announce where an endpoint stands behind the\n' +
  'Service there. What was really sent the speaker of a node says: ask vtysh in its container, or metallb peers.'

/** For people: routes that are told alike to several peers in one line. */
export function routesText(document: unknown, family: FamilyName | null): string {
  const planned = isPlan(document)
  const groups = Map.groupBy(routesOf(document, family), (route) =>
    JSON.stringify([textAt(route, 'node'), ...cells(route)]),
  )
  const rows = [...groups.values()].map((routes) => {
    const [first] = routes
    const who = (field: string) => [...new Set(routes.map((route) => textAt(route, field)))].join(', ')
    return [...cells(first), ...(planned ? [textAt(first, 'node')] : []), who('peer')]
  })
  const heads = [...HEADS, ...(planned ? ['Node'] : []), 'Told to']
  const count = rows.length === 1 ? '1 route' : `${rows.length} routes`
  return `${planned ? PLANNED : NOTHING_USED}\n\n${rows.length === 0 ? '' : `${columns(heads, rows)}\n`}${count}\n`
}

function cells(route: unknown): readonly string[] {
  const communities = [wordsAt(route, 'communities'), wordsAt(route, 'largeCommunities')].filter((text) => text !== '')
  return [
    textAt(route, 'prefix'),
    wordsAt(route, 'nextHops') || (textAt(route, 'node') && 'the node'),
    wordAt(route, 'med'),
    wordAt(route, 'localPref'),
    `${textAt(route, 'asPath')} i`.trim(),
    communities.join(', '),
  ]
}

/** For scripts, by the names that they know: routes by prefix, one for each peer. */
export function routesJson(document: unknown, family: FamilyName | null): unknown {
  const [peer] = listAt(document, 'peers')
  const routes = Map.groupBy(routesOf(document, family), (route) => textAt(route, 'prefix'))
  return {
    vrfName: 'default',
    planned: isPlan(document),
    ...(peer === undefined ? {} : { routerId: textAt(peer, 'routerId'), localAS: fieldAt(peer, 'localAsn') }),
    defaultLocPrf: 100,
    routes: Object.fromEntries([...routes].map(([prefix, all]) => [prefix, all.map(routeJson)])),
  }
}

/** What was told to the peers at this neighbour. */
export function advertisedJson(document: unknown, peers: readonly unknown[]): unknown {
  const routes = advertised(document, peers)
  return {
    advertisedRoutes: Object.fromEntries(routes.map((route) => [textAt(route, 'prefix'), routeJson(route)])),
    totalPrefixCounter: routes.length,
  }
}

/** The same for people. */
export function advertisedText(document: unknown, peers: readonly unknown[]): string {
  const rows = advertised(document, peers).map(cells)
  const to = peers.map(neighbourOf).join(', ')
  return `Routes told to ${to}\n\n${columns(HEADS, rows)}\n${rows.length} routes\n`
}

function advertised(document: unknown, peers: readonly unknown[]): readonly unknown[] {
  const names = new Set(peers.map((peer) => textAt(peer, 'name')))
  return listAt(document, 'routes').filter((route) => names.has(textAt(route, 'peer')))
}

function routeJson(route: unknown): unknown {
  const network = textAt(route, 'prefix')
  const [prefix = '', length = ''] = network.split('/')
  const afi = prefix.includes(':') ? 'ipv6' : 'ipv4'
  const nexthops = listAt(route, 'nextHops').map((ip) => ({
    ip,
    afi: String(ip).includes(':') ? 'ipv6' : 'ipv4',
    used: true,
  }))
  return {
    valid: true,
    bestpath: true,
    network,
    prefix,
    prefixLen: Number(length),
    addrFamily: afi,
    metric: fieldAt(route, 'med') ?? undefined,
    locPrf: fieldAt(route, 'localPref') ?? undefined,
    path: textAt(route, 'asPath'),
    origin: textAt(route, 'origin').toUpperCase(),
    community: listAt(route, 'communities'),
    largeCommunity: listAt(route, 'largeCommunities'),
    nexthops,
    advertisedTo: textAt(route, 'peer'),
    ...(textAt(route, 'node') === '' ? {} : { node: textAt(route, 'node') }),
  }
}

function routesOf(document: unknown, family: FamilyName | null): readonly unknown[] {
  const routes = listAt(document, 'routes')
  if (family === null) return routes
  return routes.filter((route) => textAt(route, 'prefix').includes(':') === (family === 'ipv6'))
}

/** What a controller answers, who has no sessions. */
export function isPlan(document: unknown): boolean {
  return fieldAt(document, 'planned') === true
}
