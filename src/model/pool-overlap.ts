// SPDX-License-Identifier: Apache-2.0
import type { Range } from '../lib/prefix.ts'
import type { ParsedPool } from './parse-pool.ts'
import type { Report } from './report.ts'
import { list, quote } from './wording.ts'

type Entry = Readonly<{ range: Range; text: string; pool: string; field: string; order: number }>

/** How many overlaps of one entry are named: enough to act on, and it keeps hostile lists from being quadratic. */
const MOST_NAMED = 4

/**
 * Reports entries that overlap an earlier one of the same or an earlier pool (by name). Sweeps the entries by first
 * address and compares each only with those that reach furthest: O(n log n), and no entry that overlaps goes unseen.
 */
export function reportOverlaps(pools: readonly ParsedPool[], report: Report): void {
  const overlaps = new Map<Entry, Entry[]>()
  let reaching: readonly Entry[] = []
  for (const entry of entriesOf(pools).toSorted(byRange)) {
    for (const other of reaching) {
      if (other.range.family !== entry.range.family || other.range.last < entry.range.first) continue
      const [earlier, later] = other.order < entry.order ? [other, entry] : [entry, other]
      const found = overlaps.get(later)
      if (found) found.push(earlier)
      else overlaps.set(later, [earlier])
    }
    reaching = [...reaching.filter(({ range }) => range.family === entry.range.family), entry]
      .toSorted((a, b) => (a.range.last < b.range.last ? 1 : -1))
      .slice(0, MOST_NAMED)
  }
  for (const [later, earlier] of [...overlaps].toSorted(([a], [b]) => a.order - b.order)) {
    report.about('IPAddressPool', later.pool).error('poolOverlap', later.field, describe(later, earlier))
  }
}

function entriesOf(pools: readonly ParsedPool[]): Entry[] {
  let order = 0
  return pools.flatMap(({ pool, positions }) =>
    pool.blocks.map(({ range, text }, index) => {
      return { range, text, pool: pool.name, field: `spec.addresses[${positions[index]}]`, order: order++ }
    }),
  )
}

function byRange(a: Entry, b: Entry): number {
  if (a.range.family !== b.range.family) return a.range.family === 'ipv4' ? -1 : 1
  if (a.range.first === b.range.first) return a.order - b.order
  return a.range.first < b.range.first ? -1 : 1
}

function describe(later: Entry, earlier: readonly Entry[]): string {
  const others = earlier
    .toSorted((a, b) => a.order - b.order)
    .map(({ text, pool }) =>
      pool === later.pool ? `${quote(text)} of the same pool` : `${quote(text)} of pool ${pool}`,
    )
  return `${quote(later.text)} of pool ${later.pool} overlaps ${list(others)}; every address may be in one pool only once`
}
