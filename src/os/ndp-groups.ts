// SPDX-License-Identifier: Apache-2.0
/**
 * Membership of the groups in which claimed IPv6 addresses are asked for: solicited-node multicast (RFC 4291 §2.7.1), on
 * every link where the address is answered. A group is the last three bytes of its address, so addresses may share one.
 */

import type { Reach } from '../lib/neighbors.ts'
import type { Link } from '../lib/net.ts'
import { systemFault } from './fault.ts'
import type { Native } from './native.ts'

const ENOMEM = -12
const ENODEV = -19
/** For a process that is out of descriptors, or a kernel out of memory: soon better, and worth asking again. */
const RETRY_MS = 1000
/** Groups joined or left before the loop gets its turn: some 3 ms, as the kernel looks through all it has each time. */
const CHANGES_PER_TURN = 64

/** ff02::1:ff00:0, and the bytes of the address that belong to it. */
const GROUP = Uint8Array.of(0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0, 0, 0)
const OWN_BYTES = 3

export class NdpGroups {
  readonly #native: Native
  readonly #links = new Map<number, LinkGroups>()
  #retrying: NodeJS.Timeout | undefined
  #working: NodeJS.Immediate | undefined

  constructor(native: Native) {
    this.#native = native
  }

  /** Joins the groups of what is claimed on a link, in slices. Throws a Fault if it cannot join the first ones. */
  attach(link: Link, claimed: Iterable<readonly [key: Uint8Array, reach: Reach]>): void {
    const groups = new LinkGroups(this.#native, link.index)
    for (const [key, reach] of claimed) if (reaches(reach, link.index)) groups.add(key)
    groups.work(CHANGES_PER_TURN)
    if (groups.failure < 0) {
      groups.close()
      throw systemFault(groups.failure, `join multicast groups on interface ${link.name}`)
    }
    this.#links.set(link.index, groups)
    this.#workLater()
  }

  detach(index: number): void {
    this.#links.get(index)?.close()
    this.#links.delete(index)
  }

  /** A link went away, and may be back under its old index: what was joined there is joined no more, or joined again. */
  renew(index: number): void {
    this.#links.get(index)?.renew()
    this.work()
  }

  /** An address, by its 16 bytes, is answered elsewhere than before. Takes effect with `work`. */
  change(key: Uint8Array, before: Reach | null, after: Reach | null): void {
    for (const [index, groups] of this.#links) {
      if (reaches(after, index) && !reaches(before, index)) groups.add(key)
      if (!reaches(after, index) && reaches(before, index)) groups.remove(key)
    }
  }

  /** Joins and leaves what has changed: some now, others in later turns. Where a group cannot be joined, it is tried again. */
  work(): void {
    let left = CHANGES_PER_TURN
    for (const groups of this.#links.values()) left -= groups.work(left)
    this.#workLater()
    this.#retryLater()
  }

  #workLater(): void {
    if (this.#working || ![...this.#links.values()].some(({ isBehind }) => isBehind)) return
    this.#working = setImmediate(() => {
      this.#working = undefined
      this.work()
    })
  }

