// SPDX-License-Identifier: Apache-2.0
/** What a member does by itself: it listens, weighs news, gossips and exchanges, and carries out what was decided. */
import type { Datagrams, SocketAddress } from '../lib/sockets.ts'
import { supervise } from '../lib/supervise.ts'
import { Awareness } from './awareness.ts'
import { Exchange } from './exchange.ts'
import { addressText, type Member, socketOf, stateOf, viewOf } from './member.ts'
import { Members, pushPullEveryMs } from './members.ts'
import { type Effect, Membership } from './membership.ts'
import type { GossipDrop, Message } from './messages.ts'
import { type Envelope, openPacket } from './packet.ts'
import { Inbox } from './session-inbox.ts'
import type { GossipOptions } from './session-options.ts'
import { Probing } from './session-probing.ts'
import { Sender } from './session-sender.ts'
import { Timers } from './session-timers.ts'

/** News weighed in one go; then others have their turn. */
const NEWS_PER_TURN = 256
const COMPLAIN_AGAIN_MS = 60_000

const NO_DROPS: Readonly<Record<GossipDrop, number>> = {
  truncated: 0,
  unknownType: 0,
  notMsgpack: 0,
  wrongField: 0,
  tooLarge: 0,
  badChecksum: 0,
  badCompression: 0,
  notDecrypted: 0,
  notEncrypted: 0,
  wrongLabel: 0,
}

export class Participant {
  readonly members: Members
  readonly membership: Membership
  readonly awareness: Awareness
  readonly sender: Sender
  readonly exchange: Exchange
  readonly drops: Record<GossipDrop, number> = { ...NO_DROPS }
  received = 0
  readonly #options: GossipOptions
  readonly #envelope: Envelope
  readonly #probing: Probing
  readonly #inbox: Inbox
  readonly #timers: Timers
  /** Called after each round of gossip. */
  onRound: (() => void) | undefined
  readonly #complained = new Map<string, number>()

