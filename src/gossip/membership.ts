// SPDX-License-Identifier: Apache-2.0
/**
 * What news about members changes: SWIM's rules of incarnations as memberlist has them. Only a member itself raises its
 * incarnation; of equal ones the worse news wins: alive < suspect < dead. Whoever hears bad news about himself refutes
 * it with an incarnation above the accuser's. What to do about it comes out as effects; nothing is done here.
 */
import {
  aliveOf,
  canSpeak,
  isDeadOrLeft,
  isUsableAddress,
  isUsableName,
  LAST_INCARNATION,
  LONGEST_META_BYTES,
  type Member,
  sameBytes,
} from './member.ts'
import type { Members, Random } from './members.ts'
import type { Alive, Dead, RemoteState, Suspect } from './messages.ts'
import { Suspicion, suspicionTimes } from './suspicion.ts'

export type News = Alive | Suspect | Dead

export type Effect =
  /** `urgent`: straight to everybody as well, as it is our own. */
  | Readonly<{ type: 'spread'; about: string; news: News; urgent: boolean }>
  | Readonly<{ type: 'report'; member: Member }>
  | Readonly<{ type: 'score'; delta: number }>
  /** We were said to be dead, and protested. */
  | Readonly<{ type: 'accused'; from: string }>
  /** Somebody else uses a member's name, or ours. */
  | Readonly<{ type: 'conflict'; member: Member; alive: Alive }>

export type Rules = Readonly<{
  suspicionMult: number
  suspicionMaxTimeoutMult: number
  probeIntervalMs: number
  random: Random
  /** Somebody who watches closer sees that it lives: rumours do not make it dead. */
  hasProofOfLife: (name: string) => boolean
}>

export class Membership {
  readonly members: Members
  readonly #rules: Rules
  readonly #suspicions = new Map<string, Suspicion>()
  /** The incarnation up to which somebody's death was passed on although there is proof of its life. */
  readonly #doubted = new Map<string, number>()
  #leaving = false

  constructor(members: Members, rules: Rules) {
    this.members = members
    this.#rules = rules
  }

  hear(news: News, nowMs: number): Effect[] {
    switch (news.type) {
      case 'alive':
        return this.#alive(news, nowMs)
      case 'suspect':
        return this.#suspect(news, nowMs)
      case 'dead':
        return this.#dead(news, nowMs)
    }
  }

  /** All that another member knows. Who is dead there is a suspect here: it gets its chance to protest. */
  merge(states: readonly RemoteState[], nowMs: number): Effect[] {
    return states.flatMap((state) => {
      const { name: node, incarnation, address, port, meta, versions } = state
      if (state.state === 'alive') {
        return this.#alive({ type: 'alive', incarnation, node, address, port, meta, versions }, nowMs)
      }
      if (state.state === 'left') return this.#dead({ type: 'dead', incarnation, node, from: node }, nowMs)
      return this.#suspect({ type: 'suspect', incarnation, node, from: this.members.self.name }, nowMs)
    })
  }

  /** Of a probe that nobody answered. */
  accuse(name: string, incarnation: number, nowMs: number): Effect[] {
    return this.#suspect({ type: 'suspect', incarnation, node: name, from: this.members.self.name }, nowMs)
  }

  /** Found dead by somebody who watches closer than we do. */
  declareDead(name: string, nowMs: number): Effect[] {
    const member = this.members.get(name)
    if (!member || member === this.members.self || isDeadOrLeft(member)) return []
    return this.#die(member, this.#deathOf(member), nowMs)
  }

