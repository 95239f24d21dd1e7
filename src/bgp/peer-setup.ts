// SPDX-License-Identifier: Apache-2.0
/** A peer of this node as the speaker of this folder is told of it, and what it tells of it. */
import type { PeerDial } from '../lib/peer-sockets.ts'
import type { SocketAddress } from '../lib/sockets.ts'
import type { OwnAddresses } from './attributes.ts'
import type { Config } from './negotiate.ts'
import type { Counts } from './rib.ts'
import type { SessionView } from './view.ts'

/** Why a peer is not dialled, by a code of docs/errors.md and in words. */
export type Withheld = Readonly<{
  reason: 'sourceAddressMissing' | 'noNeighbour' | 'interfaceMissing' | 'waitsForBfd' | 'nodeLeaving'
  message: string
}>

/** Where the peer is and how it is reached, or why it cannot be. */
export type Reach =
  | Readonly<{ dial: Omit<PeerDial, 'timeoutMs'>; withheld: null }>
  | Readonly<{ dial: null; withheld: Withheld }>

export type PeerSetup = Readonly<{ name: string; config: Config; reach: Reach }>

/** `withheld` null: it is dialled, or waits to be dialled. */
export type PeerView = Readonly<{
  name: string
  /** Where it is, as far as it is known. */
  to: SocketAddress | null
  withheld: Withheld | null
  session: SessionView
  routes: Counts
  /** Routes in UPDATEs that came in, since the session is up; none is used. */
  received: Readonly<{ announced: number; withdrawn: number }>
}>

export type PeerEvent =
  | Readonly<{ type: 'up'; peer: string; local: SocketAddress | null }>
  /** It was Established. */
  | Readonly<{ type: 'down'; peer: string; why: string }>
  /** It was not; it will be tried again. */
  | Readonly<{ type: 'failed'; peer: string; why: string }>

/** Next hops of ours for this peer, who talks to `local`. */
export type OwnAddressesOf = (peer: string, local: SocketAddress) => OwnAddresses
