// SPDX-License-Identifier: Apache-2.0
/** Probes on the wire: our own ones, those for others, and the answers that others wait for. */
import type { Clock } from '../lib/clock.ts'
import type { SocketAddress } from '../lib/sockets.ts'
import { supervise } from '../lib/supervise.ts'
import type { Awareness } from './awareness.ts'
import type { Exchange } from './exchange.ts'
import { addressText, isUsableAddress, type Member, socketOf } from './member.ts'
import type { Members, Random } from './members.ts'
import type { Effect, Membership } from './membership.ts'
import type { Ack, IndirectPing, Message, Nack, Ping } from './messages.ts'
import { type ProbeAction, type ProbeKnobs, Prober, sendsNacks } from './probe.ts'
import { type Relay, Relays } from './probe-relays.ts'
import type { Sender } from './session-sender.ts'
import type { Timers } from './session-timers.ts'

type Parts = Readonly<{
  members: Members
  membership: Membership
  awareness: Awareness
  sender: Sender
  exchange: Exchange
  timers: Timers
  clock: Clock
  random: Random
  carryOut: (effects: readonly Effect[]) => unknown
}>

export class Probing {
  readonly #parts: Parts
  readonly #knobs: ProbeKnobs
  readonly #prober: Prober
  readonly #relays: Relays

  constructor(parts: Parts, knobs: ProbeKnobs) {
    this.#parts = parts
    this.#knobs = knobs
    const { members, membership, awareness, random, clock } = parts
    const table = { members, awareness, random, mostEndangered: () => membership.mostEndangered() }
    this.#prober = new Prober(table, knobs, clock.monotonicMs())
    this.#relays = new Relays(knobs.probeTimeoutMs)
  }

  /** With an interval of 0 nobody is probed; others are answered all the same. */
  begin(): void {
    if (this.#knobs.probeIntervalMs > 0) this.#armProbe()
  }

  /** We were away and heard no answers. */
  abandon(nowMs: number): void {
    this.#prober.abandon(nowMs)
    this.#relays.clear()
  }

  hear(message: Ping | IndirectPing | Ack | Nack, from: SocketAddress): void {
    switch (message.type) {
      case 'ping':
        return this.#answer(message, from)
      case 'indirectPing':
        return this.#pingFor(message, from)
      case 'ack':
        return this.#hearAck(message.sequence)
      case 'nack':
        return this.#prober.nack(message.sequence)
    }
  }

  #answer(ping: Ping, from: SocketAddress): void {
    if (ping.node !== '' && ping.node !== this.#parts.members.self.name) return
    const ack = { type: 'ack', sequence: ping.sequence, payload: new Uint8Array(0) } as const
    const to = sourceOf(ping) ?? from
    const member = this.#memberAt(ping.sourceNode, to)
    if (member?.state !== 'dead') return this.#send(ping.sourceNode, to, ack)
    // It lives, and takes us for alive: nobody looks for it, and it learns of its death from the next exchange only.
    const { name: node, incarnation } = member
    const death = { type: 'dead', incarnation, node, from: this.#parts.members.self.name } as const
    this.#parts.sender.toMember(member, ack, death)
  }

  #pingFor(request: IndirectPing, from: SocketAddress): void {
    const to = { address: request.target, port: request.port }
    if (!isUsableAddress(to.address) || to.port === 0) return
    const { self } = this.#parts.members
    const sequence = this.#prober.nextSequence()
    const asked = { to: sourceOf(request) ?? from, sequence: request.sequence, wantsNack: request.nack }
    if (!this.#relays.add(sequence, asked, this.#parts.clock.monotonicMs())) return
    const source = { sourceAddress: self.address, sourcePort: self.port, sourceNode: self.name }
    this.#send(request.node, socketOf(to), { type: 'ping', sequence, node: request.node, ...source })
    this.#armRelays()
  }

  #hearAck(sequence: number): void {
    const answered = this.#prober.ack(sequence)
    if (answered !== undefined) {
      this.#parts.membership.answered(answered)
      return this.#armProbe()
    }
    const relay = this.#relays.ack(sequence)
    if (relay) this.#tell(relay, 'ack')
  }

  #tell({ to, sequence }: Relay, type: 'ack' | 'nack'): void {
    const message = type === 'ack' ? ({ type, sequence, payload: new Uint8Array(0) } as const) : { type, sequence }
    this.#parts.sender.toStranger(to, message)
  }

  /** Only who is where we know him to be gets more than he asked for. */
  #send(name: string, to: SocketAddress, message: Message): void {
    const member = this.#memberAt(name, to)
    if (member) this.#parts.sender.toMember(member, message)
    else this.#parts.sender.toStranger(to, message)
  }

  #memberAt(name: string, { address, port }: SocketAddress): Member | undefined {
    const member = this.#parts.members.get(name)
    return member?.port === port && addressText(member.address) === address ? member : undefined
  }

  readonly #probe = (nowMs: number): void => {
    for (const action of this.#prober.advance(nowMs)) this.#act(action, nowMs)
    this.#armProbe()
  }

  #act(action: ProbeAction, nowMs: number): void {
    switch (action.type) {
      case 'ping':
        return this.#parts.sender.toMember(
          action.to,
          ...(action.accusation ? [action.ping, action.accusation] : [action.ping]),
        )
      case 'askToPing':
        for (const to of action.helpers) this.#parts.sender.toMember(to, { ...action.request, nack: sendsNacks(to) })
        return
      case 'pingStream':
        return supervise('gossip ping by TCP', this.#pingStream(action))
      case 'answered':
        return this.#parts.membership.answered(action.name)
      case 'accuse':
        this.#parts.carryOut(this.#parts.membership.accuse(action.name, action.incarnation, nowMs))
    }
  }

  async #pingStream({ to, ping, withinMs }: Extract<ProbeAction, { type: 'pingStream' }>): Promise<void> {
    if (await this.#parts.exchange.ping(socketOf(to), ping, withinMs)) this.#prober.streamAck(ping.sequence)
  }

  #armProbe(): void {
    this.#parts.timers.arm('probe', this.#prober.nextMs, this.#probe)
  }

  #armRelays(): void {
    const atMs = this.#relays.nextMs()
    if (atMs === undefined || this.#parts.timers.isArmed('relays')) return
    this.#parts.timers.arm('relays', atMs, (nowMs) => {
      for (const relay of this.#relays.expire(nowMs)) this.#tell(relay, 'nack')
      this.#armRelays()
    })
  }
}

/** Where the sender of a ping wants its answer; older members do not say. */
function sourceOf(ping: Ping | IndirectPing): SocketAddress | undefined {
  const { sourceAddress, sourcePort } = ping
  if (sourcePort === 0 || !isUsableAddress(sourceAddress)) return undefined
  return { address: addressText(sourceAddress), port: sourcePort }
}
