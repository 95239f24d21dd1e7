// SPDX-License-Identifier: Apache-2.0
/**
 * SWIM's probe, one at a time: a ping; without an answer within `probeTimeoutMs`, others are asked to ping, and TCP is
 * tried; who has not answered by the end of the interval is suspected. The interval, not the timeout, grows with our
 * own ill health. Those who were asked say when they get no answer either (a nack): who misses their nacks is probably
 * himself the one that is cut off.
 */
import type { Awareness } from './awareness.ts'
import { type Member, protocolMax } from './member.ts'
import type { Members, Random } from './members.ts'
import type { IndirectPing, Ping, Suspect } from './messages.ts'

export type ProbeKnobs = Readonly<{
  probeIntervalMs: number
  probeTimeoutMs: number
  indirectChecks: number
  disableTcpPings: boolean
  gossipToTheDeadTimeMs: number
}>

export type ProbeAction =
  /** A suspect is told in the same packet what it is accused of, so that it can protest at once. */
  | Readonly<{ type: 'ping'; to: Member; ping: Ping; accusation: Suspect | null }>
  | Readonly<{ type: 'askToPing'; helpers: readonly Member[]; request: Omit<IndirectPing, 'nack'> }>
  | Readonly<{ type: 'pingStream'; to: Member; ping: Ping; withinMs: number }>
  /** By TCP, at the end of the interval. */
  | Readonly<{ type: 'answered'; name: string }>
  | Readonly<{ type: 'accuse'; name: string; incarnation: number }>

export type ProbeTable = Readonly<{
  members: Members
  awareness: Awareness
  random: Random
  /** A suspect that may soon be called dead. */
  mostEndangered: () => string | undefined
}>

type Running = {
  readonly target: Member
  readonly ping: Ping
  readonly incarnation: number
  readonly deadlineMs: number
  readonly askAtMs: number
  isAsked: boolean
  isAnsweredByStream: boolean
  nacksWanted: number
  nacks: number
}

/** Who understands nacks, and pings by TCP. */
const NACK_PROTOCOL = 4
const STREAM_PING_PROTOCOL = 3

export class Prober {
  readonly #members: Members
  readonly #awareness: Awareness
  readonly #knobs: ProbeKnobs
  readonly #random: Random
  readonly #mostEndangered: () => string | undefined
  #isRoundsTurn = true
  #sequence: number
  #running: Running | undefined
  #nextStartMs: number

  constructor(table: ProbeTable, knobs: ProbeKnobs, nowMs: number) {
    this.#members = table.members
    this.#awareness = table.awareness
    this.#random = table.random
    this.#mostEndangered = table.mostEndangered
    this.#knobs = knobs
    // From anywhere: who does not see our packets cannot answer for others.
    this.#sequence = Math.floor(table.random() * 2 ** 32)
    // At any time of the interval, so that members that start together do not stay in step.
    this.#nextStartMs = nowMs + table.random() * knobs.probeIntervalMs
  }

  /** When `advance` has something to do. */
  get nextMs(): number {
    const running = this.#running
    if (!running) return this.#nextStartMs
    return running.isAsked ? running.deadlineMs : running.askAtMs
  }

  nextSequence(): number {
    this.#sequence = (this.#sequence + 1) >>> 0
    return this.#sequence
  }

