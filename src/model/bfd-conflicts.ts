// SPDX-License-Identifier: Apache-2.0
import { formatIp } from '../lib/ip.ts'
import { type Node, shareNode } from './node.ts'
import type { Peer } from './peer.ts'
import type { Report } from './report.ts'
import { list, shorten } from './wording.ts'

/**
 * Reports peers that would share a BFD session from one node (same place but for the port, other BGP sessions), and ask
 * for two profiles for it. The one that is later by name is blamed. `peers` are in the order of their names.
 */
export function reportBfdConflicts(peers: readonly Peer[], nodes: ReadonlyMap<string, Node>, report: Report): void {
  const watched = peers.filter(({ bfdProfile }) => bfdProfile !== null)
  for (const rivals of Map.groupBy(watched, placeOf).values()) {
    for (const [index, later] of rivals.entries()) {
      const others = rivals.slice(0, index).filter(({ bfdProfile }) => bfdProfile !== later.bfdProfile)
      // Those of one port are reported as such already.
      const apart = others.filter(({ port }) => port !== later.port)
      const earlier = apart.find((peer) => shareNode(peer.nodes, later.nodes, nodes))
      if (earlier) blame(later, earlier, report)
    }
  }
}

function blame(later: Peer, earlier: Peer, report: Report): void {
  const place = later.address ? formatIp(later.address) : `interface ${shorten(later.interface ?? '')}`
  const message =
    `BGPPeer ${later.name} and BGPPeer ${earlier.name} share one BFD session with ${place}, and name BFDProfiles ` +
    `${list([later.bfdProfile ?? '', earlier.bfdProfile ?? ''])} for it; name one profile in both`
  report.about('BGPPeer', later.name).error('conflictingBfdProfiles', 'spec.bfdProfile', message)
}

/** Other ways to the address are other sessions. */
function placeOf({ address, interface: device, vrf, sourceAddress, ebgpMultiHop }: Peer): string {
  const way = [sourceAddress && formatIp(sourceAddress), vrf, ebgpMultiHop]
  return JSON.stringify([address ? formatIp(address) : null, device, ...way])
}
