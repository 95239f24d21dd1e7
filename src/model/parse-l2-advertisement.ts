// SPDX-License-Identifier: Apache-2.0
import type { KubeObject } from '../lib/object.ts'
import type { L2Advertisement } from './advertisement.ts'
import type { Attachment } from './attach.ts'
import type { Node } from './node.ts'
import { parseSelector, parseSelectors } from './parse-selector.ts'
import type { Pool } from './pool.ts'
import type { Reporter } from './report.ts'
import type { L2AdvertisementSpec } from './resources.generated.ts'
import { selectNodes, selectPools } from './select.ts'
import { matches, type Selector } from './selector.ts'

export type L2Context = Readonly<{ pools: readonly Pool[]; nodes: ReadonlyMap<string, Node> }>

type Preference = Readonly<{ weight: number; selector: Selector }>

export function parseL2Advertisement(
  object: KubeObject,
  { pools, nodes }: L2Context,
  reporter: Reporter,
): Attachment<L2Advertisement> {
  const spec = (object.spec ?? {}) as L2AdvertisementSpec
  const eligible = selectNodes(parseSelectors(spec.nodeSelectors, 'spec.nodeSelectors', reporter), nodes)
  const preferences = (spec.preferredNodeSelectors ?? []).map(({ weight, preference }, index) => {
    const field = `spec.preferredNodeSelectors[${index}].preference`
    return { weight, selector: parseSelector(preference, field, reporter) }
  })
  const advertisement = {
    name: object.metadata.name,
    nodes: eligible,
    interfaces: spec.interfaces ?? [],
    serviceSelectors: parseSelectors(spec.serviceSelectors, 'spec.serviceSelectors', reporter),
    scores: score(preferences, eligible, nodes),
  }
  return { advertisement, pools: selectPools(spec, pools, reporter) }
}

/** Sum of the weights that an eligible node gains; nodes that gain nothing are left out. */
function score(
  preferences: readonly Preference[],
  eligible: ReadonlySet<string>,
  nodes: ReadonlyMap<string, Node>,
): ReadonlyMap<string, number> {
  const scores = new Map<string, number>()
  if (preferences.length === 0) return scores
  for (const name of eligible) {
    const labels = nodes.get(name)?.labels ?? {}
    const sum = preferences.reduce((total, { weight, selector }) => total + (matches(selector, labels) ? weight : 0), 0)
    if (sum > 0) scores.set(name, sum)
  }
  return scores
}
