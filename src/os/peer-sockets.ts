// SPDX-License-Identifier: Apache-2.0
/** Sockets to and from BGP peers. What we send has TTL 255, which a peer with GTSM wants and no other peer minds. */
import type { PeerSockets } from '../lib/peer-sockets.ts'
import { openTcp } from './bgp-tcp.ts'
import { listenTcp } from './bgp-tcp-listen.ts'

/** Their Faults are those of `openTcp` and `listenTcp`; nothing is open before the first call. */
export function openPeerSockets(): PeerSockets {
  return { dial: openTcp, listen: listenTcp }
}
