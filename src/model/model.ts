// SPDX-License-Identifier: Apache-2.0
import type { BgpAdvertisement, L2Advertisement } from './advertisement.ts'
import type { BfdProfile } from './bfd-profile.ts'
import type { Node } from './node.ts'
import type { Peer } from './peer.ts'
import type { Pool } from './pool.ts'
import type { PoolIndex } from './pool-index.ts'

/** One checked configuration: everything in it is consistent, and every selector over pools and nodes is resolved. */
export type Model = Readonly<{
  /** By name, the order of every tie. */
  pools: readonly Pool[]
  poolIndex: PoolIndex
  l2ByPool: ReadonlyMap<string, readonly L2Advertisement[]>
  bgpByPool: ReadonlyMap<string, readonly BgpAdvertisement[]>
  /** By name. */
  peers: readonly Peer[]
  bfdProfiles: ReadonlyMap<string, BfdProfile>
  nodes: ReadonlyMap<string, Node>
}>
