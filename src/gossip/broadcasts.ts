// SPDX-License-Identifier: Apache-2.0
/**
 * What is to be told to the whole ring. Each message goes along with so many packets to random members that, with a
 * probability that grows with `retransmitMult`, everybody has heard it; then it is dropped. News about a member takes
 * the place of older news about it. Least told ones go first, of these the newest.
 */
type Entry = { readonly about: string; readonly bytes: Uint8Array; transmits: number; stale: boolean }

/** Entries too large for what is left of a packet that are passed over before looking among those told more often. */
const MOST_MISSES = 32

/** `retransmitMult × ⌈log10(members + 1)⌉`. */
export function retransmitLimit(retransmitMult: number, members: number): number {
  return retransmitMult * Math.ceil(Math.log10(members + 1))
}

export class Broadcasts {
  readonly #byName = new Map<string, Entry>()
  /** By how often it was told; the newest last. */
  readonly #tiers: Entry[][] = []

  get size(): number {
    return this.#byName.size
  }

  has(about: string): boolean {
    return this.#byName.has(about)
  }

  queue(about: string, bytes: Uint8Array): void {
    this.drop(about)
    const entry = { about, bytes, transmits: 0, stale: false }
    this.#byName.set(about, entry)
    this.#put(entry)
  }

  drop(about: string): void {
    const entry = this.#byName.get(about)
    if (!entry) return
    entry.stale = true
    this.#byName.delete(about)
  }

  /** Messages of together at most `roomBytes`, each counted with `overheadBytes` besides, and at most `most` of them. */
  take(room: Readonly<{ roomBytes: number; overheadBytes: number; most: number }>, limit: number): Uint8Array[] {
    const taken: Entry[] = []
    let free = room.roomBytes - room.overheadBytes
    for (let tier = 0; tier < this.#tiers.length && free > 0; tier++) {
      const entries = this.#tiers[tier] ?? []
      let misses = 0
      for (let at = entries.length - 1; at >= 0 && free > 0 && misses < MOST_MISSES; at--) {
        const entry = entries[at]
        if (!entry) continue
        if (!entry.stale && (entry.bytes.length > free || taken.length >= room.most)) {
          misses++
          continue
        }
        entries.splice(at, 1)
        if (entry.stale) continue
        taken.push(entry)
        free -= entry.bytes.length + room.overheadBytes
      }
    }
    for (const entry of taken.toReversed()) this.#told(entry, limit)
    return taken.map(({ bytes }) => bytes)
  }

  #told(entry: Entry, limit: number): void {
    entry.transmits++
    if (entry.transmits >= limit) this.#byName.delete(entry.about)
    else this.#put(entry)
  }

  #put(entry: Entry): void {
    const entries = (this.#tiers[entry.transmits] ??= [])
    entries.push(entry)
    // While nobody takes anything, news that replace each other would pile up.
    if (entries.length <= 2 * this.#byName.size + 16) return
    this.#tiers[entry.transmits] = entries.filter(({ stale }) => !stale)
  }
}
