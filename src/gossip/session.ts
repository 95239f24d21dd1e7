// SPDX-License-Identifier: Apache-2.0
/**
 * A member of a ring that speaks the protocol of hashicorp/memberlist v0.5 (SWIM with Lifeguard), as MetalLB's speakers
 * do. The shell owns sockets and timers and decides nothing: `membership.ts` weighs news, `probe.ts` looks after the
 * others, `broadcasts.ts` chooses what to tell. Unlike memberlist: our own bad news (deaths, leaving, refuting, new
 * metadata) go straight to everybody; who was stopped accuses nobody; who is watched more closely does not die of
 * rumours; and a member whose protocol we do not speak stays out alone instead of failing the exchange.
 */
import { Fault } from '../lib/fault.ts'
import type { NetworkFault, SocketAddress } from '../lib/sockets.ts'
import {
  addressBytes,
  isDeadOrLeft,
  MEMBERLIST_VERSIONS,
  type Member,
  type MemberView,
  socketOf,
  viewOf,
} from './member.ts'
import type { Gossip, GossipCounters, GossipOptions } from './session-options.ts'
import { Participant } from './session-participant.ts'
import { bindBoth, type Heard, type Sockets } from './session-sockets.ts'

export type { MemberView } from './member.ts'
export type { Gossip, GossipCounters, GossipOptions } from './session-options.ts'

/** Push/pulls of one `join` at the same time; and of one `resync`, where the first that succeeds counts. */
const JOINS_AT_ONCE = 8
const RESYNC_WITH = 3
/** The kernel has what was sent by then. */
const FLUSH_MS = 5

class Session implements Gossip {
  readonly local: SocketAddress
  readonly #options: GossipOptions
  readonly #participant: Participant
  readonly #close: () => void

  constructor(options: GossipOptions, participant: Participant, sockets: Sockets) {
    this.local = sockets.datagrams.local
    this.#options = options
    this.#participant = participant
    this.#close = () => {
      participant.close()
      sockets.datagrams.close()
      sockets.streams.close()
    }
  }

  async join(peers: readonly SocketAddress[]): Promise<number> {
    const own = socketOf(this.#participant.members.self)
    const waiting = peers.filter(({ address, port }) => address !== own.address || port !== own.port)
    let joined = 0
    const work = async (): Promise<void> => {
      for (let peer = waiting.shift(); peer; peer = waiting.shift()) {
        if (await this.#participant.exchange.pushPull(peer, true)) joined++
      }
    }
    await Promise.all(Array.from({ length: Math.min(JOINS_AT_ONCE, waiting.length) }, work))
    return joined
  }

  members(): readonly MemberView[] {
    return this.#participant.members.all().map(viewOf)
  }

  setMeta(meta: Uint8Array): void {
    this.#participant.carryOut(this.#participant.membership.setMeta(meta))
  }

  declareDead(name: string): void {
    this.#participant.carryOut(this.#participant.membership.declareDead(name, this.#nowMs()))
  }

  async resync(): Promise<boolean> {
    const { members, exchange } = this.#participant
    const peers = members.pick(RESYNC_WITH, this.#options.random, ({ state }) => state === 'alive')
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const all = peers.map(async (peer) => {
      if (await exchange.pushPull(socketOf(peer), false)) resolve(true)
    })
    return await Promise.race([promise, Promise.all(all).then(() => false)])
  }

  async leave(timeoutMs: number): Promise<void> {
    const { members, membership, sender } = this.#participant
    const others = members.all().filter((member) => member !== members.self && !isDeadOrLeft(member)).length
    const told = this.#participant.carryOut(membership.leave(this.#nowMs()))
    if (others === 0) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const waitMs = told >= others ? Math.min(FLUSH_MS, timeoutMs) : timeoutMs
    const timer = this.#options.clock.after(waitMs, resolve)
    this.#participant.onRound = () => {
      if (!sender.hasQueued(members.self.name)) resolve()
    }
    await promise
    timer.cancel()
  }

  close(): void {
    this.#close()
  }

  counters(): GossipCounters {
    const { drops, sender, received, awareness } = this.#participant
    const { sent, queued } = sender
    return { drops: { ...drops }, sent, received, healthScore: awareness.score, queued }
  }

  #nowMs(): number {
    return this.#options.clock.monotonicMs()
  }
}

/** Binds, and begins. Rejects with a Fault of the network; `noAddress` where there is none that others could be told. */
export async function openGossip(options: GossipOptions): Promise<Gossip> {
  const heard: Heard = { participant: null }
  const sockets = await bindBoth(options, heard)
  const local = options.advertise ?? { ...options.bind, port: 0 }
  const address = addressBytes(local.address)
  if (!address) {
    sockets.datagrams.close()
    sockets.streams.close()
    throw new Fault<NetworkFault>({ code: 'noAddress' }, `others cannot be told ${local.address}: an address is needed`)
  }
  const port = local.port === 0 ? sockets.datagrams.local.port : local.port
  const { name, meta, versions = MEMBERLIST_VERSIONS } = options
  const sinceMs = options.clock.monotonicMs()
  const self: Member = { name, address, port, meta, versions, state: 'alive', incarnation: 1, sinceMs }
  const participant = new Participant(options, self, sockets.datagrams)
  for (const member of options.known ?? []) {
    participant.members.add({ ...member, state: 'alive', sinceMs }, options.random)
  }
  heard.participant = participant
  participant.begin()
  return new Session(options, participant, sockets)
}
