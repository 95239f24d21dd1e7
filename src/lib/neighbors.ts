// SPDX-License-Identifier: Apache-2.0
/**
 * Answering ARP and neighbour discovery, as Layer 2 sees it. `os/` implements this on Linux, `test/sim/` in memory, and
 * `test/contract/` holds both to the same suite.
 */
import type { Link } from './net.ts'

/** `arp` is IPv4's, `ndp` IPv6's neighbour discovery. */
export type NeighborProtocol = 'arp' | 'ndp'

/** Which protocol speaks of an address in canonical text (lib/ip.ts). */
export function protocolOf(ip: string): NeighborProtocol {
  return ip.includes(':') ? 'ndp' : 'arp'
}

/** Where an address is answered, by index of the link. */
export type Reach = 'all' | readonly number[]

/** An address in canonical text, and where it is answered from now on; null: nowhere, it is no longer ours. */
export type ReachChange = Readonly<{ ip: string; reach: Reach | null }>

export const ARP_DROPS = [
  'operation',
  'destination',
  'notAnnounced',
  'notOnInterface',
  'malformed',
  'suspended',
] as const
/**
 * Why a frame got no answer: no request; not sent to us; not our address; not ours on this link; not ARP for IPv4 (or
 * no neighbour discovery, cut off, of a VLAN); paused.
 */
export type ArpDrop = (typeof ARP_DROPS)[number]

export const NDP_DROPS = [...ARP_DROPS, 'hopLimit', 'checksum', 'option', 'source'] as const
/**
 * Besides those of ARP: a hop limit other than 255; a wrong checksum; an option of length 0, that goes on past the end,
 * or has no Ethernet address; an asker who is a group, or has no address yet and still says where it is.
 */
export type NdpDrop = (typeof NDP_DROPS)[number]

export type NeighborDrops = Readonly<{
  arp: Readonly<Record<ArpDrop, number>>
  ndp: Readonly<Record<NdpDrop, number>>
}>

/** Counters since the address was claimed; drops since the start. What the kernel filter keeps away is in neither. */
export type NeighborCounters = Readonly<{
  addresses: readonly Readonly<{ ip: string; requests: number; replies: number }>[]
  drops: NeighborDrops
}>

/** `frame` went out; the link is not attached or down or its queue is full; or nothing may go out until `confirm`. */
export type SendResult = 'sent' | 'lost' | 'suspended'

/** A station with another MAC address than ours says it has one of our addresses, or is about to take it. */
export type NeighborConflict = Readonly<{ ip: string; mac: string; index: number }>

export type NeighborListener = Readonly<{
  /** The process was stopped for `pausedMs` and is silent now: find out what it still owns, then `confirm`. */
  onSuspended(pausedMs: number): void
  /** Rate limited. */
  onConflict(conflict: NeighborConflict): void
}>

/** A link, and what is spoken there. */
export type Attachment = Readonly<{ protocol: NeighborProtocol; index: number }>

/** Answers requests for claimed addresses by itself, whatever else the process does. Calls throw a Fault. */
export interface NeighborReflex {
  listen(listener: NeighborListener): void
  /** Starts answering on a link that has a MAC address; by NDP also one that has an IPv6 link-local address. */
  attach(protocol: NeighborProtocol, link: Link): void
  /** Stops answering there. A link that has vanished meanwhile is no error. */
  detach(at: Attachment): void
  /** Changes the claimed addresses, all of a protocol between two frames. */
  update(changes: readonly ReachChange[]): void
  /** Sends a whole Ethernet frame on an attached link. */
  send(at: Attachment, frame: Uint8Array): SendResult
  /** Ends the silence after `onSuspended`. */
  confirm(): void
  /** Addresses of IPv4 before those of IPv6, each ascending. */
  counters(): NeighborCounters
  /** Forgets every address and stops: nothing is answered after it returns. */
  close(): void
}
