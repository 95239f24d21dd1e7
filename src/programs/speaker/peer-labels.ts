// SPDX-License-Identifier: Apache-2.0
/** What metrics call a peer, and series that would have the same labels made one. */
import type { PeerView } from '../../bgp/peer-setup.ts'
import { formatIp } from '../../lib/ip.ts'
import type { Sample } from '../../lib/metric.ts'
import type { BfdReading, ConfiguredPeer } from './peers-readings.ts'

export const PEER_LABELS = ['peer', 'vrf'] as const
export type PeerLabels = Readonly<{ peer: string; vrf: string | null }>

/**
 * `192.0.2.1:179`, `[2001:db8::1]:179`, and `eth0:179` for a peer that is found on an interface, whose address is not
 * known all the time.
 */
export function bgpLabels({ name, to }: PeerView, peer: ConfiguredPeer | undefined): PeerLabels {
  const address = peer?.address ? formatIp(peer.address) : to?.address
  const place = peer?.interface ?? (address === undefined ? name : bracketed(address))
  const port = peer?.port ?? to?.port
  return { peer: port === undefined ? place : `${place}:${port}`, vrf: peer?.vrf ?? null }
}

/** The address alone, or the interface; of a session that several peers share, as the first of them has it. */
export function bfdLabels({ address }: BfdReading, peer: ConfiguredPeer | undefined): PeerLabels {
  return { peer: peer?.interface ?? address, vrf: peer?.vrf ?? null }
}

/** Adds up what has the same labels: Prometheus takes no series twice. */
export function summed(
  samples: Iterable<Readonly<{ labels: PeerLabels; value: number }>>,
): Iterable<Sample<'peer' | 'vrf'>> {
  return merged(samples, (a, b) => a + b)
}

/** For what is 1 or 0: 1 where all are. */
export function lowest(
  samples: Iterable<Readonly<{ labels: PeerLabels; value: number }>>,
): Iterable<Sample<'peer' | 'vrf'>> {
  return merged(samples, Math.min)
}

function merged(
  samples: Iterable<Readonly<{ labels: PeerLabels; value: number }>>,
  merge: (a: number, b: number) => number,
): Iterable<Sample<'peer' | 'vrf'>> {
  const byLabels = new Map<string, [PeerLabels, number]>()
  for (const { labels, value } of samples) {
    const known = byLabels.get(`${labels.vrf ?? ''} ${labels.peer}`)
    if (known) known[1] = merge(known[1], value)
    else byLabels.set(`${labels.vrf ?? ''} ${labels.peer}`, [labels, value])
  }
  return byLabels.values()
}

function bracketed(address: string): string {
  return address.includes(':') ? `[${address}]` : address
}
