// SPDX-License-Identifier: Apache-2.0
import type { Community } from './community.ts'
import type { Selector } from './selector.ts'

/** An L2Advertisement with its selectors over pools and nodes already resolved. */
export type L2Advertisement = Readonly<{
  name: string
  nodes: ReadonlySet<string>
  /** Empty: every interface. */
  interfaces: readonly string[]
  serviceSelectors: readonly Selector[]
  /** Node name → sum of the weights of preferredNodeSelectors that match; nodes of `nodes` only, absent is 0. */
  scores: ReadonlyMap<string, number>
}>

/** A BGPAdvertisement with its selectors over pools and nodes already resolved. */
export type BgpAdvertisement = Readonly<{
  name: string
  nodes: ReadonlySet<string>
  /** BGPPeer names; empty: all. */
  peers: ReadonlySet<string>
  serviceSelectors: readonly Selector[]
  aggregationLength: number
  aggregationLengthV6: number
  localPref: number | null
  communities: readonly Community[]
  /** extensions.md: `asn` null means myASN of the session. */
  asPrepend: Readonly<{ count: number; asn: number | null }> | null
  med: number | null
}>
