// SPDX-License-Identifier: Apache-2.0

import { reportDuplicates } from './duplicates.ts'
import type { Node } from './node.ts'
import { parseSelectors } from './parse-selector.ts'
import type { Pool } from './pool.ts'
import type { Reporter } from './report.ts'
import type { L2AdvertisementSpec } from './resources.generated.ts'
import { matchesAny, type Selector } from './selector.ts'
import { alternatives, shorten } from './wording.ts'

/** Names of the nodes that match; without selectors all nodes. */
export function selectNodes(selectors: readonly Selector[], nodes: ReadonlyMap<string, Node>): ReadonlySet<string> {
  const names = new Set<string>()
  for (const { name, labels } of nodes.values()) if (matchesAny(selectors, labels)) names.add(name)
  return names
}

type PoolChoice = Pick<L2AdvertisementSpec, 'ipAddressPools' | 'ipAddressPoolSelectors'>

/** Pools that an advertisement is for: by name or by label; all of them only where it has neither names nor selectors. */
export function selectPools(spec: PoolChoice, pools: readonly Pool[], reporter: Reporter): readonly Pool[] {
  const names = readNames(spec.ipAddressPools, 'spec.ipAddressPools', reporter)
  const selectors = parseSelectors(spec.ipAddressPoolSelectors, 'spec.ipAddressPoolSelectors', reporter)
  const known = new Set(pools.map(({ name }) => name))
  reportUnknown(names, known, { field: 'spec.ipAddressPools', code: 'unknownPool', kind: 'IPAddressPool', reporter })
  if (names.length === 0 && selectors.length === 0) return pools
  const named = new Set(names)
  return pools.filter(({ name, labels }) => named.has(name) || (selectors.length > 0 && matchesAny(selectors, labels)))
}

/** A list of names in which each counts once. */
export function readNames(given: readonly string[] | undefined, field: string, reporter: Reporter): readonly string[] {
  const names = given ?? []
  reportDuplicates(names, field, { reporter, what: 'this name' })
  return names
}

/** Warns of names that nothing has: they are ignored, which is rarely what was meant. */
export function reportUnknown(
  names: readonly string[],
  known: ReadonlySet<string>,
  as: { field: string; code: 'unknownPool' | 'unknownPeer'; kind: string; reporter: Reporter },
): void {
  if (names.every((name) => known.has(name))) return
  const sorted = [...known].toSorted()
  for (const [index, name] of names.entries()) {
    if (known.has(name)) continue
    const cure = alternatives(name, sorted, `${as.kind}s`)
    as.reporter.warning(
      as.code,
      `${as.field}[${index}]`,
      `there is no ${as.kind} ${shorten(name)}, so this name has no effect; ${cure}`,
    )
  }
}
