// SPDX-License-Identifier: Apache-2.0
/** What a member of the ring is given, and what it gives. */
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { Network, SocketAddress } from '../lib/sockets.ts'
import type { GossipConfig } from './config.ts'
import type { Member, MemberView } from './member.ts'
import type { GossipDrop } from './messages.ts'

export type GossipOptions = Readonly<{
  /** The Kubernetes node's. */
  name: string
  /** UDP and TCP; port 0 takes one that is free for both. */
  bind: SocketAddress
  /** What others are told; `bind` by default, which then is no 0.0.0.0 or ::. */
  advertise?: SocketAddress
  config: GossipConfig
  key: Uint8Array | null
  /** '' is none. */
  label: string
  /** 512 bytes at most. */
  meta: Uint8Array
  network: Network
  clock: Clock
  random: () => number
  log: Log
  /** Another one joined, is suspected, failed, left, came back, or changed its metadata. */
  onChange(member: MemberView): void
  /** Somebody took us for dead; the protest is out. */
  onAccused?(from: string): void
  hasProofOfLife(name: string): boolean
  /** Members taken for alive from the start, without saying so to anybody. */
  known?: readonly Omit<Member, 'state' | 'sinceMs'>[]
  /** MetalLB's by default; memberlist takes nobody whose delegate version it does not know. */
  versions?: Uint8Array
}>

export type GossipCounters = Readonly<{
  drops: Readonly<Record<GossipDrop, number>>
  sent: number
  received: number
  healthScore: number
  queued: number
}>

/** Membership in a ring. */
export type Gossip = Readonly<{
  /** Where it is bound. */
  local: SocketAddress
  /** Tells these what we know and hears what they know, all at the same time; how many answered. Never rejects. */
  join(peers: readonly SocketAddress[]): Promise<number>
  /** All known ones, ourselves too, and the dead until they are forgotten. */
  members(): readonly MemberView[]
  /** A new incarnation of ourselves, told at once. */
  setMeta(meta: Uint8Array): void
  /** Somebody who watches closer found it dead: believed here and told at once. */
  declareDead(name: string): void
  /** Exchanges all that is known with a live member, or several; false: none of them answered. */
  resync(): Promise<boolean>
  /** Tells all that we leave. Resolves when that is sent, or after `timeoutMs`; answering goes on until `close`. */
  leave(timeoutMs: number): Promise<void>
  /** Says nothing to anybody: for the others we are dead then, unless we have left. */
  close(): void
  counters(): GossipCounters
}>