  constructor(options: GossipOptions, self: Member, datagrams: Datagrams) {
    const { config, random, clock, network, name, key, label, hasProofOfLife } = options
    this.#options = options
    this.#envelope = {
      key,
      label,
      compress: config.enableCompression,
      verifyIncoming: config.gossipVerifyIncoming,
      verifyOutgoing: config.gossipVerifyOutgoing,
    }
    this.members = new Members(self)
    this.membership = new Membership(this.members, { ...config, random, hasProofOfLife })
    this.awareness = new Awareness(config.awarenessMaxMultiplier)
    this.sender = new Sender({ datagrams, envelope: this.#envelope, members: this.members, random, config })
    this.exchange = new Exchange({
      name,
      network,
      clock,
      envelope: this.#envelope,
      timeoutMs: config.tcpTimeoutMs,
      states: () => this.members.all().map(stateOf),
      onStates: (states) => this.carryOut(this.membership.merge(states, clock.monotonicMs())),
      onDrop: (why) => this.drops[why]++,
    })
    this.#inbox = new Inbox(config.handoffQueueDepth)
    this.#timers = new Timers(clock, config.probeTimeoutMs / 2, (pausedMs, atMs) => this.#wake(pausedMs, atMs))
    const { members, membership, awareness, sender, exchange } = this
    const timers = this.#timers
    const carryOut = (effects: readonly Effect[]): unknown => this.carryOut(effects)
    const parts = { members, membership, awareness, sender, exchange, timers, clock, random, carryOut }
    this.#probing = new Probing(parts, config)
  }

  begin(): void {
    const { config, clock, random } = this.#options
    const nowMs = clock.monotonicMs()
    // At a random moment of its period each, so that members that start together do not stay in step.
    const first = (periodMs: number): number => nowMs + random() * periodMs
    this.#probing.begin()
    if (config.gossipIntervalMs > 0) this.#timers.arm('gossip', first(config.gossipIntervalMs), this.#gossip)
    if (config.pushPullIntervalMs > 0) this.#timers.arm('pushPull', first(config.pushPullIntervalMs), this.#armPushPull)
  }

  close(): void {
    this.#timers.close()
    this.exchange.close()
  }

  receive(bytes: Uint8Array, from: SocketAddress): void {
    this.received++
    const opened = openPacket(bytes, this.#envelope, (why) => this.drops[why]++)
    if ('malformed' in opened) this.drops[opened.malformed]++
    else for (const message of opened) this.#handle(message, from)
  }

  /** How many members were told at once. */
  carryOut(effects: readonly Effect[]): number {
    const nowMs = this.#options.clock.monotonicMs()
    let told = 0
    for (const effect of effects) {
      switch (effect.type) {
        case 'spread':
          if (effect.urgent) told = this.sender.tellAtOnce(effect.about, effect.news, nowMs)
          else this.sender.queue(effect.about, effect.news)
          break
        case 'accused':
          this.#options.onAccused?.(effect.from)
          break
        case 'report':
          this.#options.onChange(viewOf(effect.member))
          break
        case 'score':
          this.awareness.apply(effect.delta)
          break
        case 'conflict': {
          const { member, alive } = effect
          const fields = {
            member: member.name,
            address: addressText(member.address),
            other: addressText(alive.address),
          }
          this.#complain('another member uses the name of a member of the ring', fields)
          break
        }
      }
    }
    this.#armSuspicion()
    return told
  }

  #handle(message: Message, from: SocketAddress): void {
    switch (message.type) {
      case 'ping':
      case 'indirectPing':
      case 'ack':
      case 'nack':
        return this.#probing.hear(message, from)
      case 'alive':
      case 'suspect':
      case 'dead':
        if (!this.#inbox.put(message)) this.#complain('more news of the ring than can be weighed: some are lost', {})
        if (!this.#timers.isArmed('inbox')) this.#timers.arm('inbox', 0, this.#weigh)
        return
      case 'user':
      case 'pushPull':
      case 'error':
    }
  }

  readonly #weigh = (nowMs: number): void => {
    for (let weighed = 0; weighed < NEWS_PER_TURN; weighed++) {
      const news = this.#inbox.take()
      if (!news) return
      this.carryOut(this.membership.hear(news, nowMs))
    }
    this.#timers.arm('inbox', nowMs, this.#weigh)
  }

  readonly #gossip = (nowMs: number): void => {
    this.sender.gossip(nowMs)
    this.onRound?.()
    this.#timers.arm('gossip', nowMs + this.#options.config.gossipIntervalMs, this.#gossip)
  }

  readonly #pushPull = (nowMs: number): void => {
    const [peer] = this.members.pick(1, this.#options.random, ({ state }) => state === 'alive')
    if (peer) supervise('gossip push/pull', this.exchange.pushPull(socketOf(peer), false))
    this.#armPushPull(nowMs)
  }

  readonly #armPushPull = (nowMs: number): void => {
    const everyMs = pushPullEveryMs(this.#options.config.pushPullIntervalMs, this.members.size)
    this.#timers.arm('pushPull', nowMs + everyMs, this.#pushPull)
  }

  #armSuspicion(): void {
    const atMs = this.membership.nextDeadlineMs()
    if (atMs === undefined) return this.#timers.cancel('suspicion')
    this.#timers.arm('suspicion', atMs, (nowMs) => this.carryOut(this.membership.expire(nowMs)))
  }

  /** What was due while we were away says nothing about others: they get their time again. */
  #wake(pausedMs: number, nowMs: number): void {
    this.#probing.abandon(nowMs)
    this.membership.shift(pausedMs)
    this.#complain('this process was stopped for a while, and accuses nobody for it', {
      pausedMs: Math.round(pausedMs),
    })
  }

  #complain(about: string, fields: Readonly<Record<string, unknown>>): void {
    const nowMs = this.#options.clock.monotonicMs()
    if (nowMs - (this.#complained.get(about) ?? -Infinity) < COMPLAIN_AGAIN_MS) return
    this.#complained.set(about, nowMs)
    this.#options.log.warn(about, fields)
  }
}
