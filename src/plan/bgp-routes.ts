// SPDX-License-Identifier: Apache-2.0
/** Which routes the advertisements of one Service make for the session with one peer. */
import type { Route } from '../bgp/route.ts'
import { type Family, type Ip } from '../lib/ip.ts'
import { type Cidr, mask, sameCidr } from '../lib/prefix.ts'
import type { BgpAdvertisement } from '../model/advertisement.ts'
import type { Community } from '../model/community.ts'
import { isInternal, type Peer } from '../model/peer.ts'

/** Advertisements that one node makes for one Service, free of conflicts, and the addresses of that Service. */
export type Offer = Readonly<{ ads: readonly BgpAdvertisement[]; ips: readonly Ip[] }>

/** One route for each prefix that some advertisement offers to this peer and its session carries. */
export function routesFor(peer: Peer, { ads, ips }: Offer): Route[] {
  const groups: { prefix: Cidr; ads: BgpAdvertisement[] }[] = []
  for (const ip of ips) {
    if (!carries(peer, ip.family)) continue
    for (const ad of ads) {
      if (!admits(ad, peer)) continue
      const prefix = aggregateOf(ip, ad)
      const group = groups.find((known) => sameCidr(known.prefix, prefix))
      if (group) group.ads.push(ad)
      else groups.push({ prefix, ads: [ad] })
    }
  }
  return groups.map((group) => routeOf(group.prefix, group.ads, peer))
}

/** An advertisement that names no peers is for all of them. */
export function admits({ peers }: BgpAdvertisement, { name }: Peer): boolean {
  return peers.size === 0 || peers.has(name)
}

/** Whether the family is activated: that of the session's address; both where asked for, or on an interface. */
function carries({ address, dualStackAddressFamily }: Peer, family: Family): boolean {
  return address === null || dualStackAddressFamily || address.family === family
}

function aggregateOf(ip: Ip, { aggregationLength, aggregationLengthV6 }: BgpAdvertisement): Cidr {
  const prefixBits = ip.family === 'ipv4' ? aggregationLength : aggregationLengthV6
  return { family: ip.family, first: mask(ip, prefixBits).bits, prefixBits }
}

/**
 * What several advertisements say about one prefix: all communities, the lowest MED, the longest prepend.
 * Their localPref is one: had they differed, the Service would not be announced (`localPrefsClash`).
 */
function routeOf(prefix: Cidr, ads: readonly BgpAdvertisement[], peer: Peer): Route {
  const meds = ads.flatMap(({ med }) => med ?? [])
  return {
    prefix,
    localPref: ads[0]?.localPref ?? null,
    ...communitiesOf(ads.flatMap(({ communities }) => communities)),
    med: meds.length === 0 ? null : Math.min(...meds),
    // RFC 4271 §5.1.2: inside one AS the path does not grow.
    prepend: isInternal(peer) ? [] : prependOf(ads, peer),
  }
}

function communitiesOf(all: readonly Community[]): Pick<Route, 'communities' | 'largeCommunities'> {
  if (all.length === 0) return { communities: [], largeCommunities: [] }
  const standard = all.flatMap((one) => (one.type === 'standard' ? one.value : []))
  const large = all.filter((one) => one.type === 'large')
  large.sort((a, b) => a.global - b.global || a.local1 - b.local1 || a.local2 - b.local2)
  return {
    communities: [...new Set(standard)].toSorted((a, b) => a - b),
    largeCommunities: [...new Set(large.map(({ text }) => text))],
  }
}

/**
 * Of equally long prepends the one with the lower number, so that the order of advertisements does not matter.
 * Our own AS is the one that the peer sees: the other may be the peer's own, and it would drop the route as a loop.
 */
function prependOf(ads: readonly BgpAdvertisement[], { localAsn, myAsn }: Peer): readonly number[] {
  let best = { count: 0, asn: 0 }
  for (const { asPrepend } of ads) {
    if (!asPrepend) continue
    const { count } = asPrepend
    const asn = asPrepend.asn ?? localAsn ?? myAsn
    if (count > best.count || (count === best.count && asn < best.asn)) best = { count, asn }
  }
  return Array.from({ length: best.count }, () => best.asn)
}
