// SPDX-License-Identifier: Apache-2.0
/** Which BFD session a BGPPeer asks for (RFC 5881, RFC 5883). Pure. */
import type { BfdNeed } from '../../bfd/sessions.ts'
import { formatIp } from '../../lib/ip.ts'
import type { Link } from '../../lib/net.ts'
import type { BfdProfile } from '../../model/bfd-profile.ts'
import type { Peer } from '../../model/peer.ts'
import { hasAddress, linksFor, onLink } from './own-side.ts'

/** FRR's, which guides assume. */
const INTERVAL_MS = 300
const ECHO_MS = 50
const DETECT_MULT = 3
const MINIMUM_TTL = 254

export type Near = Readonly<{
  links: readonly Link[]
  neighbour(link: string): string | null
  /** The need of this peer whose session is Up, or is not taken for down yet; null: there is none. */
  live: BfdNeed | null
}>

/**
 * The need of a peer with a BFD profile: over one hop by the link that it is on; over several with ebgpMultiHop, or where
 * it is on no link. Null while it is not known where it is, or our own address for it is not here. A session that is Up
 * and has lost its way (its link, our address, the router's advertisements) stays as it was: it finds by itself that
 * nothing comes through, and its end is the peer's.
 */
export function bfdNeed(peer: Peer, profile: BfdProfile, near: Near): BfdNeed | null {
  const found = foundNeed(peer, profile, near)
  const { live } = near
  if (!live || !isOf(peer, live)) return found
  const isLost = found === null || (live.link !== null && found.link === null && !peer.ebgpMultiHop)
  return isLost ? { ...live, profile: profile.name, timers: timersOf(profile) } : found
}

/** The peer is still said to be where this need looks for it. */
function isOf({ address, interface: link, sourceAddress, vrf }: Peer, live: BfdNeed): boolean {
  if (live.device !== vrf) return false
  if (link !== null) return live.link === link
  if (sourceAddress && formatIp(sourceAddress) !== live.local) return false
  return address !== null && formatIp(address) === live.address
}

function foundNeed(peer: Peer, profile: BfdProfile, { links: all, neighbour }: Near): BfdNeed | null {
  const links = linksFor(peer, all)
  const shared = { name: peer.name, device: peer.vrf, profile: profile.name, timers: timersOf(profile) }
  if (peer.interface !== null) {
    const link = links.find(({ name }) => name === peer.interface)
    const address = neighbour(peer.interface)
    if (address === null || !link?.linkLocal) return null
    return { ...shared, address, local: link.linkLocal, link: link.name }
  }
  const { address, sourceAddress } = peer
  if (!address || (sourceAddress && !hasAddress(sourceAddress, links))) return null
  const near = peer.ebgpMultiHop ? null : onLink(address, links)
  const own = sourceAddress ?? near?.own
  // Over several hops the kernel knows which of our addresses the route begins with.
  const local = own ? formatIp(own) : address.family === 'ipv4' ? '0.0.0.0' : '::'
  return { ...shared, address: formatIp(address), local, link: near?.link.name ?? null }
}

function timersOf(profile: BfdProfile): BfdNeed['timers'] {
  const { transmitMs, receiveMs, detectMultiplier, echoMode, echoMs, passiveMode, minimumTtl } = profile
  return {
    transmitMs: transmitMs ?? INTERVAL_MS,
    receiveMs: receiveMs ?? INTERVAL_MS,
    detectMult: detectMultiplier ?? DETECT_MULT,
    echoMs: echoMode ? (echoMs ?? ECHO_MS) : null,
    passive: passiveMode,
    minTtl: minimumTtl ?? MINIMUM_TTL,
  }
}
