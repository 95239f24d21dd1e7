// SPDX-License-Identifier: Apache-2.0
import type { BgpAdvertisement } from './advertisement.ts'
import type { Attachment } from './attach.ts'
import { type Node, shareNode } from './node.ts'
import type { Pool } from './pool.ts'
import type { Report } from './report.ts'
import { list } from './wording.ts'

/** How many conflicts of one advertisement are named: enough to act on, and a thousand of them stay a few. */
const MOST_NAMED = 4

type Attached = Attachment<BgpAdvertisement>

/**
 * True where two advertisements of `pool` would give one prefix two different localPrefs at one peer. Whether they
 * share a node and a Service is up to the caller.
 */
export function localPrefsClash(a: BgpAdvertisement, b: BgpAdvertisement, pool: Pool): boolean {
  return a.localPref !== b.localPref && sharePeer(a, b) && !aggregateApart(a, b, pool)
}

/**
 * Reports pairs that clash for every Service of a pool, at the one that is later by name. Advertisements with
 * serviceSelectors are only compared when a Service matches both of them.
 */
export function reportLocalPrefs(
  attachments: readonly Attached[],
  nodes: ReadonlyMap<string, Node>,
  report: Report,
): void {
  const unselective = attachments.filter(({ advertisement }) => advertisement.serviceSelectors.length === 0)
  for (const [index, later] of unselective.entries()) {
    const ours = new Set(later.pools)
    let named = 0
    for (const earlier of unselective.slice(0, index)) {
      if (named === MOST_NAMED) break
      const [a, b] = [earlier.advertisement, later.advertisement]
      if (a.localPref === b.localPref || !sharePeer(a, b) || !shareNode(a.nodes, b.nodes, nodes)) continue
      const pools = earlier.pools.filter((pool) => ours.has(pool) && localPrefsClash(a, b, pool))
      if (pools.length === 0) continue
      reportPair(a, b, { pools, report })
      named++
    }
  }
}

function reportPair(
  a: BgpAdvertisement,
  b: BgpAdvertisement,
  { pools, report }: { pools: readonly Pool[]; report: Report },
): void {
  const names = list(pools.map(({ name }) => name))
  const message =
    `BGPAdvertisements ${a.name} (localPref ${a.localPref ?? 'unset'}) and ${b.name} (localPref ${b.localPref ?? 'unset'}) ` +
    `announce the same prefixes of pool ${names} to the same peers from the same nodes; ` +
    'give both one localPref, or different peers, nodes or aggregation lengths'
  report.about('BGPAdvertisement', b.name).error('localPrefConflict', 'spec.localPref', message)
}

/** An empty list of peers means all of them. */
function sharePeer(a: BgpAdvertisement, b: BgpAdvertisement): boolean {
  return a.peers.size === 0 || b.peers.size === 0 || !a.peers.isDisjointFrom(b.peers)
}

/** Prefixes never meet where the lengths differ in every family that the pool has. */
function aggregateApart(a: BgpAdvertisement, b: BgpAdvertisement, { blocks }: Pool): boolean {
  return blocks.every(({ range }) =>
    range.family === 'ipv4'
      ? a.aggregationLength !== b.aggregationLength
      : a.aggregationLengthV6 !== b.aggregationLengthV6,
  )
}
