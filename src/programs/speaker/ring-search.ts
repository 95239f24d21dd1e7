// SPDX-License-Identifier: Apache-2.0
/**
 * Looks for speakers that are not in the ring: all that discovery names, a few at a time, again soon where some did not
 * answer, as they may still be starting, and every minute in any case, as MetalLB does.
 */
import type { Gossip, MemberView } from '../../gossip/session.ts'
import type { Clock, Timer } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import type { SocketAddress } from '../../lib/sockets.ts'
import { supervise } from '../../lib/supervise.ts'
import type { Discovery } from './discovery.ts'

const AGAIN_MS = [500, 1000, 2000, 4000, 8000, 15_000, 30_000]
const AGAIN_LATER_MS = 60_000
/** Others are asked so many at a time; all at once would be a million lists of members in a ring of a thousand. */
const ASKED_AT_ONCE = 8

export type RingSearchOptions = Readonly<{
  node: string
  gossip: Pick<Gossip, 'join' | 'members' | 'counters'>
  discovery: Discovery
  clock: Clock
  log: Log
  /** Where speakers may be, as discovery says now. */
  onPlaces(places: readonly SocketAddress[]): void
}>

export class RingSearch {
  readonly #options: RingSearchOptions
  /** Searches in a row that did not reach everybody. */
  #failures = 0
  /** What of others could not be read, as last counted. */
  #unread = 0
  #toldUnread = false
  #next: Timer | undefined
  #stopped = false

  constructor(options: RingSearchOptions) {
    this.#options = options
  }

  /** Resolves when everybody known was asked; goes on by itself from then on. */
  async run(): Promise<void> {
    this.#next?.cancel()
    const { discovery, clock, log, gossip, onPlaces } = this.#options
    const places = await discovery.peers()
    if (this.#stopped) return
    onPlaces(places)
    const asked = new Set<SocketAddress>()
    let found = 0
    for (let few = this.#missing(places, asked); few.length > 0; few = this.#missing(places, asked)) {
      for (const place of few) asked.add(place)
      found += await gossip.join(few)
      if (this.#stopped) return
    }
    const isComplete = found === asked.size
    if (!isComplete) {
      log.debug('some speakers did not answer', { asked: asked.size, answered: found })
      this.#failures++
      this.#tellUnread()
    } else [this.#failures, this.#toldUnread] = [0, false]
    const delayMs = isComplete ? AGAIN_LATER_MS : (AGAIN_MS[this.#failures - 1] ?? AGAIN_LATER_MS)
    this.#next?.cancel() // another search may have ended meanwhile
    this.#next = clock.after(delayMs, () => supervise('looking for speakers', this.run()))
  }

  stop(): void {
    this.#stopped = true
    this.#next?.cancel()
  }

  /** Of those that are not in the ring a few, as each of them tells of all that it knows. */
  #missing(places: readonly SocketAddress[], asked: ReadonlySet<SocketAddress>): SocketAddress[] {
    const members = this.#options.gossip.members()
    const here = new Set(members.flatMap((member) => (isLive(member) ? [`${member.address} ${member.port}`] : [])))
    const missing = places.filter((place) => !asked.has(place) && !here.has(`${place.address} ${place.port}`))
    // Not the same ones first everywhere.
    const own = members.find(({ name }) => name === this.#options.node)?.address ?? ''
    const at = Math.max(
      0,
      missing.findIndex(({ address }) => address > own),
    )
    return [...missing.slice(at), ...missing.slice(0, at)].slice(0, ASKED_AT_ONCE)
  }

  /** Some did not answer, and somebody says what cannot be read: a Secret that was changed on some nodes only, most likely. */
  #tellUnread(): void {
    const { notDecrypted, notEncrypted, wrongLabel } = this.#options.gossip.counters().drops
    const before = this.#unread
    this.#unread = notDecrypted + notEncrypted + wrongLabel
    if (this.#toldUnread || this.#unread === before) return
    this.#toldUnread = true
    const about = { event: 'otherRing', notDecrypted, notEncrypted, wrongLabel }
    this.#options.log.warn(
      'some speakers do not answer, and what somebody says cannot be read: where keys differ, both announce',
      about,
    )
  }
}

/** Whether a member counts as there. */
export function isLive({ state }: Pick<MemberView, 'state'>): boolean {
  return state === 'alive' || state === 'suspect'
}
