// SPDX-License-Identifier: Apache-2.0
/** What ARP and neighbour discovery do differently: where they are spoken, and how an address is announced. */
import type { NeighborProtocol } from '../lib/neighbors.ts'
import type { Link } from '../lib/net.ts'
import { encode as encodeArp, gratuitous } from './arp.ts'
import { encode as encodeNdp, unsolicited } from './ndp.ts'
import { answersArp, answersNdp } from './scan.ts'

export type Spoken = Readonly<{
  /** As people call it. */
  name: string
  isSpokenOn(link: Link): boolean
  /** The frames of one round in which an address is announced on a link where it is spoken. */
  round(ip: string, link: Link): Uint8Array[]
}>

export const SPOKEN: Readonly<Record<NeighborProtocol, Spoken>> = {
  arp: {
    name: 'ARP',
    isSpokenOn: answersArp,
    // Some neighbours heed only one of them.
    round: (ip, { mac }) =>
      (['request', 'reply'] as const).map((operation) => encodeArp(gratuitous(operation, numberOf(ip), mac ?? ''))),
  },
  ndp: {
    name: 'NDP',
    isSpokenOn: answersNdp,
    round: (ip, { mac, linkLocal }) => [encodeNdp(unsolicited(ip, mac ?? '', linkLocal ?? ''))],
  },
}

function numberOf(ipv4: string): number {
  return ipv4.split('.').reduce((number, octet) => number * 256 + Number(octet), 0)
}
