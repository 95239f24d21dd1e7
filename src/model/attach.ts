// SPDX-License-Identifier: Apache-2.0
import type { BgpAdvertisement, L2Advertisement } from './advertisement.ts'
import type { Pool } from './pool.ts'

/** An advertisement and the pools that it is for. */
export type Attachment<A> = Readonly<{ advertisement: A; pools: readonly Pool[] }>

type ByPool<A> = ReadonlyMap<string, readonly A[]>

/** Advertisements of each pool, by name of the pool. An advertisement is attached once, however often it selects it. */
export function attachBgp(attachments: readonly Attachment<BgpAdvertisement>[]): ByPool<BgpAdvertisement> {
  return attach(attachments, ({ name }) => name)
}

/**
 * The same for layer 2, where identical advertisements count as one. Those that prefer nodes always count each: their
 * scores add up.
 */
export function attachL2(attachments: readonly Attachment<L2Advertisement>[]): ByPool<L2Advertisement> {
  return attach(attachments, (advertisement) =>
    advertisement.scores.size > 0 ? advertisement.name : effectOf(advertisement),
  )
}

function attach<A>(attachments: readonly Attachment<A>[], identity: (advertisement: A) => string): ByPool<A> {
  const pools = new Map<string, Map<string, A>>()
  for (const { advertisement, pools: chosen } of attachments) {
    const key = identity(advertisement)
    for (const { name } of chosen) {
      const attached = pools.get(name) ?? new Map<string, A>()
      if (!attached.has(key)) attached.set(key, advertisement)
      pools.set(name, attached)
    }
  }
  return new Map([...pools].map(([name, attached]) => [name, [...attached.values()]]))
}

/** JSON is never the name of an object. */
function effectOf({ nodes, interfaces, serviceSelectors }: L2Advertisement): string {
  const selectors = serviceSelectors.map((selector) => JSON.stringify(selector)).toSorted()
  return JSON.stringify([[...nodes].toSorted(), [...new Set(interfaces)].toSorted(), selectors])
}
