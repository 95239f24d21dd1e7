// SPDX-License-Identifier: Apache-2.0
/** A BGPPeer as its session is set up on this node: what is said in the OPEN, and how the peer is reached. Pure. */
import type { AddressFamily } from '../../bgp/codec/message.ts'
import type { Config } from '../../bgp/negotiate.ts'
import type { PeerSetup, Reach, Withheld } from '../../bgp/peer-setup.ts'
import { formatIp } from '../../lib/ip.ts'
import type { Link } from '../../lib/net.ts'
import type { Peer } from '../../model/peer.ts'
import type { Leaving } from './leaving.ts'
import { hasAddress, linksFor } from './own-side.ts'

export type Surroundings = Readonly<{
  node: string
  routerId: number
  links: readonly Link[]
  /** Link-local address of the router on a link; null: none was heard. */
  neighbour(link: string): string | null
  /** BFD of this peer; null: nobody asked for it. */
  bfdUp: boolean | null
  /** The profile wants BFD to be up before BGP is tried. */
  strictStart: boolean
  /** Why this node has no sessions; null: it may have them. */
  leaving: Leaving | null
}>

/** MetalLB's native default. */
const HOLD_MS = 90_000
/** RFC 5082 §3: what is sent with 255 and comes over so many hops has at least 256 less their number. */
const MOST_TTL = 256

/** The session with a peer of this node. */
export function peerSetup(peer: Peer, around: Surroundings): PeerSetup {
  return { name: peer.name, config: configOf(peer, around), reach: reachOf(peer, around) }
}

function configOf(peer: Peer, { node, routerId }: Surroundings): Config {
  const { gracefulRestart } = peer
  const families = familiesOf(peer)
  return {
    localAsn: peer.localAsn ?? peer.myAsn,
    remoteAs: peer.remoteAs,
    routerId,
    holdMs: peer.holdMs ?? HOLD_MS,
    keepaliveMs: peer.keepaliveMs,
    connectMs: peer.connectMs,
    passive: peer.passive,
    families,
    extendedNextHop: peer.address?.family !== 'ipv4' && families.includes('ipv4'),
    gracefulRestart: gracefulRestart && { restartSeconds: Math.round(gracefulRestart.restartMs / 1000) },
    hostname: node,
  }
}

function familiesOf({ address, dualStackAddressFamily }: Peer): readonly AddressFamily[] {
  return address === null || dualStackAddressFamily ? ['ipv4', 'ipv6'] : [address.family]
}

function reachOf(peer: Peer, around: Surroundings): Reach {
  const { sourceAddress, vrf, password, ttlSecurityHops } = peer
  if (around.leaving) return without('nodeLeaving', around.leaving.message)
  if (sourceAddress && !hasAddress(sourceAddress, linksFor(peer, around.links)))
    return without('sourceAddressMissing', missing(peer, around))
  if (around.strictStart && around.bfdUp === false)
    return without('waitsForBfd', `its BFD profile ${peer.bfdProfile} has strictStart, and BFD is not up yet`)
  const place = placeOf(peer, around)
  if (typeof place !== 'string') return { dial: null, withheld: place }
  const dial = {
    to: { address: place, port: peer.port },
    ...(sourceAddress && { from: formatIp(sourceAddress) }),
    ...(vrf !== null && { device: vrf }),
    ...(password !== null && { md5: password }),
    ...(ttlSecurityHops !== null && { minTtl: MOST_TTL - ttlSecurityHops }),
  }
  return { dial, withheld: null }
}

/** Its address, or that of the router on the interface, with its scope. */
function placeOf({ address, interface: link }: Peer, { links, neighbour }: Surroundings): string | Withheld {
  if (address) return formatIp(address)
  const name = link ?? ''
  if (!links.some((one) => one.name === name))
    return { reason: 'interfaceMissing', message: `this node has no interface ${name}` }
  const found = neighbour(name)
  if (found !== null) return `${found}%${name}`
  return { reason: 'noNeighbour', message: `no router has been heard on interface ${name} yet` }
}

function missing({ sourceAddress }: Peer, { node }: Surroundings): string {
  return `node ${node} does not have the sourceAddress ${sourceAddress ? formatIp(sourceAddress) : ''}`
}

function without(reason: Withheld['reason'], message: string): Reach {
  return { dial: null, withheld: { reason, message } }
}
