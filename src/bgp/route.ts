// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { type Cidr, sameCidr } from '../lib/prefix.ts'

/** A prefix as it is offered to one session, before the session adds its own AS path and next hop. */
export type Route = Readonly<{
  prefix: Cidr
  /** What the advertisement asks for; travels to internal peers only. Null: unset. */
  localPref: number | null
  /** RFC 1997 values, ascending. */
  communities: readonly number[]
  /** RFC 8092 values as `A:B:C`, ascending by number. */
  largeCommunities: readonly string[]
  med: number | null
  /** ASNs put after our own. */
  prepend: readonly number[]
}>

/** What a route says beside its prefix. */
export type Path = Omit<Route, 'prefix'>

/**
 * The one route for a prefix that several advertisements or several Services send to the same session: all their
 * communities, the highest localPref, the lowest MED and the longest prepend. What is unset has no say.
 * The order of uniting does not matter. Both routes have the same prefix.
 */
export function uniteRoutes(a: Route, b: Route): Route {
  assert(sameCidr(a.prefix, b.prefix), 'only routes for one prefix can be united')
  return { prefix: a.prefix, ...unitePaths([a, b]) }
}

/** What `uniteRoutes` makes of any number of routes for one prefix, at least one; sorts once however many there are. */
export function unitePaths(paths: readonly Path[]): Path {
  const [first, ...others] = paths
  assert(first, 'nothing cannot be united')
  let { localPref, med, prepend } = first
  const communities = new Set(first.communities)
  const largeCommunities = new Set(first.largeCommunities)
  for (const path of others) {
    localPref = pick(localPref, path.localPref, Math.max)
    med = pick(med, path.med, Math.min)
    prepend = longerPrepend(prepend, path.prepend)
    for (const value of path.communities) communities.add(value)
    for (const value of path.largeCommunities) largeCommunities.add(value)
  }
  return {
    localPref,
    communities: [...communities].toSorted((one, other) => one - other),
    largeCommunities: [...largeCommunities].toSorted(compareLarge),
    med,
    prepend,
  }
}

/** Text that is the same for two paths exactly when they say the same. */
export function pathKey({ localPref, med, communities, largeCommunities, prepend }: Path): string {
  return `${localPref}|${med}|${communities.join(' ')}|${largeCommunities.join(' ')}|${prepend.join(' ')}`
}

/** Whether sending `b` after `a` would tell the peer nothing new. */
export function routesEqual(a: Route, b: Route): boolean {
  return (
    sameCidr(a.prefix, b.prefix) &&
    a.localPref === b.localPref &&
    a.med === b.med &&
    sameList(a.communities, b.communities) &&
    sameList(a.largeCommunities, b.largeCommunities) &&
    sameList(a.prepend, b.prepend)
  )
}

function compareLarge(a: string, b: string): number {
  const right = b.split(':')
  for (const [at, part] of a.split(':').entries()) {
    const difference = Number(part) - Number(right[at])
    if (difference !== 0) return difference
  }
  return 0
}

function pick(a: number | null, b: number | null, better: (a: number, b: number) => number): number | null {
  if (a === null || b === null) return a ?? b
  return better(a, b)
}

/** Of two equally long ones the numerically lower, so that the result does not depend on who came first. */
function longerPrepend(a: readonly number[], b: readonly number[]): readonly number[] {
  if (a.length !== b.length) return a.length > b.length ? a : b
  const at = a.findIndex((asn, index) => asn !== b[index])
  return (a[at] ?? 0) <= (b[at] ?? 0) ? a : b
}

function sameList<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((item, at) => item === b[at])
}
