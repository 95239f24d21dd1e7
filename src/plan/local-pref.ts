// SPDX-License-Identifier: Apache-2.0
import type { BgpAdvertisement } from '../model/advertisement.ts'
import type { Pool } from '../model/pool.ts'

export type Conflict = readonly [BgpAdvertisement, BgpAdvertisement]

/**
 * Two advertisements that would give one prefix two different localPrefs at one peer, or null. `ads` are those that
 * one node makes for one Service of `pool`, so that they share a node and a Service already.
 */
export function localPrefConflict(ads: readonly BgpAdvertisement[], pool: Pool): Conflict | null {
  for (const [at, a] of ads.entries()) {
    const b = ads.slice(at + 1).find((other) => {
      return a.localPref !== other.localPref && sharePeer(a, other) && !aggregateApart(a, other, pool)
    })
    if (b) return [a, b]
  }
  return null
}

/** An empty list of peers means all of them. */
function sharePeer(a: BgpAdvertisement, b: BgpAdvertisement): boolean {
  return a.peers.size === 0 || b.peers.size === 0 || [...a.peers].some((peer) => b.peers.has(peer))
}

/** Advertisements are apart when their prefixes differ in every family that the pool has. */
function aggregateApart(a: BgpAdvertisement, b: BgpAdvertisement, { blocks }: Pool): boolean {
  return blocks.every(({ range }) =>
    range.family === 'ipv4'
      ? a.aggregationLength !== b.aggregationLength
      : a.aggregationLengthV6 !== b.aggregationLengthV6,
  )
}
