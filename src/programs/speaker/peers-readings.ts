// SPDX-License-Identifier: Apache-2.0
/** What the looking glass and the metrics read of a running speaker; reading costs, keeping nothing does not. */
import type { Diag, State } from '../../bfd/codec.ts'
import type { PeerView } from '../../bgp/peer-setup.ts'
import type { HeldRoute, SentRoute } from '../../bgp/rib.ts'
import type { BfdSessionCounters } from '../../lib/bfd-reflex.ts'
import type { Cidr } from '../../lib/prefix.ts'
import type { Peer } from '../../model/peer.ts'

/** What of a BGPPeer people want to see beside its session. Its password is none of it. */
export type ConfiguredPeer = Pick<
  Peer,
  | 'address'
  | 'interface'
  | 'port'
  | 'vrf'
  | 'myAsn'
  | 'localAsn'
  | 'remoteAs'
  | 'bfdProfile'
  | 'passive'
  | 'ebgpMultiHop'
  | 'ttlSecurityHops'
>

/** A BFD session with the peers of this name or these names. */
export type BfdReading = Readonly<{
  names: readonly string[]
  address: string
  local: string | null
  /** The interface, where the address needs one, or the device of a VRF. */
  link: string | null
  profile: string
  state: State
  diag: Diag
  remoteState: State
  remoteDiag: Diag
  /** As negotiated: between our packets, and of silence that ends the session; 0: none. */
  intervalMs: number
  detectMs: number
  localDiscriminator: number
  /** 0: not known. */
  remoteDiscriminator: number
  /** Of this state, in milliseconds since 1970. */
  sinceMs: number
  upEvents: number
  downEvents: number
  counters: BfdSessionCounters
}>

export type PeerReadings = Readonly<{
  node: string
  peers(): Iterable<PeerView>
  /** The BGPPeer of this name; undefined where it is gone. */
  configured(name: string): ConfiguredPeer | undefined
  sent(name: string): Iterable<SentRoute>
  held(name: string): Iterable<HeldRoute>
  bfd(): Iterable<BfdReading>
  /** Services (`namespace/name`) whose prefix it is; absent where nobody keeps that. */
  services?(prefix: Cidr): Iterable<string>
}>
