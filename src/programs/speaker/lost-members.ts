// SPDX-License-Identifier: Apache-2.0
/**
 * Members that were taken for dead and may only be cut off from us. gossip tells the dead nothing after a while, and
 * then forgets them; the watch goes on looking for them, so that two halves of a ring find each other as soon as packets
 * pass between them. Which, both halves know by themselves: those that would watch each other, were all of them alive.
 */
import type { MemberView } from '../../gossip/session.ts'
import type { SocketAddress } from '../../lib/sockets.ts'
import { watchPeers } from './watch-peers.ts'

/** Where it was a member; where it is watched, by UDP at the same address; and since when it is dead. */
type Place = SocketAddress & Readonly<{ watchPort: number; sinceMs: number }>

/** Half of a ring of two thousand; more are somebody's invention. */
const MOST_LOST = 1024

export class LostMembers {
  readonly #places = new Map<string, Place>()

  /** A member with a watch (`watchPort` above 0) is dead since; or is there, or has left in peace. */
  heard({ name, address, port, state, sinceMs }: MemberView, watchPort: number): void {
    if (state === 'dead' && watchPort > 0) this.#places.set(name, { address, port, watchPort, sinceMs })
    else this.#places.delete(name)
    const [oldest] = this.#places.size > MOST_LOST ? this.#places.keys() : []
    if (oldest !== undefined) this.#places.delete(oldest)
  }

  /** Where it would hear from us; undefined: it is not lost. */
  get(name: string): SocketAddress | undefined {
    return this.#places.get(name)
  }

  /**
   * Those that `self` should look for beside the live ones. Of those at one address only the last: two sessions with one
   * process take each other for its restart, and a machine that crashed is often replaced by one of another name.
   */
  toWatch(
    self: string,
    live: ReadonlyMap<string, Readonly<{ address: string }>>,
  ): { name: string; address: string; port: number }[] {
    const taken = new Set(Array.from(live.values(), ({ address }) => address))
    for (const [name, { address }] of [...this.#places].toSorted(([, a], [, b]) => b.sinceMs - a.sinceMs)) {
      if (taken.has(address)) this.#places.delete(name)
      taken.add(address)
    }
    return watchPeers(self, [...live.keys(), ...this.#places.keys()]).flatMap((name) => {
      const place = this.#places.get(name)
      return place ? [{ name, address: place.address, port: place.watchPort }] : []
    })
  }

  /** Speakers are at these addresses, says whoever knows: who was elsewhere does not come back. */
  keepAt(peers: readonly SocketAddress[]): void {
    const known = new Set(peers.map(({ address }) => address))
    for (const [name, { address }] of this.#places) if (!known.has(address)) this.#places.delete(name)
  }
}
