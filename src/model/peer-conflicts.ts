// SPDX-License-Identifier: Apache-2.0
import { formatIp } from '../lib/ip.ts'
import { type Node, shareNode } from './node.ts'
import type { Peer } from './peer.ts'
import type { Report } from './report.ts'
import { list, shorten } from './wording.ts'

/**
 * Reports peers that would need two sessions to one place from one node: same address or interface, port and VRF, and
 * a shared node. The one that is later by name is blamed. `peers` are in the order of their names.
 */
export function reportPeerConflicts(peers: readonly Peer[], nodes: ReadonlyMap<string, Node>, report: Report): void {
  for (const [place, rivals] of Map.groupBy(peers, describePlace)) {
    for (const [index, later] of rivals.entries()) {
      const earlier = rivals.slice(0, index).filter((peer) => shareNode(peer.nodes, later.nodes, nodes))
      if (earlier.length === 0) continue
      const shared = [...later.nodes].filter((node) => earlier.some((peer) => peer.nodes.has(node)))
      const where = shared.length === 0 ? 'the same nodes' : `node ${list(shared)}`
      const names = list(earlier.map(({ name }) => name))
      const message =
        `BGPPeer ${later.name} leads to ${place} from ${where}, and so does BGPPeer ${names}; ` +
        'keep one of them, or give them nodeSelectors that share no node'
      const field = later.address ? 'spec.peerAddress' : 'spec.interface'
      report.about('BGPPeer', later.name).error('peersShareAddress', field, message)
    }
  }
}

function describePlace({ address, interface: device, port, vrf }: Peer): string {
  const place = address ? formatIp(address) : `interface ${shorten(device ?? '')}`
  return `${place} port ${port}${vrf === null ? '' : ` in VRF ${shorten(vrf)}`}`
}
