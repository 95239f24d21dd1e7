// SPDX-License-Identifier: Apache-2.0
/**
 * The claimed addresses in the form the native table takes (src/os/native/arp.h): parallel arrays, ascending by
 * address. One change moves memory and allocates nothing, so that it costs microseconds among thousands.
 */
import type { Reach } from '../lib/net.ts'

/** ARP_EVERYWHERE: no restriction to links. */
const EVERYWHERE = 0xffff_ffff
/** Lists of links that no address uses any more stay until this many numbers have piled up. */
const COMPACT_ABOVE = 4096

export type ArpArrays = Readonly<{
  ips: Uint32Array
  firsts: Uint32Array
  counts: Uint32Array
  indexes: Int32Array
}>

export class ArpTable {
  #length = 0
  #ips = new Uint32Array(64)
  #firsts = new Uint32Array(64)
  #counts = new Uint32Array(64)
  #indexes: number[] = []
  #firstOf = new Map<string, number>()

  /** Claims an address or changes where; null gives it up. Says whether the set of addresses changed. */
  set(ip: number, reach: Reach | null): boolean {
    const at = this.#find(ip)
    const there = at < this.#length && this.#ips[at] === ip
    if (reach === null) {
      if (there) this.#move(at + 1, at)
      return there
    }
    if (!there) this.#move(at, at + 1)
    this.#ips[at] = ip
    this.#firsts[at] = reach === 'all' ? EVERYWHERE : this.#intern(reach)
    this.#counts[at] = reach === 'all' ? 0 : reach.length
    return !there
  }

  /** Views of the current arrays, valid until the next change. */
  arrays(): ArpArrays {
    if (this.#indexes.length > COMPACT_ABOVE) this.#compact()
    return {
      ips: this.#ips.subarray(0, this.#length),
      firsts: this.#firsts.subarray(0, this.#length),
      counts: this.#counts.subarray(0, this.#length),
      indexes: Int32Array.from(this.#indexes),
    }
  }

  /** Index of the first address that is not below `ip`. */
  #find(ip: number): number {
    let low = 0
    let high = this.#length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#ips[middle] ?? 0) < ip) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Shifts everything from index `from` to index `to`, a neighbour. */
  #move(from: number, to: number): void {
    const length = this.#length + to - from
    if (length > this.#ips.length) {
      this.#ips = grown(this.#ips)
      this.#firsts = grown(this.#firsts)
      this.#counts = grown(this.#counts)
    }
    for (const array of [this.#ips, this.#firsts, this.#counts]) array.copyWithin(to, from, this.#length)
    this.#length = length
  }

  /** Where a list of links stands; equal lists stand in one place. */
  #intern(links: readonly number[]): number {
    const key = links.join()
    const known = this.#firstOf.get(key)
    if (known !== undefined) return known
    const first = this.#indexes.length
    this.#indexes.push(...links)
    this.#firstOf.set(key, first)
    return first
  }

  #compact(): void {
    const before = this.#indexes
    this.#indexes = []
    this.#firstOf = new Map()
    for (let i = 0; i < this.#length; i++) {
      const first = this.#firsts[i] ?? EVERYWHERE
      if (first !== EVERYWHERE) this.#firsts[i] = this.#intern(before.slice(first, first + (this.#counts[i] ?? 0)))
    }
  }
}

function grown(array: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(2 * array.length)
  larger.set(array)
  return larger
}
