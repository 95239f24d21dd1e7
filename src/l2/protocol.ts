// SPDX-License-Identifier: Apache-2.0
/** What ARP and neighbour discovery do differently: where they are spoken, and how an address is announced. */
import type { NeighborProtocol } from '../lib/neighbors.ts'
import type { Link } from '../lib/net.ts'
import { encode as encodeArp, gratuitous, putGratuitousIp } from './arp.ts'
import { encode as encodeNdp, unsolicited } from './ndp.ts'
import { answersArp, answersNdp } from './scan.ts'

export type Spoken = Readonly<{
  /** As people call it. */
  name: string
  isSpokenOn(link: Link): boolean
  /** Makes the frames of one round in which an address is announced on a link; they are the caller's until the next call. */
  announcing(link: Link): (ip: string) => readonly Uint8Array[]
}>

export const SPOKEN: Readonly<Record<NeighborProtocol, Spoken>> = {
  arp: {
    name: 'ARP',
    isSpokenOn: answersArp,
    // Some neighbours heed only one of them. A thousand addresses may move at once, so only the address is written anew.
    announcing({ mac }) {
      const frames = (['request', 'reply'] as const).map((operation) => encodeArp(gratuitous(operation, 0, mac ?? '')))
      return (ip) => {
        for (const frame of frames) putGratuitousIp(frame, numberOf(ip))
        return frames
      }
    },
  },
  ndp: {
    name: 'NDP',
    isSpokenOn: answersNdp,
    announcing:
      ({ mac, linkLocal }) =>
      (ip) => [encodeNdp(unsolicited(ip, mac ?? '', linkLocal ?? ''))],
  },
}

function numberOf(ipv4: string): number {
  return ipv4.split('.').reduce((number, octet) => number * 256 + Number(octet), 0)
}