  advance(nowMs: number): ProbeAction[] {
    const running = this.#running
    const actions: ProbeAction[] = []
    if (running && !running.isAsked && nowMs >= running.askAtMs) actions.push(...this.#ask(running, nowMs))
    if (running && nowMs >= running.deadlineMs) actions.push(...this.#giveVerdict(running))
    if (!this.#running && nowMs >= this.#nextStartMs) actions.push(...this.#start(nowMs))
    return actions
  }

  /** Who has answered; undefined if it is not the answer that is waited for. */
  ack(sequence: number): string | undefined {
    const running = this.#running
    if (running?.ping.sequence !== sequence) return undefined
    this.#awareness.apply(-1)
    this.#running = undefined
    return running.target.name
  }

  nack(sequence: number): void {
    if (this.#running?.ping.sequence === sequence) this.#running.nacks++
  }

  /** It counts at the end only: an answer by UDP is worth more. */
  streamAck(sequence: number): void {
    if (this.#running?.ping.sequence === sequence) this.#running.isAnsweredByStream = true
  }

  /** We were not there to hear the answer: no verdict, for nobody. */
  abandon(nowMs: number): void {
    if (!this.#running) return
    this.#running = undefined
    this.#nextStartMs = Math.max(this.#nextStartMs, nowMs)
  }

  #start(nowMs: number): ProbeAction[] {
    const { probeIntervalMs, probeTimeoutMs, gossipToTheDeadTimeMs } = this.#knobs
    // Never two in one interval; what took longer is followed at once.
    this.#nextStartMs = nowMs + probeIntervalMs
    const target = this.#endangered() ?? this.#members.nextToProbe(nowMs - gossipToTheDeadTimeMs, this.#random)
    if (!target) return []
    const { self } = this.#members
    const from = { sourceAddress: self.address, sourcePort: self.port, sourceNode: self.name }
    const ping: Ping = { type: 'ping', sequence: this.nextSequence(), node: target.name, ...from }
    const { incarnation } = target
    const deadlineMs = nowMs + this.#awareness.scale(probeIntervalMs)
    const askAtMs = Math.min(nowMs + probeTimeoutMs, deadlineMs)
    const fresh = { isAsked: false, isAnsweredByStream: false, nacksWanted: 0, nacks: 0 }
    this.#running = { target, ping, incarnation, deadlineMs, askAtMs, ...fresh }
    const accusation = { type: 'suspect', incarnation, node: target.name, from: self.name } as const
    return [{ type: 'ping', to: target, ping, accusation: target.state === 'alive' ? null : accusation }]
  }

  /** Every other turn goes to a suspect: it hears of the accusation, and we hear whether it lives before we call it dead. */
  #endangered(): Member | undefined {
    const name = this.#isRoundsTurn ? undefined : this.#mostEndangered()
    this.#isRoundsTurn = !this.#isRoundsTurn
    return name === undefined ? undefined : this.#members.get(name)
  }

  #ask(running: Running, nowMs: number): ProbeAction[] {
    const { target, ping, deadlineMs } = running
    running.isAsked = true
    const canHelp = (member: Member): boolean => member !== target && member.state === 'alive'
    const helpers = this.#members.pick(this.#knobs.indirectChecks, this.#random, canHelp)
    running.nacksWanted = helpers.filter(sendsNacks).length
    const { address, port } = target
    const actions: ProbeAction[] = []
    if (helpers.length > 0) {
      actions.push({ type: 'askToPing', helpers, request: { ...ping, type: 'indirectPing', target: address, port } })
    }
    if (!this.#knobs.disableTcpPings && protocolMax(target) >= STREAM_PING_PROTOCOL && deadlineMs > nowMs) {
      actions.push({ type: 'pingStream', to: target, ping, withinMs: deadlineMs - nowMs })
    }
    return actions
  }

  #giveVerdict({ target, incarnation, isAnsweredByStream, nacksWanted, nacks }: Running): ProbeAction[] {
    this.#running = undefined
    if (isAnsweredByStream) {
      this.#awareness.apply(-1)
      return [{ type: 'answered', name: target.name }]
    }
    // Without anybody who would send a nack each failure counts against us a little.
    this.#awareness.apply(nacksWanted > 0 ? Math.max(0, nacksWanted - nacks) : 1)
    return [{ type: 'accuse', name: target.name, incarnation }]
  }
}

/** A helper that understands them is asked for nacks. */
export function sendsNacks(member: Member): boolean {
  return protocolMax(member) >= NACK_PROTOCOL
}
