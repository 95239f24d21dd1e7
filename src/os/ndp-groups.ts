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

/** ff02::1:ff00:0, and the bytes of the address that belong to it. */
const GROUP = Uint8Array.of(0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0, 0, 0)
const OWN_BYTES = 3

export class NdpGroups {
  readonly #native: Native
  readonly #links = new Map<number, LinkGroups>()

  constructor(native: Native) {
    this.#native = native
  }

  /** Joins the groups of what is claimed on a link. Throws a Fault if it cannot. */
  attach(link: Link, claimed: Iterable<readonly [key: Uint8Array, reach: Reach]>): void {
    const groups = new LinkGroups(this.#native, link)
    this.#links.set(link.index, groups)
    for (const [key, reach] of claimed) if (reaches(reach, link.index)) groups.add(key)
  }

  detach(index: number): void {
    this.#links.get(index)?.close()
    this.#links.delete(index)
  }

  /** An address, by its 16 bytes, is answered elsewhere than before. Joins before it leaves. Throws a Fault if it cannot. */
  change(key: Uint8Array, before: Reach | null, after: Reach | null): void {
    for (const [index, groups] of this.#links) {
      if (reaches(after, index) && !reaches(before, index)) groups.add(key)
      if (!reaches(after, index) && reaches(before, index)) groups.remove(key)
    }
  }

  close(): void {
    for (const groups of this.#links.values()) groups.close()
    this.#links.clear()
  }
}

function reaches(reach: Reach | null, index: number): boolean {
  return reach === 'all' || (reach?.includes(index) ?? false)
}

class LinkGroups {
  readonly #native: Native
  readonly #link: Link
  /** How many claimed addresses are in a group, and the socket that has joined it. */
  readonly #counts = new Map<number, number>()
  readonly #socketOf = new Map<number, number>()
  /** Newest first: older ones are full. */
  #sockets: number[] = []
  /** Where groups could not be joined one by one: every one is listened to. */
  #everything: number | undefined

  constructor(native: Native, link: Link) {
    this.#native = native
    this.#link = link
  }

  add(key: Uint8Array): void {
    const number = numberOf(key)
    const count = this.#counts.get(number) ?? 0
    this.#counts.set(number, count + 1)
    if (count === 0) this.#join(number)
  }

  remove(key: Uint8Array): void {
    const number = numberOf(key)
    const count = this.#counts.get(number) ?? 0
    if (count > 1) {
      this.#counts.set(number, count - 1)
      return
    }
    this.#counts.delete(number)
    const socket = this.#socketOf.get(number)
    // A link that has vanished has taken its memberships along.
    if (socket !== undefined) this.#native.multicastLeave(socket, groupOf(number), this.#link.index)
    this.#socketOf.delete(number)
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
    if (result < 0 && result !== ENODEV) this.#joinEverything(result)
  }

  #joinBy(socket: number, group: Uint8Array): number {
    const result = this.#native.multicastJoin(socket, group, this.#link.index)
    if (result === 0) this.#socketOf.set(numberOf(group), socket)
    return result
  }

  /** Better to hear too much than too little, though a switch that snoops on memberships may keep it from us. */
  #joinEverything(reason: number): void {
    if (this.#everything !== undefined) return
    const socket = this.#native.multicastJoinAll(this.#link.index)
    if (socket >= 0) this.#everything = socket
    else if (socket !== ENODEV) throw systemFault(reason, `join multicast groups on interface ${this.#link.name}`)
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
