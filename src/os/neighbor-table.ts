// SPDX-License-Identifier: Apache-2.0
/**
 * The claimed addresses in the form the native table takes (src/os/native/neighbor-table.h): parallel arrays, ascending
 * by address, and the numbers that the kernel filter looks up. One change moves memory and allocates nothing, so that it
 * costs microseconds among thousands.
 */
import type { Reach } from '../lib/neighbors.ts'

/** NEIGHBOR_EVERYWHERE: no restriction to links. */
const EVERYWHERE = 0xffff_ffff
/** Lists of links that no address uses any more stay until this many numbers have piled up. */
const COMPACT_ABOVE = 4096
const FIRST_CAPACITY = 64

export type NeighborArrays = Readonly<{
  keys: Uint8Array
  firsts: Uint32Array
  counts: Uint32Array
  indexes: Int32Array
  /** What the filter looks up for each address (`numberOf`), ascending: in another order than the rest, and maybe twice. */
  numbers: Uint32Array
}>

export class NeighborTable {
  readonly #keyBytes: number
  readonly #numberOf: (key: Uint8Array) => number
  #length = 0
  #keys: Uint8Array
  #firsts = new Uint32Array(FIRST_CAPACITY)
  #counts = new Uint32Array(FIRST_CAPACITY)
  #numbers = new Uint32Array(FIRST_CAPACITY)
  #indexes: number[] = []
  #firstOf = new Map<string, number>()

  /** A table of addresses of `keyBytes` bytes, for a filter that looks up `numberOf` each. */
  constructor(keyBytes: number, numberOf: (key: Uint8Array) => number) {
    this.#keyBytes = keyBytes
    this.#numberOf = numberOf
    this.#keys = new Uint8Array(FIRST_CAPACITY * keyBytes)
  }

  /** Claims an address, by its bytes, or changes where; null gives it up. Says whether the set of addresses changed. */
  set(key: Uint8Array, reach: Reach | null): boolean {
    const at = this.#find(key)
    const there = at < this.#length && this.#compare(at, key) === 0
    if (reach === null) {
      if (there) this.#remove(at)
      return there
    }
    if (!there) this.#insert(at, key)
    this.#firsts[at] = reach === 'all' ? EVERYWHERE : this.#intern(reach)
    this.#counts[at] = reach === 'all' ? 0 : reach.length
    return !there
  }

  /** Where an address is answered; null: it is not claimed. */
  get(key: Uint8Array): Reach | null {
    const at = this.#find(key)
    return at < this.#length && this.#compare(at, key) === 0 ? this.#reach(at) : null
  }

  /** Every address, by its bytes (valid until the next change), and where it is answered. */
  *[Symbol.iterator](): Generator<readonly [key: Uint8Array, reach: Reach]> {
    for (let at = 0; at < this.#length; at++) {
      yield [this.#keys.subarray(at * this.#keyBytes, (at + 1) * this.#keyBytes), this.#reach(at)]
    }
  }

  /** Views of the current arrays, valid until the next change. */
  arrays(): NeighborArrays {
    if (this.#indexes.length > COMPACT_ABOVE) this.#compact()
    return {
      keys: this.#keys.subarray(0, this.#length * this.#keyBytes),
      firsts: this.#firsts.subarray(0, this.#length),
      counts: this.#counts.subarray(0, this.#length),
      indexes: Int32Array.from(this.#indexes),
      numbers: this.#numbers.subarray(0, this.#length),
    }
  }

  #reach(at: number): Reach {
    const first = this.#firsts[at] ?? EVERYWHERE
    return first === EVERYWHERE ? 'all' : this.#indexes.slice(first, first + (this.#counts[at] ?? 0))
  }

  /** Index of the first address that is not below `key`. */
  #find(key: Uint8Array): number {
    return firstNot((i) => this.#compare(i, key) < 0, this.#length)
  }

  #compare(at: number, key: Uint8Array): number {
    const start = at * this.#keyBytes
    for (let i = 0; i < this.#keyBytes; i++) {
      const difference = (this.#keys[start + i] ?? 0) - (key[i] ?? 0)
      if (difference !== 0) return difference
    }
    return 0
  }

  #findNumber(number: number): number {
    return firstNot((i) => (this.#numbers[i] ?? 0) < number, this.#length)
  }

  #insert(at: number, key: Uint8Array): void {
    const number = this.#numberOf(key)
    const numberAt = this.#findNumber(number)
    if (this.#length === this.#firsts.length) this.#grow()
    this.#move(at, at + 1)
    this.#numbers.copyWithin(numberAt + 1, numberAt, this.#length)
    this.#length++
    this.#keys.set(key, at * this.#keyBytes)
    this.#numbers[numberAt] = number
  }

  #remove(at: number): void {
    const bytes = this.#keyBytes
    const numberAt = this.#findNumber(this.#numberOf(this.#keys.subarray(at * bytes, (at + 1) * bytes)))
    this.#move(at + 1, at)
    this.#numbers.copyWithin(numberAt, numberAt + 1, this.#length)
    this.#length--
  }

  /** Shifts everything from index `from` to index `to`, a neighbour; there is room. */
  #move(from: number, to: number): void {
    const bytes = this.#keyBytes
    this.#keys.copyWithin(to * bytes, from * bytes, this.#length * bytes)
    this.#firsts.copyWithin(to, from, this.#length)
    this.#counts.copyWithin(to, from, this.#length)
  }

  #grow(): void {
    const keys = new Uint8Array(2 * this.#keys.length)
    keys.set(this.#keys)
    this.#keys = keys
    this.#firsts = grown(this.#firsts)
    this.#counts = grown(this.#counts)
    this.#numbers = grown(this.#numbers)
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

/** The first index below `length` that is not below what is searched, by halving. */
function firstNot(isBelow: (index: number) => boolean, length: number): number {
  let low = 0
  let high = length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (isBelow(middle)) low = middle + 1
    else high = middle
  }
  return low
}

function grown(array: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(2 * array.length)
  larger.set(array)
  return larger
}
