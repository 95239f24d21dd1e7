// SPDX-License-Identifier: Apache-2.0
/** What a member does by itself: it listens, answers, probes, gossips and exchanges, and carries out what was decided. */
import type { Datagrams, SocketAddress } from '../lib/sockets.ts'
import { supervise } from '../lib/supervise.ts'
import { Awareness } from './awareness.ts'
import { Exchange } from './exchange.ts'
import { addressText, isUsableAddress, type Member, socketOf, stateOf, viewOf } from './member.ts'
import { Members, pushPullEveryMs } from './members.ts'
import { type Effect, Membership } from './membership.ts'
import type { GossipDrop, IndirectPing, Message, Ping } from './messages.ts'
import { type Envelope, openPacket } from './packet.ts'
import { type ProbeAction, Prober, sendsNacks } from './probe.ts'
import { type Relay, Relays } from './probe-relays.ts'
import { Inbox } from './session-inbox.ts'
import type { GossipOptions } from './session-options.ts'
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
  readonly #prober: Prober
  readonly #relays: Relays
  readonly #inbox: Inbox
  readonly #timers: Timers
  /** Called after each round of gossip. */
  onRound: (() => void) | undefined
  readonly #complained = new Map<string, number>()

  constructor(options: GossipOptions, self: Member, datagrams: Datagrams) {
    const { config, random, clock, network, name, key, label, hasProofOfLife } = options
    const nowMs = clock.monotonicMs()
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
    const mostEndangered = (): string | undefined => this.membership.mostEndangered()
    const table = { members: this.members, awareness: this.awareness, random, mostEndangered }
    this.#prober = new Prober(table, config, nowMs)
    this.#relays = new Relays(config.probeTimeoutMs)
    this.#inbox = new Inbox(config.handoffQueueDepth)
    this.#timers = new Timers(clock, config.probeTimeoutMs / 2, (pausedMs, atMs) => this.#wake(pausedMs, atMs))
  }

  begin(): void {
    const { config, clock, random } = this.#options
    const nowMs = clock.monotonicMs()
    // At a random moment of its period each, so that members that start together do not stay in step.
    const first = (periodMs: number): number => nowMs + random() * periodMs
    if (config.probeIntervalMs > 0) this.#armProbe()
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
        return this.#answerPing(message, from)
      case 'indirectPing':
        return this.#pingFor(message, from)
      case 'ack':
        return this.#hearAck(message.sequence)
      case 'nack':
        return this.#prober.nack(message.sequence)
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

  #answerPing(ping: Ping, from: SocketAddress): void {
    if (ping.node !== '' && ping.node !== this.members.self.name) return
    const ack = { type: 'ack', sequence: ping.sequence, payload: new Uint8Array(0) } as const
    this.#send(ping.sourceNode, sourceOf(ping) ?? from, ack)
  }

  #pingFor(request: IndirectPing, from: SocketAddress): void {
    const to = { address: request.target, port: request.port }
    if (!isUsableAddress(to.address) || to.port === 0) return
    const { self } = this.members
    const sequence = this.#prober.nextSequence()
    const asked = { to: sourceOf(request) ?? from, sequence: request.sequence, wantsNack: request.nack }
    if (!this.#relays.add(sequence, asked, this.#options.clock.monotonicMs())) return
    const source = { sourceAddress: self.address, sourcePort: self.port, sourceNode: self.name }
    this.#send(request.node, socketOf(to), { type: 'ping', sequence, node: request.node, ...source })
    this.#armRelays()
  }

  #hearAck(sequence: number): void {
    const answered = this.#prober.ack(sequence)
    if (answered !== undefined) {
      this.membership.answered(answered)
      return this.#armProbe()
    }
    const relay = this.#relays.ack(sequence)
    if (relay) this.#tell(relay, 'ack')
  }

  #tell({ to, sequence }: Relay, type: 'ack' | 'nack'): void {
    const message = type === 'ack' ? ({ type, sequence, payload: new Uint8Array(0) } as const) : { type, sequence }
    this.sender.toStranger(to, message)
  }

  /** Only who is where we know him to be gets more than he asked for. */
  #send(name: string, to: SocketAddress, message: Message): void {
    const member = this.members.get(name)
    const isThere = member && member.port === to.port && addressText(member.address) === to.address
    if (isThere) this.sender.toMember(member, message)
    else this.sender.toStranger(to, message)
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

  readonly #probe = (nowMs: number): void => {
    for (const action of this.#prober.advance(nowMs)) this.#act(action, nowMs)
    this.#armProbe()
  }

  #act(action: ProbeAction, nowMs: number): void {
    switch (action.type) {
      case 'ping':
        return this.sender.toMember(
          action.to,
          ...(action.accusation ? [action.ping, action.accusation] : [action.ping]),
        )
      case 'askToPing':
        for (const to of action.helpers) this.sender.toMember(to, { ...action.request, nack: sendsNacks(to) })
        return
      case 'pingStream':
        return supervise('gossip ping by TCP', this.#pingStream(action))
      case 'answered':
        return this.membership.answered(action.name)
      case 'accuse':
        this.carryOut(this.membership.accuse(action.name, action.incarnation, nowMs))
    }
  }

  async #pingStream({ to, ping, withinMs }: Extract<ProbeAction, { type: 'pingStream' }>): Promise<void> {
    if (await this.exchange.ping(socketOf(to), ping, withinMs)) this.#prober.streamAck(ping.sequence)
  }

  #armProbe(): void {
    this.#timers.arm('probe', this.#prober.nextMs, this.#probe)
  }

  #armSuspicion(): void {
    const atMs = this.membership.nextDeadlineMs()
    if (atMs === undefined) return this.#timers.cancel('suspicion')
    this.#timers.arm('suspicion', atMs, (nowMs) => this.carryOut(this.membership.expire(nowMs)))
  }

  #armRelays(): void {
    const atMs = this.#relays.nextMs()
    if (atMs === undefined || this.#timers.isArmed('relays')) return
    this.#timers.arm('relays', atMs, (nowMs) => {
      for (const relay of this.#relays.expire(nowMs)) this.#tell(relay, 'nack')
      this.#armRelays()
    })
  }

  /** What was due while we were away says nothing about others: they get their time again. */
  #wake(pausedMs: number, nowMs: number): void {
    this.#prober.abandon(nowMs)
    this.#relays.clear()
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

/** Where the sender of a ping wants its answer; older members do not say. */
function sourceOf(ping: Ping | IndirectPing): SocketAddress | undefined {
  const { sourceAddress, sourcePort } = ping
  if (sourcePort === 0 || !isUsableAddress(sourceAddress)) return undefined
  return { address: addressText(sourceAddress), port: sourcePort }
}
