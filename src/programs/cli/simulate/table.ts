// SPDX-License-Identifier: Apache-2.0
/** The same facts for a person: what changes first, then problems, Services, and pools. */
import type { Problem } from '../../../lib/problem.ts'
import { type Row, section } from '../../text-table.ts'
import { printable } from '../check/report.ts'
import type { Announced, BgpRow } from './announcements.ts'
import type { Assigned } from './assignment.ts'
import { type Change, changesOf } from './changes.ts'
import type { Result } from './simulation.ts'

/** Nodes named in a cell; the JSON has all of them. */
const NAMED = 3

/** Pieces of text, each a section. */
export function* tableOf(result: Result): Generator<string> {
  const { problems, configured, scene, before, pools, ignored } = result
  if (before)
    yield section('CHANGES', ['SERVICE', 'WHAT', 'BEFORE', 'AFTER'], changeRows([...changesOf(before, scene)]))
  if (problems.length > 0) yield `PROBLEMS\n${problems.map(sentence).join('')}\n`
  if (!configured)
    yield 'The configuration has errors, so it is not used; the last valid one, if there is one, stays in use.\n\n'
  const rows = [...scene.services.values()].flatMap((one) => serviceRows(one, scene.announcements.of(one)))
  yield section('SERVICES', ['SERVICE', 'ADDRESS', 'POOL', 'ANNOUNCED'], rows)
  const fills = pools.map(({ name, ...count }) => [
    name,
    fill(count.assignedIPv4, count.availableIPv4),
    fill(count.assignedIPv6, count.availableIPv6),
  ])
  yield section('POOLS', ['POOL', 'IPV4 IN USE', 'IPV6 IN USE'], fills)
  const others = [...ignored].map(([kind, count]) => `${count} ${kind}`)
  if (others.length > 0) yield `Not looked at: ${printable(others.toSorted().join(', '))}.\n`
}

/** Counters that end at the largest int64 stand for pools without end (IPv6). */
function fill(assigned: bigint, available: bigint): string {
  const capacity = assigned + available
  return `${assigned} of ${capacity === 2n ** 63n - 1n ? 'more than can be used' : capacity}`
}

function changeRows(changes: readonly Change[]): Row[] {
  return changes.map((change) => {
    const side = (at: 'before' | 'after'): string => (change[at] === null ? '(no Service)' : cell(change, at))
    return [`${change.namespace}/${change.name}`, change.what, side('before'), side('after')]
  })
}

function cell(change: Change, side: 'before' | 'after'): string {
  switch (change.what) {
    case 'address':
      return change[side]?.join(', ') || 'none'
    case 'l2Node':
      return change[side]?.map(({ ip, node }) => `${ip} on ${node}`).join(', ') || 'none'
    case 'routes':
      return routesText(change[side] ?? []) || 'none'
  }
}

function serviceRows({ service, handled, ips, pool, refusal }: Assigned, announced: Announced): Row[] {
  const address = ips.join(', ') || (handled ? 'refused' : 'none')
  const ways = handled ? announcementTexts(announced) : ['of another class, left alone']
  const reasons = refusal ? [`${refusal.code}: ${refusal.message}`] : []
  const [first = '', ...rest] = ips.length > 0 || !handled ? [...ways, ...reasons] : reasons
  return [[service.key, address, pool ?? '', first], ...rest.map((text) => ['', '', '', text])]
}

function announcementTexts({ l2, bgp, silent }: Announced): string[] {
  const owners = new Map(l2.map((row) => [row.node, row.interfaces]))
  const answers = [...owners].map(([node, names]) => {
    return `layer 2: ${node}${names === 'all' ? '' : ` on ${names.join(', ')}`}`
  })
  const routes = bgp.length === 0 ? [] : [`bgp: ${routesText(bgp)}`]
  const ways = [...answers, ...routes]
  return ways.length > 0
    ? ways
    : [`by nobody: ${[...new Set(silent.map(({ protocol, reason }) => `${protocol} ${reason}`))].join(', ')}`]
}

function routesText(rows: readonly BgpRow[]): string {
  const nodesOf = new Map<string, string[]>()
  for (const { node, peer, prefix, communities, largeCommunities, localPref, med, prepend } of rows) {
    const extras = [
      ...communities,
      ...largeCommunities,
      ...(localPref === null ? [] : [`localPref ${localPref}`]),
      ...(med === null ? [] : [`med ${med}`]),
      ...(prepend.length === 0 ? [] : [`prepend ${prepend.join(' ')}`]),
    ]
    const route = `${prefix} to ${peer}${extras.length === 0 ? '' : ` (${extras.join(', ')})`}`
    nodesOf.set(route, [...(nodesOf.get(route) ?? []), node])
  }
  return [...nodesOf].map(([route, nodes]) => `${route} from ${few(nodes)}`).join('; ')
}

function few(names: readonly string[]): string {
  if (names.length <= NAMED) return names.join(', ')
  return `${names.slice(0, NAMED).join(', ')} and ${names.length - NAMED} more`
}

function sentence({ severity, object, field, code, message, file = '', line }: Problem): string {
  const where = line === undefined ? file : `${file}:${line}`
  const what = [object.kind, object.name, field].filter((word) => word !== '').join(' ')
  return `  ${severity} ${printable([where, what].filter((word) => word !== '').join(' '))}: ${printable(message)} (${code})\n`
}
