// SPDX-License-Identifier: Apache-2.0
/** What FRR's vtysh prints as JSON, as far as the lab looks at it. */
import { DOWN, type Family, type SeenRoute, type SeenSession } from './router.ts'

type Path = Readonly<{
  aspath?: { segments: readonly { list: readonly number[] }[] }
  origin: string
  metric?: number
  locPrf?: number
  stale?: boolean
  community?: { list: readonly string[] }
  largeCommunity?: { list: readonly string[] }
  nexthops: readonly { ip: string }[]
  peer: { peerId: string }
}>
type Table = Readonly<{ routes?: Readonly<Record<string, readonly (Path | { prefix: string })[]>> }>

type Neighbor = Readonly<{
  bgpState: string
  bgpTimerUpEstablishedEpoch?: number
  connectionsEstablished?: number
  messageStats?: { updatesRecv?: number }
  gracefulRestartInfo?: { endOfRibRecv?: { ipv4Unicast?: boolean; ipv6Unicast?: boolean } }
}>

/** Communities that it shows by their names (RFC 1997, RFC 8326), of those that we may send. */
const WELL_KNOWN: ReadonlyMap<string, string> = new Map([
  ['gracefulShutdown', '65535:0'],
  ['noExport', '65535:65281'],
  ['noAdvertise', '65535:65282'],
])

/** Reads `show bgp FAMILY unicast json detail`. */
export function frrRoutes(text: string): SeenRoute[] {
  const { routes = {} }: Table = JSON.parse(text)
  return Object.entries(routes).flatMap(([prefix, entries]) =>
    entries.flatMap((entry) => ('peer' in entry ? [seenRoute(prefix, entry)] : [])),
  )
}

function seenRoute(prefix: string, path: Path): SeenRoute {
  return {
    prefix,
    nextHops: path.nexthops.map(({ ip }) => ip),
    asPath: path.aspath?.segments.flatMap(({ list }) => list) ?? [],
    origin: path.origin.toLowerCase(),
    med: path.metric ?? null,
    localPref: path.locPrf ?? null,
    communities: path.community?.list.map((name) => WELL_KNOWN.get(name) ?? name) ?? [],
    largeCommunities: path.largeCommunity?.list ?? [],
    peer: path.peer.peerId,
    stale: path.stale === true,
  }
}

/** Reads `show bgp neighbors ADDRESS json`. */
export function frrSession(text: string, address: string): SeenSession {
  const neighbors: Readonly<Record<string, Neighbor>> = JSON.parse(text)
  const neighbor = neighbors[address]
  if (neighbor === undefined) return DOWN
  const { bgpState, connectionsEstablished = 0, gracefulRestartInfo, messageStats } = neighbor
  const isUp = bgpState === 'Established'
  const { ipv4Unicast, ipv6Unicast } = gracefulRestartInfo?.endOfRibRecv ?? {}
  const endOfRib: Family[] = [
    ...(ipv4Unicast === true ? ['ipv4' as const] : []),
    ...(ipv6Unicast === true ? ['ipv6' as const] : []),
  ]
  return {
    isUp,
    state: bgpState,
    upSince: isUp ? `session ${connectionsEstablished}` : '',
    endOfRib: isUp ? endOfRib : [],
    updates: messageStats?.updatesRecv ?? 0,
  }
}
