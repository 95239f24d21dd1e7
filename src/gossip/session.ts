// SPDX-License-Identifier: Apache-2.0
/**
 * A member of a ring that speaks the protocol of hashicorp/memberlist v0.5 (SWIM with Lifeguard), as MetalLB's speakers
 * do. The shell owns sockets and timers and decides nothing: `membership.ts` weighs news, `probe.ts` looks after the
 * others, `broadcasts.ts` chooses what to tell. Unlike memberlist: our own bad news (deaths, leaving, refuting, new
 * metadata) go straight to everybody; who was stopped accuses nobody; who is watched more closely does not die of
 * rumours; and a member whose protocol we do not speak stays out alone instead of failing the exchange.
 */
import type { Clock } from '../lib/clock.ts'
import { Fault } from '../lib/fault.ts'
import type { Log } from '../lib/log.ts'
import type { Datagrams, Network, NetworkFault, SocketAddress, StreamServer } from '../lib/sockets.ts'
import type { GossipConfig } from './config.ts'
import {
  addressBytes,
  isDeadOrLeft,
  MEMBERLIST_VERSIONS,
  type Member,
  type MemberView,
  socketOf,
  viewOf,
} from './member.ts'
import type { GossipDrop } from './messages.ts'
import { Participant } from './session-participant.ts'

export type { MemberView } from './member.ts'

export type GossipOptions = Readonly<{
  /** The Kubernetes node's. */
  name: string
  /** UDP and TCP; port 0 takes one that is free for both. */
  bind: SocketAddress
  /** What others are told; `bind` by default, which then is no 0.0.0.0 or ::. */
  advertise?: SocketAddress
  config: GossipConfig
  key: Uint8Array | null
  /** '' is none. */
  label: string
  /** 512 bytes at most. */
  meta: Uint8Array
  network: Network
  clock: Clock
  random: () => number
  log: Log
  /** Another one joined, is suspected, failed, left, came back, or changed its metadata. */
  onChange(member: MemberView): void
  hasProofOfLife(name: string): boolean
  /** Members taken for alive from the start, without saying so to anybody. */
  known?: readonly Omit<Member, 'state' | 'sinceMs'>[]
  /** MetalLB's by default; memberlist takes nobody whose delegate version it does not know. */
  versions?: Uint8Array
}>

export type GossipCounters = Readonly<{
  drops: Readonly<Record<GossipDrop, number>>
  sent: number
  received: number
  healthScore: number
  queued: number
}>

/** Push/pulls of one `join` at the same time; and of one `resync`, where the first that succeeds counts. */
const JOINS_AT_ONCE = 8
const RESYNC_WITH = 3
/** The kernel has what was sent by then. */
const FLUSH_MS = 5
const BIND_TRIES = 10

/** Membership in a ring. */
export type Gossip = Readonly<{
  /** Where it is bound. */
  local: SocketAddress
  /** Tells these what we know and hears what they know, all at the same time; how many answered. Never rejects. */
  join(peers: readonly SocketAddress[]): Promise<number>
  /** All known ones, ourselves too, and the dead until they are forgotten. */
  members(): readonly MemberView[]
  /** A new incarnation of ourselves, told at once. */
  setMeta(meta: Uint8Array): void
  /** Somebody who watches closer found it dead: believed here and told at once. */
  declareDead(name: string): void
  /** Exchanges all that is known with a live member, or several; false: none of them answered. */
  resync(): Promise<boolean>
  /** Tells all that we leave. Resolves when that is sent, or after `timeoutMs`; answering goes on until `close`. */
  leave(timeoutMs: number): Promise<void>
  /** Says nothing to anybody: for the others we are dead then, unless we have left. */
  close(): void
  counters(): GossipCounters
}>

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

type Sockets = Readonly<{ datagrams: Datagrams; streams: StreamServer }>
type Heard = { participant: Participant | null }

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

/** UDP and TCP on one port. */
async function bindBoth({ network, bind, log }: GossipOptions, heard: Heard): Promise<Sockets> {
  const onFault = (fault: Error): void => log.warn('socket of the ring', { error: fault.message })
  for (let tries = 1; ; tries++) {
    const datagrams = await network.bindDatagrams({
      local: bind,
      onReceived: (bytes, from) => heard.participant?.receive(bytes, from),
      onFault,
    })
    try {
      const streams = await network.listenStreams({
        local: { ...bind, port: datagrams.local.port },
        onReceived: (stream) => (heard.participant ? heard.participant.exchange.serve(stream) : stream.destroy()),
        onFault,
      })
      return { datagrams, streams }
    } catch (thrown) {
      datagrams.close()
      if (bind.port !== 0 || tries === BIND_TRIES) throw thrown
    }
  }
}
