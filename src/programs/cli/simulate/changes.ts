// SPDX-License-Identifier: Apache-2.0
/** What the last step changed, Service by Service. */
import { isDeepStrictEqual } from 'node:util'
import type { BgpRow, L2Row } from './announcements.ts'
import type { Assigned } from './assignment.ts'
import type { Scene } from './simulation.ts'

type Owner = Pick<L2Row, 'ip' | 'node'>

/** `before` or `after` is null where there is no such Service. */
export type Change = Readonly<{ namespace: string; name: string }> &
  (
    | Readonly<{ what: 'address'; before: readonly string[] | null; after: readonly string[] | null }>
    | Readonly<{ what: 'l2Node'; before: readonly Owner[] | null; after: readonly Owner[] | null }>
    | Readonly<{ what: 'routes'; before: readonly BgpRow[] | null; after: readonly BgpRow[] | null }>
  )

/** By namespace and name, then address, l2Node, routes. An added or deleted Service always has its address there. */
export function* changesOf(before: Scene | null, after: Scene): Generator<Change> {
  if (!before) return
  const all = new Map([...before.services, ...after.services])
  const sorted = [...all.values()].toSorted((a, b) => {
    return compare(a.service.namespace, b.service.namespace) || compare(a.service.name, b.service.name)
  })
  for (const { service } of sorted) {
    const [old, now] = [stateIn(before, service.key), stateIn(after, service.key)]
    const { namespace, name } = service
    const of = { namespace, name }
    const isWhole = !old || !now
    if (isWhole || !isDeepStrictEqual(old.ips, now.ips))
      yield { ...of, what: 'address', before: old && old.ips, after: now && now.ips }
    if (!isDeepStrictEqual(old?.owners ?? [], now?.owners ?? []))
      yield { ...of, what: 'l2Node', before: old && old.owners, after: now && now.owners }
    if (!isDeepStrictEqual(old?.routes ?? [], now?.routes ?? []))
      yield { ...of, what: 'routes', before: old && old.routes, after: now && now.routes }
  }
}

type State = Readonly<{ ips: readonly string[]; owners: readonly Owner[]; routes: readonly BgpRow[] }>

function stateIn({ services, announcements }: Scene, key: string): State | null {
  const assigned: Assigned | undefined = services.get(key)
  if (!assigned) return null
  const { l2, bgp } = announcements.of(assigned)
  return { ips: assigned.ips, owners: l2.map(({ ip, node }) => ({ ip, node })), routes: bgp }
}

function compare(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1
}
