// SPDX-License-Identifier: Apache-2.0
import type { Family } from '../lib/ip.ts'
import type { BgpAdvertisement } from './advertisement.ts'
import type { Attachment } from './attach.ts'
import type { Pool } from './pool.ts'
import type { Report } from './report.ts'
import { quote } from './wording.ts'

const KEYS = { ipv4: 'aggregationLength', ipv6: 'aggregationLengthV6' } as const

/** How many pools are named for one length: enough to act on, also where a thousand pools are too narrow for it. */
const MOST_NAMED = 4

/**
 * Reports advertisements whose prefixes would reach beyond a pool and draw traffic of others to us. Of a range it is
 * enough that one of its prefixes is as wide as the aggregate, as in MetalLB.
 */
export function reportAggregation(attachments: readonly Attachment<BgpAdvertisement>[], report: Report): void {
  for (const { advertisement, pools } of attachments) {
    const reporter = report.about('BGPAdvertisement', advertisement.name)
    for (const family of ['ipv4', 'ipv6'] as const) {
      const flaws = pools.flatMap((pool) => flawOf(advertisement[KEYS[family]], family, pool) ?? [])
      for (const flaw of flaws.slice(0, MOST_NAMED))
        reporter.error('aggregationExceedsPool', `spec.${KEYS[family]}`, flaw)
    }
  }
}

/** What is wrong with announcing the pool in prefixes of `length` bits, told by its narrowest entry; null: nothing. */
function flawOf(length: number, family: Family, pool: Pool): string | null {
  const narrowest = pool.blocks
    .filter(({ range }) => range.family === family)
    .map(({ text, cidrs }) => ({ text, bits: Math.min(...cidrs.map(({ prefixBits }) => prefixBits)) }))
    .reduce<{ text: string; bits: number } | null>((worst, at) => (worst && worst.bits >= at.bits ? worst : at), null)
  if (!narrowest || length >= narrowest.bits) return null
  const { text, bits } = narrowest
  return (
    `${KEYS[family]} ${length} announces more than pool ${pool.name} has: ${quote(text)} has nothing wider than /${bits}; ` +
    `use ${bits} or more, or put the whole /${length} into the pool`
  )
}
