// SPDX-License-Identifier: Apache-2.0
/**
 * What Services want announced, by prefix. Most Services say the same about their prefixes, and to the same peers: that
 * is kept once, however many there are, and a prefix of theirs is one small object.
 */
import type { Cidr } from '../lib/prefix.ts'
import { Interned } from './rib-intern.ts'
import { type Path, pathKey, type Route, routesEqual, unitePaths } from './route.ts'

/** A route and the name of the peer whose session carries it. */
export type PeerRoute = Readonly<{ peer: string; route: Route }>

/** A path, and to whom it is offered. */
export type Offer = Readonly<{ key: string; peers: ReadonlySet<string>; path: Path }>

/** A prefix. It is known as long as somebody offers it, or some peer still has it. */
export type Entry = Readonly<{ key: string; prefix: Cidr; offers: { readonly offer: Offer; uses: number }[] }>

/** One offer of a Service. */
export type Contribution = Readonly<{ entry: Entry; offer: Offer }>

export class Offers {
  readonly #services = new Map<string, readonly Contribution[]>()
  readonly #entries = new Map<string, Entry>()
  readonly #offers = new Interned<Offer>()

  /** Replaces what a Service offers. Answers the old and the new contributions, none if they are the same. */
  set(service: string, routes: readonly PeerRoute[]): readonly Contribution[] {
    const before = this.#services.get(service) ?? []
    const after = this.#contributions(routes)
    for (const contribution of after) count(contribution, 1)
    for (const contribution of before) {
      count(contribution, -1)
      this.#offers.release(contribution.offer)
    }
    if (after.length > 0) this.#services.set(service, after)
    else this.#services.delete(service)
    return sameContributions(before, after) ? [] : [...before, ...after]
  }

  /** All prefixes; those that are added meanwhile may come, too. */
  entries(): Iterable<Entry> {
    return this.#entries.values()
  }

  get size(): number {
    return this.#entries.size
  }

  /** Drops a prefix that nobody offers and no peer has. */
  forget(entry: Entry): void {
    if (this.#entries.get(entry.key) === entry) this.#entries.delete(entry.key) // it may have come back as another one
  }

  #contributions(routes: readonly PeerRoute[]): readonly Contribution[] {
    return grouped(routes).map(({ route, prefix, path, peers }) => {
      const offer = this.#offers.use(`${peers.join()}|${path}`, (key) => offerOf(key, peers, route))
      return { entry: this.#entry(prefix, route.prefix), offer }
    })
  }

  #entry(key: string, prefix: Cidr): Entry {
    const known = this.#entries.get(key)
    if (known) return known
    const entry: Entry = { key, prefix, offers: [] }
    this.#entries.set(key, entry)
    return entry
  }
}

/** Routes that are the same, and to whom they go; prefix and path as keys. */
type Group = Readonly<{ index: number; route: Route; prefix: string; path: string; peers: string[] }>

/**
 * One group for each different route. A Service mostly says the same to every peer, in the same order: the group that
 * follows the last one is looked at first, which spares making keys.
 */
function grouped(routes: readonly PeerRoute[]): readonly Group[] {
  const groups: Group[] = []
  const byKey = new Map<string, Group>()
  let next = 0
  for (const { peer, route } of routes) {
    let group = groups[next]
    if (group === undefined || !routesEqual(group.route, route)) {
      const [prefix, path] = [prefixKey(route.prefix), pathKey(route)]
      const key = `${prefix}|${path}`
      group = byKey.get(key) ?? { index: groups.length, route, prefix, path, peers: [] }
      if (group.index === groups.length) {
        groups.push(group)
        byKey.set(key, group)
      }
    }
    group.peers.push(peer)
    next = (group.index + 1) % groups.length
  }
  return groups
}

/** What all Services together want this peer to be told about the prefix; null: nothing. */
export function pathFor({ offers }: Entry, peer: string): Path | null {
  const [first, second] = offers
  if (first && !second) return first.offer.peers.has(peer) ? first.offer.path : null
  const paths = offers.filter(({ offer }) => offer.peers.has(peer)).map(({ offer }) => offer.path)
  if (paths.length < 2) return paths[0] ?? null
  return unitePaths(paths)
}

function offerOf(key: string, peers: readonly string[], route: Route): Offer {
  const { localPref, communities, largeCommunities, med, prepend } = route
  return { key, peers: new Set(peers), path: { localPref, communities, largeCommunities, med, prepend } }
}

/** A prefix has as many different offers as there are advertisements for it, not as there are Services. */
function count({ entry: { offers }, offer }: Contribution, by: 1 | -1): void {
  const at = offers.findIndex((one) => one.offer === offer)
  const known = offers[at]
  if (!known) offers.push({ offer, uses: 1 })
  else {
    known.uses += by
    if (known.uses === 0) offers.splice(at, 1)
  }
}

function sameContributions(a: readonly Contribution[], b: readonly Contribution[]): boolean {
  return a.length === b.length && a.every(({ entry, offer }, at) => entry === b[at]?.entry && offer === b[at]?.offer)
}

function prefixKey({ family, first, prefixBits }: Cidr): string {
  return `${family === 'ipv4' ? 4 : 6}/${first.toString(16)}/${prefixBits}`
}