  close(): void {
    for (const groups of this.#links.values()) groups.close()
    this.#links.clear()
    clearTimeout(this.#retrying)
    clearImmediate(this.#working)
  }

  #retryLater(): void {
    const failed = [...this.#links.values()].filter(({ failure }) => failure < 0)
    if (failed.length === 0 || this.#retrying) return
    this.#retrying = setTimeout(() => {
      this.#retrying = undefined
      for (const groups of this.#links.values()) groups.retry()
      this.#retryLater()
    }, RETRY_MS).unref()
  }
}

function reaches(reach: Reach | null, index: number): boolean {
  return reach === 'all' || (reach?.includes(index) ?? false)
}

class LinkGroups {
  readonly #native: Native
  readonly #index: number
  /** How many claimed addresses are in a group, and the socket that has joined it. */
  readonly #counts = new Map<number, number>()
  readonly #socketOf = new Map<number, number>()
  /** Newest first: older ones are full. */
  #sockets: number[] = []
  /** Where groups could not be joined one by one: every one is listened to. */
  #everything: number | undefined
  readonly #missing = new Set<number>()
  /** Groups to be joined, or left, as `#counts` has it. */
  readonly #changed = new Set<number>()
  /** Why there are groups that could not be joined in any way, as a negative errno; 0: there are none. */
  failure = 0

  constructor(native: Native, index: number) {
    this.#native = native
    this.#index = index
  }

  add(key: Uint8Array): void {
    const number = numberOf(key)
    const count = this.#counts.get(number) ?? 0
    this.#counts.set(number, count + 1)
    if (count === 0) this.#changed.add(number)
  }

  remove(key: Uint8Array): void {
    const number = numberOf(key)
    const count = this.#counts.get(number) ?? 0
    if (count > 1) {
      this.#counts.set(number, count - 1)
      return
    }
    this.#counts.delete(number)
    this.#changed.add(number)
  }

  get isBehind(): boolean {
    return this.#changed.size > 0
  }

  /** Joins and leaves at most `limit` groups. Answers how many. */
  work(limit: number): number {
    let done = 0
    for (const number of this.#changed) {
      if (done === limit) break
      done++
      this.#changed.delete(number)
      if (!this.#counts.has(number)) this.#leave(number)
      else if (!this.#socketOf.has(number)) this.#join(number)
    }
    return done
  }

  #leave(number: number): void {
    this.#missing.delete(number)
    const socket = this.#socketOf.get(number)
    // A link that has vanished has taken its memberships along.
    if (socket !== undefined) this.#native.multicastLeave(socket, groupOf(number), this.#index)
    this.#socketOf.delete(number)
  }

  renew(): void {
    this.close()
    this.#socketOf.clear()
    this.failure = 0
    for (const number of this.#counts.keys()) this.#changed.add(number)
  }

  retry(): void {
    if (this.failure === 0) return
    this.failure = 0
    for (const number of this.#missing) this.#join(number)
  }

  close(): void {
    for (const socket of this.#sockets) this.#native.multicastClose(socket)
    if (this.#everything !== undefined) this.#native.multicastClose(this.#everything)
    this.#sockets = []
    this.#everything = undefined
  }

  #join(number: number): void {
    const group = groupOf(number)
    let result = ENOMEM
    for (const socket of this.#sockets) {
      result = this.#joinBy(socket, group)
      if (result !== ENOMEM) break
    }
    if (result === ENOMEM) {
      const socket = this.#native.multicastOpen()
      if (socket >= 0) this.#sockets.unshift(socket)
      result = socket < 0 ? socket : this.#joinBy(socket, group)
    }
    if (result === 0 || result === ENODEV || this.#joinEverything()) {
      this.#missing.delete(number)
      return
    }
    this.#missing.add(number)
    this.failure = result
  }

  #joinBy(socket: number, group: Uint8Array): number {
    const result = this.#native.multicastJoin(socket, group, this.#index)
    if (result === 0) this.#socketOf.set(numberOf(group), socket)
    return result
  }

  /** Better to hear too much than too little, though a switch that snoops on memberships may keep it from us. */
  #joinEverything(): boolean {
    if (this.#everything !== undefined) return true
    const socket = this.#native.multicastJoinAll(this.#index)
    if (socket >= 0) this.#everything = socket
    return socket >= 0 || socket === ENODEV // a link that has vanished needs no groups
  }
}

function numberOf(key: Uint8Array): number {
  return key.subarray(-OWN_BYTES).reduce((number, byte) => (number << 8) | byte, 0)
}

function groupOf(number: number): Uint8Array {
  const group = GROUP.slice()
  group.set([number >>> 16, (number >>> 8) & 255, number & 255], group.length - OWN_BYTES)
  return group
}
