// SPDX-License-Identifier: Apache-2.0
/** What leaves by UDP: messages with as much of the queue as fits beside them, rounds of gossip, and urgent news. */
import type { Datagrams } from '../lib/sockets.ts'
import { Broadcasts, retransmitLimit } from './broadcasts.ts'
import { encodeMessage } from './codec.ts'
import type { GossipConfig } from './config.ts'
import { isDeadOrLeft, type Member, protocolMax, socketOf } from './member.ts'
import type { Members, Random } from './members.ts'
import type { News } from './membership.ts'
import type { Message } from './messages.ts'
import { COMPOUND_BYTES_PER_MESSAGE, COMPOUND_MAX_MESSAGES, type Envelope, packetRoom, sealPacket } from './packet.ts'

/** Members that hear urgent news at once; in larger rings gossip brings it to the rest. */
const MOST_TOLD_AT_ONCE = 64
/** Of urgent news, at the next rounds of gossip: three times in all, where a network loses a third that is all but everybody. */
const REPEATS = 2
/** Packets of urgent news: whoever makes us refute again and again does not make us flood the others. */
const BURST_PACKETS = 2048
const PACKETS_PER_SECOND = 512
/** Members that understand checksums. */
const CRC_PROTOCOL = 5

export type SenderOptions = Readonly<{
  datagrams: Datagrams
  envelope: Envelope
  members: Members
  random: Random
  config: GossipConfig
}>

export class Sender {
  sent = 0
  readonly #options: SenderOptions
  readonly #broadcasts = new Broadcasts()
  readonly #roomBytes: number
  readonly #urgent = new Map<string, { bytes: Uint8Array; repeats: number }>()
  #allowance = BURST_PACKETS
  #allowanceAtMs = 0

  constructor(options: SenderOptions) {
    this.#options = options
    this.#roomBytes = packetRoom(options.envelope, options.config.udpBufferSize)
  }

  get queued(): number {
    return this.#broadcasts.size
  }

  hasQueued(about: string): boolean {
    return this.#broadcasts.has(about)
  }

  queue(about: string, news: News): void {
    this.#urgent.delete(about)
    this.#broadcasts.queue(about, encodeMessage(news))
  }

  /** Queued, and straight to all members as far as the bounds allow; how many live ones were told. */
  tellAtOnce(about: string, news: News, nowMs: number): number {
    const bytes = encodeMessage(news)
    this.#broadcasts.queue(about, bytes)
    this.#urgent.set(about, { bytes, repeats: REPEATS })
    return this.#atOnce(about, bytes, nowMs)
  }

  /** To a member, with what is to be spread beside it. */
  toMember(to: Member, ...messages: readonly Message[]): void {
    const encoded = messages.map(encodeMessage)
    this.#packet(to, [...encoded, ...this.#beside(encoded)])
  }

  /** To whoever it may be: nothing that would make more of it than was asked. */
  toStranger(to: Readonly<{ address: string; port: number }>, message: Message): void {
    this.sent++
    this.#options.datagrams.send(to, sealPacket([encodeMessage(message)], this.#options.envelope))
  }

  /** One round: to a few members, the lately dead too, so that they can protest. */
  gossip(nowMs: number): void {
    const { members, random, config } = this.#options
    for (const [about, urgent] of this.#urgent) {
      this.#atOnce(about, urgent.bytes, nowMs)
      urgent.repeats--
      if (urgent.repeats === 0) this.#urgent.delete(about)
    }
    if (this.#broadcasts.size === 0) return
    const hears = ({ state, sinceMs }: Member): boolean =>
      state === 'alive' || state === 'suspect' || (state === 'dead' && nowMs - sinceMs <= config.gossipToTheDeadTimeMs)
    for (const to of members.pick(config.gossipNodes, random, hears)) {
      const messages = this.#beside([])
      if (messages.length === 0) return
      this.#packet(to, messages)
    }
  }

  #atOnce(about: string, bytes: Uint8Array, nowMs: number): number {
    const { members, random } = this.#options
    this.#allowance += ((nowMs - this.#allowanceAtMs) * PACKETS_PER_SECOND) / 1000
    this.#allowance = Math.min(this.#allowance, BURST_PACKETS)
    this.#allowanceAtMs = nowMs
    const most = Math.min(MOST_TOLD_AT_ONCE, Math.floor(this.#allowance))
    const living = members.pick(most, random, (member) => !isDeadOrLeft(member))
    // The dead may only have been cut off; and who is accused is told so.
    const isToHear = (member: Member): boolean =>
      member.state === 'dead' || (member.name === about && isDeadOrLeft(member))
    const lost = members.pick(most - living.length, random, isToHear)
    for (const to of [...living, ...lost]) this.#packet(to, [bytes])
    this.#allowance -= living.length + lost.length
    return living.length
  }

  #beside(encoded: readonly Uint8Array[]): Uint8Array[] {
    if (this.#broadcasts.size === 0) return []
    const used = encoded.reduce((sum, { length }) => sum + length + COMPOUND_BYTES_PER_MESSAGE, 0)
    const { config, members } = this.#options
    const most = COMPOUND_MAX_MESSAGES - encoded.length
    const room = { roomBytes: this.#roomBytes - used, overheadBytes: COMPOUND_BYTES_PER_MESSAGE, most }
    return this.#broadcasts.take(room, retransmitLimit(config.retransmitMult, members.size))
  }

  #packet(to: Member, messages: readonly Uint8Array[]): void {
    this.sent++
    const crc = protocolMax(to) >= CRC_PROTOCOL
    this.#options.datagrams.send(socketOf(to), sealPacket(messages, this.#options.envelope, { crc }))
  }
}
