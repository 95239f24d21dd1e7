// SPDX-License-Identifier: Apache-2.0
/** What of this node's own addresses a session with a peer shows: source, next hops, router ID. Pure. */
import { crc32 } from 'node:zlib'
import type { OwnAddresses } from '../../bgp/attributes.ts'
import { type Family, formatIp, type Ip, parseIp } from '../../lib/ip.ts'
import type { Link } from '../../lib/net.ts'
import { mask } from '../../lib/prefix.ts'
import type { Node } from '../../model/node.ts'
import type { Peer } from '../../model/peer.ts'

/** An address of ours and the link that it is on. */
export type OnLink = Readonly<{ link: Link; own: Ip }>

/**
 * Those that lead to the peer: with a VRF its members and its own device; else all, those first that are members of
 * nothing, as two networks that know nothing of each other may use the same addresses.
 */
export function linksFor({ vrf }: Pick<Peer, 'vrf'>, links: readonly Link[]): readonly Link[] {
  if (vrf === null)
    return [...links.filter(({ hasMaster }) => !hasMaster), ...links.filter(({ hasMaster }) => hasMaster)]
  const device = links.find(({ name }) => name === vrf)
  return device ? links.filter((link) => link === device || link.master === device.index) : []
}

/** How a peer at `ip` is reached without a router between: by the longest prefix that holds it; null: it is not. */
export function onLink(ip: Ip, links: readonly Link[]): OnLink | null {
  let best: (OnLink & Readonly<{ prefixBits: number }>) | null = null
  for (const link of links) {
    for (const { address, prefixBits } of link.addresses) {
      const own = parseIp(address)
      if (own?.family !== ip.family || mask(own, prefixBits).bits !== mask(ip, prefixBits).bits) continue
      if (!best || prefixBits > best.prefixBits) best = { link, own, prefixBits }
    }
  }
  return best && { link: best.link, own: best.own }
}

/** Whether some link of this machine has the address. */
export function hasAddress(ip: Ip, links: readonly Link[]): boolean {
  const text = formatIp(ip)
  return links.some(({ addresses, linkLocal }) => linkLocal === text || addresses.some((one) => one.address === text))
}

/**
 * The next hops of a session that talks from `local` (which may carry a scope): that address, the first one of the other
 * family on the same link, and the link-local one where the peer is on the link as well (RFC 2545 §3).
 */
export function ownAddresses(peer: Peer, local: string, all: readonly Link[]): OwnAddresses {
  const links = linksFor(peer, all)
  const [text = ''] = local.split('%')
  const own = parseIp(text)
  const link = links.find(
    ({ addresses, linkLocal }) => linkLocal === text || addresses.some((one) => one.address === text),
  )
  const named = peer.interface === null ? link : links.find(({ name }) => name === peer.interface)
  const of = (family: Family): Ip | null => {
    if (own?.family === family && text !== named?.linkLocal) return own
    return named ? firstOf(family, named) : null
  }
  return { ipv4: of('ipv4'), ipv6: of('ipv6'), linkLocal: linkLocalFor(peer, own, named) }
}

/** An IPv4 session has no use for one, and a peer behind a router cannot reach it. */
function linkLocalFor(peer: Peer, own: Ip | undefined, link: Link | undefined): Ip | null {
  if (own?.family !== 'ipv6' || !link) return null
  const isNear = peer.address === null || onLink(peer.address, [link]) !== null
  return isNear && link.linkLocal !== null ? (parseIp(link.linkLocal) ?? null) : null
}

/**
 * What names this node to the peer (RFC 4271 §4.2, RFC 6286), as MetalLB finds it: the session's own IPv4 address; else
 * one of the link that the session uses; else one of the Node; else a checksum of the Node's name. Never 0.
 */
export function routerIdOf(
  peer: Peer,
  node: Readonly<{ name: string; known: Node | undefined }>,
  all: readonly Link[],
): number {
  const links = linksFor(peer, all)
  const link =
    peer.address === null
      ? links.find(({ name }) => name === peer.interface)
      : onLink(peer.sourceAddress ?? peer.address, links)?.link
  const near = peer.address?.family === 'ipv4' ? onLink(peer.address, links)?.own : undefined
  const candidates = [
    peer.routerId,
    peer.sourceAddress,
    near,
    link && firstOf('ipv4', link),
    node.known?.addresses.find(({ family }) => family === 'ipv4'),
  ]
  const found = candidates.find((ip) => ip?.family === 'ipv4')
  if (found) return Number(found.bits)
  const sum = Buffer.alloc(4)
  sum.writeUInt32LE(crc32(node.name))
  return sum.readUInt32BE() || 1
}

function firstOf(family: Family, { addresses }: Link): Ip | null {
  for (const { address } of addresses) {
    const ip = parseIp(address)
    if (ip?.family === family) return ip
  }
  return null
}