  setMeta(meta: Uint8Array): Effect[] {
    const { self } = this.members
    self.meta = meta
    if (this.#leaving) return []
    self.incarnation = Math.min(self.incarnation + 1, LAST_INCARNATION)
    return [{ type: 'spread', about: self.name, news: aliveOf(self), urgent: true }]
  }

  leave(nowMs: number): Effect[] {
    if (this.#leaving) return []
    this.#leaving = true
    return this.#die(this.members.self, this.#deathOf(this.members.self), nowMs)
  }

  /** When the next suspect's time is over; undefined: nobody is one. */
  nextDeadlineMs(): number | undefined {
    let next: number | undefined
    for (const { deadlineMs } of this.#suspicions.values())
      if (next === undefined || deadlineMs < next) next = deadlineMs
    return next
  }

  /** Suspects whose time is over are dead; those of whose life there is proof stay suspects, and are told so again. */
  expire(nowMs: number): Effect[] {
    const effects: Effect[] = []
    const due = [...this.#suspicions].filter(([, { deadlineMs }]) => deadlineMs <= nowMs)
    for (const [name, { hasAnswered }] of due) {
      this.#suspicions.delete(name)
      const member = this.members.get(name)
      if (member?.state !== 'suspect') continue
      if (hasAnswered || this.#rules.hasProofOfLife(name)) effects.push(this.#suspectAgain(member, nowMs))
      else effects.push(...this.#die(member, this.#deathOf(member), nowMs))
    }
    return effects
  }

  /** It has answered a probe. Only its own word makes it alive; but we do not call it dead. */
  answered(name: string): void {
    const suspicion = this.#suspicions.get(name)
    if (suspicion) suspicion.hasAnswered = true
  }

  /** The suspect that has the least time left and has not answered us since; undefined: there is none. */
  mostEndangered(): string | undefined {
    let next: readonly [string, number] | undefined
    for (const [name, { deadlineMs, hasAnswered }] of this.#suspicions) {
      if (!hasAnswered && (!next || deadlineMs < next[1])) next = [name, deadlineMs]
    }
    return next?.[0]
  }

  /** We were stopped for so long, and heard nobody's protest. */
  shift(byMs: number): void {
    for (const suspicion of this.#suspicions.values()) suspicion.shift(byMs)
  }

  #alive(alive: Alive, nowMs: number): Effect[] {
    const { members } = this
    const known = members.get(alive.node)
    // Most of what is heard is known: that is settled first.
    const isEcho =
      known && known !== members.self && alive.incarnation <= known.incarnation && hasAddressOf(known, alive)
    if (isEcho || !this.#isAcceptable(alive)) return []
    if (known === members.self) return this.#ours(alive)
    const member = known ?? newMember(alive, nowMs)
    if (!known && (alive.incarnation === 0 || !members.add(member, this.#rules.random))) return []
    const moved = !hasAddressOf(member, alive)
    // Nobody takes another's name while that one lives, or may come back from where it was.
    if (moved && member.state !== 'left') return [{ type: 'conflict', member, alive }]
    if (alive.incarnation <= member.incarnation && !moved) return []
    this.#forget(member.name)
    const wasAlive = member.state === 'alive'
    const reported = !wasAlive || !sameBytes(member.meta, alive.meta)
    const { incarnation, address, port, meta } = alive
    Object.assign(member, { incarnation, address, port, meta, state: 'alive' })
    if (alive.versions.length > 0) member.versions = alive.versions
    if (!wasAlive) member.sinceMs = nowMs
    return [spread(alive), ...(reported ? [{ type: 'report', member } as const] : [])]
  }

  #isAcceptable({ node, meta, address, port, versions }: Alive): boolean {
    const usable = isUsableName(node) && meta.length <= LONGEST_META_BYTES && port > 0 && isUsableAddress(address)
    return usable && canSpeak(versions, this.members.self.versions)
  }

  /** Of us: an older one is an echo, and so is an equal one, unless it is of an earlier life with other metadata. */
  #ours(alive: Alive): Effect[] {
    const { self } = this.members
    if (this.#leaving || alive.incarnation < self.incarnation) return []
    if (!hasAddressOf(self, alive)) return [{ type: 'conflict', member: self, alive }]
    const isEcho = alive.incarnation === self.incarnation && sameBytes(alive.meta, self.meta)
    return isEcho && sameBytes(alive.versions, self.versions) ? [] : this.#refute(alive.incarnation)
  }

  #suspect(suspect: Suspect, nowMs: number): Effect[] {
    const member = this.members.get(suspect.node)
    if (!member || suspect.incarnation < member.incarnation) return []
    const suspicion = this.#suspicions.get(suspect.node)
    if (suspicion) return suspicion.confirm(suspect.from) ? [spread(suspect)] : []
    if (member.state !== 'alive') return []
    if (member === this.members.self) return this.#refute(suspect.incarnation)
    this.#become(member, 'suspect', suspect.incarnation, nowMs)
    this.#suspicions.set(member.name, this.#suspicion(suspect.from, nowMs))
    return [spread(suspect), { type: 'report', member }]
  }

  #dead(dead: Dead, nowMs: number): Effect[] {
    const member = this.members.get(dead.node)
    if (!member || dead.incarnation < member.incarnation || isDeadOrLeft(member)) return []
    if (member === this.members.self) {
      const refuted = this.#refute(dead.incarnation)
      const isEcho = refuted.length === 0 || dead.from === dead.node // of our leaving, in an earlier life
      return isEcho ? refuted : [...refuted, { type: 'accused', from: dead.from }]
    }
    const isLeave = dead.from === dead.node
    return !isLeave && this.#rules.hasProofOfLife(dead.node)
      ? this.#doubt(member, dead, nowMs)
      : this.#die(member, dead, nowMs)
  }

  /** Passed on once, so that it hears of it and can protest. */
  #doubt(member: Member, dead: Dead, nowMs: number): Effect[] {
    const { incarnation, from } = dead
    const suspected = this.#suspect({ type: 'suspect', incarnation, node: member.name, from }, nowMs)
    if ((this.#doubted.get(member.name) ?? -1) >= incarnation) return suspected
    this.#doubted.set(member.name, incarnation)
    return [...suspected.filter(({ type }) => type === 'report'), spread(dead)]
  }

  #die(member: Member, dead: Dead, nowMs: number): Effect[] {
    this.#forget(member.name)
    const isOurs = dead.from === this.members.self.name
    this.#become(member, dead.from === dead.node ? 'left' : 'dead', dead.incarnation, nowMs)
    const news = { type: 'spread', about: member.name, news: dead, urgent: isOurs } as const
    return member === this.members.self ? [news] : [news, { type: 'report', member }]
  }

  /** §4.2 of SWIM: an incarnation above the accuser's. At the end of all numbers it stays there: a wrap would be the past. */
  #refute(accused: number): Effect[] {
    const { self } = this.members
    if (this.#leaving) return []
    self.incarnation = Math.min(Math.max(self.incarnation, accused) + 1, LAST_INCARNATION)
    return [
      { type: 'score', delta: 1 },
      { type: 'spread', about: self.name, news: aliveOf(self), urgent: true },
    ]
  }

  /** The shortest time, as it has had a long one before. */
  #suspectAgain({ name, incarnation }: Member, nowMs: number): Effect {
    const from = this.members.self.name
    const times = { ...suspicionTimes(this.#rules, this.members.size), wanted: 0 }
    this.#suspicions.set(name, new Suspicion(from, times, nowMs))
    return spread({ type: 'suspect', incarnation, node: name, from })
  }

  #become(member: Member, state: Member['state'], incarnation: number, nowMs: number): void {
    member.incarnation = incarnation
    if (member.state !== state) member.sinceMs = nowMs
    member.state = state
  }

  #forget(name: string): void {
    this.#suspicions.delete(name)
    this.#doubted.delete(name)
  }

  #suspicion(from: string, nowMs: number): Suspicion {
    return new Suspicion(from, suspicionTimes(this.#rules, this.members.size), nowMs)
  }

  #deathOf({ name, incarnation }: Member): Dead {
    return { type: 'dead', incarnation, node: name, from: this.members.self.name }
  }
}

function spread(news: News): Effect {
  return { type: 'spread', about: news.node, news, urgent: false }
}

/** Dead until the news that made it known is taken. */
function newMember({ node, address, port, meta, versions }: Alive, nowMs: number): Member {
  return { name: node, address, port, meta, versions, state: 'dead', incarnation: 0, sinceMs: nowMs }
}

function hasAddressOf(member: Member, { address, port }: Alive): boolean {
  return member.port === port && sameBytes(member.address, address)
}
