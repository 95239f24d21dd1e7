// SPDX-License-Identifier: Apache-2.0
/**
 * The kernel's network as protocols see it. `os/` implements this on Linux, `test/sim/` in memory, and
 * `test/contract/` holds both to the same suite.
 */

/** A network interface. */
export type Link = Readonly<{
  /** The kernel's number for it: new each time an interface of that name is made. */
  index: number
  name: string
  /** Six bytes as `02:00:00:00:00:01`; null for links without an Ethernet address. */
  mac: string | null
  /** Switched on by the administrator. */
  up: boolean
  /** A cable is plugged in, or what stands for one. */
  carrier: boolean
  broadcast: boolean
  noArp: boolean
  /** Frames to a group reach its members. */
  multicast: boolean
  /** Member of a bridge, bond or VRF, whose own interface then does the talking. */
  hasMaster: boolean
  /** An IPv6 link-local address of it that is in use (none that is still being checked for duplicates); canonical text. */
  linkLocal: string | null
}>

/** The links of this network namespace. */
export interface Links {
  /** All of them as of the last change. */
  list(): readonly Link[]
  /** Calls back after each change, once for changes that come together. Listeners stay until `close`. */
  onChange(listener: () => void): void
  close(): void
}

/** Where an address is answered, by index of the link. */
export type Reach = 'all' | readonly number[]

/** An IPv4 address as a 32-bit number, and where it is answered from now on; null: nowhere, it is no longer ours. */
export type ArpChange = Readonly<{ ip: number; reach: Reach | null }>

export const ARP_DROPS = [
  'operation',
  'destination',
  'notAnnounced',
  'notOnInterface',
  'malformed',
  'suspended',
] as const
/** Why a frame got no answer: no request; not sent to us; not our address; not ours on this link; not ARP for IPv4; paused. */
export type ArpDrop = (typeof ARP_DROPS)[number]

/** Counters since the address was claimed; drops since the start. What the kernel filter keeps away is in neither. */
export type ArpCounters = Readonly<{
  addresses: readonly Readonly<{ ip: number; requests: number; replies: number }>[]
  drops: Readonly<Record<ArpDrop, number>>
}>

/** `frame` went out; the link is not attached or down or its queue is full; or nothing may go out until `confirm`. */
export type SendResult = 'sent' | 'lost' | 'suspended'

export type ArpListener = Readonly<{
  /** The process was stopped for `pausedMs` and is silent now: find out what it still owns, then `confirm`. */
  onSuspended(pausedMs: number): void
  /** A station with another MAC address than ours says it has one of our addresses. Rate limited. */
  onConflict(conflict: Readonly<{ ip: number; mac: string; index: number }>): void
}>

/** Answers ARP requests for claimed addresses by itself, whatever else the process does. Calls throw a Fault. */
export interface ArpReflex {
  listen(listener: ArpListener): void
  /** Starts answering on a link that has a MAC address. */
  attach(link: Link): void
  /** Stops answering there. A link that has vanished meanwhile is no error. */
  detach(index: number): void
  /** Changes the claimed addresses, all between two frames. */
  update(changes: readonly ArpChange[]): void
  /** Sends a whole Ethernet frame on an attached link. */
  send(index: number, frame: Uint8Array): SendResult
  /** Ends the silence after `onSuspended`. */
  confirm(): void
  counters(): ArpCounters
  /** Forgets every address and stops: nothing is answered after it returns. */
  close(): void
}
