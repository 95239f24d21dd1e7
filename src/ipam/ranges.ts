// SPDX-License-Identifier: Apache-2.0
/**
 * The usable addresses of one family of one pool. Allocation goes through the blocks in the order of the spec,
 * ascending inside each, network and broadcast addresses included. That order is a line of positions 0, 1, 2 …;
 * what is free on it is a set of intervals, so that a /8 and a /48 cost the same.
 */
import assert from 'node:assert/strict'
import { type Family, type Ip, WIDTH } from '../lib/ip.ts'
import { type Range } from '../lib/prefix.ts'
import type { AddressBlock, Pool } from '../model/pool.ts'
import { atOrBefore, first, insert, remove, sizeOf, type Tree } from './sorted-tree.ts'

/** What an int64 counter of the pool's status can say at most: "unbounded". */
export const UNBOUNDED = 9223372036854775807n
const UNBOUNDED_HOST_BITS = 62

/** spec.avoidBuggyIPs: some old routers drop IPv4 x.x.x.0 and x.x.x.255. */
export function isBuggy({ family, bits }: Ip): boolean {
  const octet = bits & 255n
  return family === 'ipv4' && (octet === 0n || octet === 255n)
}

/** How many addresses of `family` the pool can hand out; UNBOUNDED from one IPv6 prefix of 62 host bits on. */
export function capacityOf(pool: Pool, family: Family): bigint {
  let sum = 0n
  for (const block of pool.blocks) {
    if (block.range.family === family) sum += usableIn(block, pool.avoidBuggyIps)
  }
  return sum < UNBOUNDED ? sum : UNBOUNDED
}

function usableIn({ range, cidrs }: AddressBlock, avoidBuggyIps: boolean): bigint {
  const { family, first: low, last: high } = range
  const widest = Math.max(...cidrs.map(({ prefixBits }) => WIDTH[family] - prefixBits))
  if (family === 'ipv6') return widest >= UNBOUNDED_HOST_BITS ? UNBOUNDED : high - low + 1n
  if (!avoidBuggyIps) return high - low + 1n
  const zeros = (high >> 8n) - ((low + 255n) >> 8n) + 1n
  const broadcasts = ((high + 1n) >> 8n) - (low >> 8n)
  return high - low + 1n - zeros - broadcasts
}

type Segment = Readonly<{ first: bigint; last: bigint; start: bigint }>

/** Translates between addresses and positions. */
class Layout {
  readonly size: bigint
  /** By position, which is the order of the spec. */
  readonly #segments: readonly Segment[]
  readonly #byAddress: readonly Segment[]

  constructor(ranges: readonly Range[]) {
    let start = 0n
    const segments: Segment[] = []
    for (const range of ranges) {
      segments.push({ first: range.first, last: range.last, start })
      start += range.last - range.first + 1n
    }
    this.size = start
    this.#segments = segments
    this.#byAddress = segments.toSorted((a, b) => (a.first < b.first ? -1 : 1))
  }

  positionOf(bits: bigint): bigint {
    const segment = lastAtOrBefore(this.#byAddress, 'first', bits)
    assert(segment && bits <= segment.last, 'the address is in the pool')
    return segment.start + (bits - segment.first)
  }

  addressAt(position: bigint): bigint {
    const segment = lastAtOrBefore(this.#segments, 'start', position)
    assert(segment && position < this.size, 'the position is in the pool')
    return segment.first + (position - segment.start)
  }
}

function lastAtOrBefore(segments: readonly Segment[], by: 'first' | 'start', value: bigint): Segment | undefined {
  let [low, high] = [0, segments.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((segments[middle]?.[by] ?? 0n) <= value) low = middle + 1
    else high = middle
  }
  return segments[low - 1]
}

/** Which positions are free: exact, bounded by the number of taken ones, O(log n) for each call. */
export class FreeRanges {
  readonly #layout: Layout
  readonly #skipsBuggy: boolean
  /** First free position of each interval → its last. Intervals never touch. */
  #intervals: Tree<bigint> = null

  constructor(pool: Pool, family: Family) {
    this.#layout = new Layout(pool.blocks.map(({ range }) => range).filter((range) => range.family === family))
    this.#skipsBuggy = pool.avoidBuggyIps && family === 'ipv4'
    if (this.#layout.size > 0n) this.#intervals = insert(null, 0n, this.#layout.size - 1n)
  }

  /** How many intervals there are: what memory and time grow with. */
  get fragments(): number {
    return sizeOf(this.#intervals)
  }

  positionOf(bits: bigint): bigint {
    return this.#layout.positionOf(bits)
  }

  addressAt(position: bigint): bigint {
    return this.#layout.addressAt(position)
  }

  /** The first free position that may be handed out; null when the pool is full. */
  firstFree(): bigint | null {
    for (let entry = first(this.#intervals); entry !== null; entry = first(this.#intervals)) {
      const buggy = this.#skipsBuggy && isBuggy({ family: 'ipv4', bits: this.addressAt(entry.key) })
      if (!buggy) return entry.key
      this.take(entry.key) // for good: it is never handed out, so it never comes back
    }
    return null
  }

  /** Marks a free position as taken. */
  take(position: bigint): void {
    const interval = atOrBefore(this.#intervals, position)
    assert(interval && position <= interval.value, 'only a free position can be taken')
    this.#intervals = remove(this.#intervals, interval.key)
    if (interval.key < position) this.#intervals = insert(this.#intervals, interval.key, position - 1n)
    if (position < interval.value) this.#intervals = insert(this.#intervals, position + 1n, interval.value)
  }

  /** Marks a taken position as free. */
  giveBack(position: bigint): void {
    const before = atOrBefore(this.#intervals, position)
    assert(!before || before.value < position, 'only a taken position can be given back')
    const after = atOrBefore(this.#intervals, position + 1n)
    const start = before?.value === position - 1n ? before.key : position
    const end = after?.key === position + 1n ? after.value : position
    if (end !== position) this.#intervals = remove(this.#intervals, position + 1n)
    this.#intervals = insert(this.#intervals, start, end)
  }
}
