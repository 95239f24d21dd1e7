// SPDX-License-Identifier: Apache-2.0
import type { Ip } from '../lib/ip.ts'

/** A BGPPeer of either version, checked, with its Secret read and its nodes resolved. Null: the engine's default. */
export type Peer = Readonly<{
  name: string
  myAsn: number
  /** A fixed number, or any number that is (not) ours. */
  remoteAs: number | 'internal' | 'external'
  localAsn: number | null
  /** Exactly one of an address and an interface (unnumbered). */
  address: Ip | null
  interface: string | null
  sourceAddress: Ip | null
  port: number
  holdMs: number | null
  keepaliveMs: number | null
  connectMs: number | null
  routerId: Ip | null
  nodes: ReadonlySet<string>
  password: string | null
  bfdProfile: string | null
  gracefulRestart: Readonly<{ restartMs: number }> | null
  ebgpMultiHop: boolean
  vrf: string | null
  dualStackAddressFamily: boolean
  passive: boolean
  ttlSecurityHops: number | null
}>

/** Whether the peer is in the AS that it sees us in (iBGP). */
export function isInternal({ remoteAs, localAsn, myAsn }: Peer): boolean {
  return remoteAs === 'internal' || remoteAs === (localAsn ?? myAsn)
}
