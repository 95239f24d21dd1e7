// SPDX-License-Identifier: Apache-2.0
/** What the looking glass and the metrics read of a running speaker; reading costs, keeping nothing does not. */
import type { BfdView } from '../../bfd/sessions.ts'
import type { PeerView } from '../../bgp/peer-setup.ts'
import type { HeldRoute, SentRoute } from '../../bgp/rib.ts'
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

/** A BFD session with one or more peers. */
export type BfdReading = BfdView

export type PeerReadings = Readonly<{
  node: string
  peers(): Iterable<PeerView>
  /** The BGPPeer of this name; undefined where it is gone. */
  configured(name: string): ConfiguredPeer | undefined
  sent(name: string): Iterable<SentRoute>
  held(name: string): Iterable<HeldRoute>
  bfd(): Iterable<BfdReading>
  /** BFD packets that were not listened to, by reason; absent where there is no BFD. */
  bfdDropped?(): Readonly<Record<string, number>>
  /** Services (`namespace/name`) whose prefix it is; absent where nobody keeps that. */
  services?(prefix: Cidr): Iterable<string>
}>
