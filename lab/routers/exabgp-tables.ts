// SPDX-License-Identifier: Apache-2.0
/** What ExaBGP tells as JSON, one line for each message and change of state; it keeps no table, so this does. */
import type { Family, SeenRoute, SeenSession } from './router.ts'

type Nlri = Readonly<{ nlri: string }>
type Attributes = Readonly<{
  origin?: string
  'as-path'?: readonly number[]
  med?: number
  'local-preference'?: number
  community?: readonly (readonly number[])[]
  'large-community'?: readonly (readonly number[])[]
}>
type Message = Readonly<{
  update?: Readonly<{
    attribute?: Attributes
    announce?: Readonly<Record<string, Readonly<Record<string, readonly Nlri[]>>>>
    withdraw?: Readonly<Record<string, readonly Nlri[]>>
  }>
  eor?: Readonly<{ afi: Family }>
}>
type Line = Readonly<{
  neighbor: Readonly<{ address: Readonly<{ peer: string }>; state?: string; message?: Message }>
}>

export type Told = Readonly<{ routes: readonly SeenRoute[]; sessions: ReadonlyMap<string, SeenSession> }>

/** What follows from all lines together. */
export function exabgpTold(text: string): Told {
  const routes = new Map<string, SeenRoute>()
  const sessions = new Map<string, SeenSession>()
  // The last line may be half written.
  for (const line of text.split('\n').slice(0, -1)) {
    const { neighbor }: Line = JSON.parse(line)
    const peer = neighbor.address.peer
    if (neighbor.state !== undefined) {
      sessions.set(peer, changed(sessions.get(peer), neighbor.state))
      if (neighbor.state === 'down') for (const [key, route] of routes) if (route.peer === peer) routes.delete(key)
    }
    if (neighbor.message !== undefined) take(neighbor.message, peer, { routes, sessions })
  }
  return { routes: [...routes.values()], sessions }
}

function changed(before: SeenSession | undefined, state: string): SeenSession {
  const isUp = state === 'up'
  const ups = Number(before?.upSince.replace('session ', '') ?? 0)
  return { isUp, state, upSince: `session ${isUp ? ups + 1 : ups}`, endOfRib: [], updates: 0 }
}

type Tables = Readonly<{ routes: Map<string, SeenRoute>; sessions: Map<string, SeenSession> }>

function take({ update, eor }: Message, peer: string, { routes, sessions }: Tables): void {
  const session = sessions.get(peer)
  if (session) {
    const endOfRib = eor ? [...session.endOfRib, eor.afi] : session.endOfRib
    sessions.set(peer, { ...session, endOfRib, updates: session.updates + 1 })
  }
  const gone = Object.values(update?.withdraw ?? {}).flat()
  for (const { nlri } of gone) routes.delete(`${peer} ${nlri}`)
  // Of two next hops, one of them link-local, it tells one after the other.
  const announced = Object.values(update?.announce ?? {}).flatMap((byNextHop) =>
    Object.entries(byNextHop).flatMap(([nextHop, prefixes]) => prefixes.map(({ nlri }) => [nlri, nextHop] as const)),
  )
  for (const [prefix, paths] of Map.groupBy(announced, ([nlri]) => nlri)) {
    const nextHops = paths.map(([, nextHop]) => nextHop)
    routes.set(`${peer} ${prefix}`, seenRoute({ prefix, nextHops, peer }, update?.attribute ?? {}))
  }
}

function seenRoute(head: Pick<SeenRoute, 'prefix' | 'nextHops' | 'peer'>, attributes: Attributes): SeenRoute {
  return {
    ...head,
    asPath: attributes['as-path'] ?? [],
    origin: attributes.origin ?? '',
    med: attributes.med ?? null,
    localPref: attributes['local-preference'] ?? null,
    communities: joined(attributes.community),
    largeCommunities: joined(attributes['large-community']),
    stale: false,
  }
}

function joined(lists: readonly (readonly number[])[] = []): string[] {
  return lists.map((list) => list.join(':'))
}
