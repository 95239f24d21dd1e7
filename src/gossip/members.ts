// SPDX-License-Identifier: Apache-2.0
/**
 * The table of members, in the order in which they are probed: everybody once per round, shuffled after each, so that a
 * crash is found after at most two rounds. The dead stay for a while, so that they are told that they are dead and can
 * protest; after that a round's end forgets them.
 */
import { isDeadOrLeft, type Member } from './member.ts'

/** A number from 0 to below 1. */
export type Random = () => number

/** A ring has thousands at most; beyond that it is somebody who invents them. */
export const MOST_MEMBERS = 10_000

export class Members {
  readonly self: Member
  readonly #byName = new Map<string, Member>()
  readonly #order: Member[] = []
  #next = 0

  constructor(self: Member) {
    this.self = self
    this.#byName.set(self.name, self)
    this.#order.push(self)
  }

  /** All known ones, the dead too: what memberlist's formulas count. */
  get size(): number {
    return this.#order.length
  }

  get(name: string): Member | undefined {
    return this.#byName.get(name)
  }

  all(): readonly Member[] {
    return this.#order
  }

  /** At a random place, so that those who joined last are not probed last. False: there is no room. */
  add(member: Member, random: Random): boolean {
    if (this.#order.length >= MOST_MEMBERS || this.#byName.has(member.name)) return false
    this.#byName.set(member.name, member)
    const at = Math.floor(random() * this.#order.length)
    const moved = this.#order[at]
    this.#order[at] = member
    if (moved) this.#order.push(moved)
    return true
  }

  /** Up to `count` different ones that `wanted` takes, other than ourselves. */
  pick(count: number, random: Random, wanted: (member: Member) => boolean): Member[] {
    const picked = new Set<Member>()
    const { length } = this.#order
    // In a large table a few draws do; in a small one, or where few are wanted, all are looked at.
    const draws = length > 4 * count ? 3 * count : 0
    for (let draw = 0; draw < draws && picked.size < count; draw++) {
      const member = this.#order[Math.floor(random() * length)]
      if (member && member !== this.self && wanted(member)) picked.add(member)
    }
    if (picked.size >= count) return [...picked]
    const others = this.#order.filter((member) => member !== this.self && wanted(member) && !picked.has(member))
    while (picked.size < count && others.length > 0) {
      const [member] = others.splice(Math.floor(random() * others.length), 1)
      if (member) picked.add(member)
    }
    return [...picked]
  }

  /** Whom to probe next; null: there is nobody. At the end of a round those dead since before `forgottenMs` go. */
  nextToProbe(forgottenMs: number, random: Random): Member | null {
    for (let looked = 0; looked <= this.#order.length; looked++) {
      if (this.#next >= this.#order.length) this.#beginRound(forgottenMs, random)
      const member = this.#order[this.#next++]
      if (member && member !== this.self && !isDeadOrLeft(member)) return member
    }
    return null
  }

  #beginRound(forgottenMs: number, random: Random): void {
    const kept = this.#order.filter(
      (member) => member === this.self || !isDeadOrLeft(member) || member.sinceMs >= forgottenMs,
    )
    if (kept.length < this.#order.length) {
      this.#byName.clear()
      for (const member of kept) this.#byName.set(member.name, member)
    }
    for (let last = kept.length - 1; last > 0; last--) {
      const other = Math.floor(random() * (last + 1))
      const [a, b] = [kept[last], kept[other]]
      if (a && b) [kept[last], kept[other]] = [b, a]
    }
    this.#order.splice(0, this.#order.length, ...kept)
    this.#next = 0
  }
}

/** Rings of more members than this exchange all they know less often. */
const PUSH_PULL_THRESHOLD = 32

/** Each doubling of the ring above 32 members adds one `intervalMs`; 0: none at all. */
export function pushPullEveryMs(intervalMs: number, members: number): number {
  if (members <= PUSH_PULL_THRESHOLD) return intervalMs
  return intervalMs * (Math.ceil(Math.log2(members) - Math.log2(PUSH_PULL_THRESHOLD)) + 1)
}
