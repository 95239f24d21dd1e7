// SPDX-License-Identifier: Apache-2.0
/** Pools whose addresses belong to others, are too many, or reach nobody. */
import { compareIp, formatIp, type Ip } from '../../../lib/ip.ts'
import type { KubeObject } from '../../../lib/object.ts'
import type { Range } from '../../../lib/prefix.ts'
import type { Problem } from '../../../lib/problem.ts'
import type { AddressBlock, Pool } from '../../../model/pool.ts'
import type { IPAddressPoolSpec } from '../../../model/resources.generated.ts'
import { list, quote } from '../../../model/wording.ts'
import { metallbObjects, type Subject, type Words, warning } from './subject.ts'

/** A /16: no layer 2 network is larger. */
const MOST_ON_LAYER_2 = 65_536n

type Owned = Readonly<{ ip: Ip; node: string }>

/** Warnings about pools, in the order of their names. */
export function* poolWarnings(subject: Subject): Generator<Problem> {
  const objects = new Map(metallbObjects(subject, 'IPAddressPool').map((object) => [object.metadata.name, object]))
  const nodes = nodeAddresses(subject)
  for (const pool of subject.draft.model.pools) {
    const object = objects.get(pool.name)
    if (!object) continue
    const positions = positionsOf(object)
    for (const block of pool.blocks) {
      const field = `spec.addresses[${positions.get(block.text) ?? 0}]`
      for (const words of blockFlaws(block, pool, { subject, nodes })) yield warning(object, { field, ...words })
    }
    if (isUnadvertised(pool, subject)) {
      const message = `nothing advertises pool ${pool.name}, so its addresses reach nobody; add an L2Advertisement or a BGPAdvertisement for it`
      yield warning(object, { field: 'metadata.name', code: 'unadvertisedPool', message })
    }
  }
}

type Context = Readonly<{ subject: Subject; nodes: readonly Owned[] }>

function* blockFlaws(
  { text, range }: AddressBlock,
  pool: Pool,
  { subject, nodes }: Context,
): Generator<Omit<Words, 'field'>> {
  const owned = within(nodes, range)
  if (owned.length > 0) {
    const whose = list(owned.map(({ ip, node }) => `${formatIp(ip)} of Node ${node}`))
    const message = `${quote(text)} contains ${whose}; a Service that gets such an address takes the node off the network, so leave it out`
    yield { code: 'poolOverlapsNode', message }
  }
  for (const network of subject.networks) {
    if (!overlap(range, network.range)) continue
    const message = `${quote(text)} overlaps the ${network.use} network ${network.text}; take addresses that nothing in the cluster uses`
    yield { code: 'poolOverlapsNetwork', message }
  }
  const size = range.last - range.first + 1n
  if (range.family === 'ipv4' && size > MOST_ON_LAYER_2 && subject.draft.model.l2ByPool.has(pool.name)) {
    const message = `${quote(text)} has ${size} addresses, more than any layer 2 network (a /16 has 65536); is the prefix length right?`
    yield { code: 'largeL2Pool', message }
  }
}

/** An advertisement that cannot be used may be for any pool. */
function isUnadvertised({ name }: Pool, { draft, unusable }: Subject): boolean {
  if (unusable.has('L2Advertisement') || unusable.has('BGPAdvertisement')) return false
  return !draft.model.l2ByPool.has(name) && !draft.model.bgpByPool.has(name)
}

function nodeAddresses({ draft }: Subject): readonly Owned[] {
  const owned = [...draft.model.nodes.values()].flatMap(({ name, addresses }) =>
    addresses.map((ip) => ({ ip, node: name })),
  )
  return owned.toSorted((a, b) => compareIp(a.ip, b.ip))
}

/** Those of a sorted list that are in the range. */
function within(sorted: readonly Owned[], { family, first, last }: Range): readonly Owned[] {
  const start = lowerBound(sorted, { family, bits: first })
  const end = lowerBound(sorted, { family, bits: last + 1n })
  return sorted.slice(start, end)
}

function lowerBound(sorted: readonly Owned[], ip: Ip): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    const at = sorted[middle]
    if (at && compareIp(at.ip, ip) < 0) low = middle + 1
    else high = middle
  }
  return low
}

function overlap(a: Range, b: Range): boolean {
  return a.family === b.family && a.first <= b.last && b.first <= a.last
}

/** Where each entry stands: those that cannot be read are missing from the pool. */
function positionsOf({ spec }: KubeObject): ReadonlyMap<string, number> {
  const { addresses = [] } = (spec ?? {}) as Partial<IPAddressPoolSpec>
  return new Map(addresses.map((text, index) => [text, index]))
}
