// SPDX-License-Identifier: Apache-2.0
/**
 * The speakers of a cluster and who of them lives: memberlist's protocol, which MetalLB's speakers speak as well, and
 * between ours a closer watch that finds a dead node in a fraction of a second. What the watch finds is spread in the
 * ring's own words, and who is taken for dead wrongly protests there.
 *
 * This shell wires them: gossip tells who is there, the watch looks at those, and the view of both goes to the plan.
 */
import type { Watches, WatchLoss } from '../../bfd/watches.ts'
import type { Gossip, MemberView } from '../../gossip/session.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import { supervise } from '../../lib/supervise.ts'
import { VERSION } from '../../lib/version.ts'
import type { Discovery } from './discovery.ts'
import { LostMembers } from './lost-members.ts'
import { RingLog } from './ring-log.ts'
import { decodeMetadata, encodeMetadata, type GateStates, type Metadata } from './ring-metadata.ts'
import { isLive, RingSearch } from './ring-search.ts'
import { type RingMember, type RingView, ringView } from './ring-view.ts'
import { watchPeers } from './watch-peers.ts'

/** What the first plan waits for: the others are found, or nobody answers. */
const JOIN_MS = 2000
/** Who was lost is heard again, and did not answer. */
const REUNITE_MS = 1000
/** By then both sides have given up what is the other's, and what was announced wrongly is put right for clients. */
const REUNITED_MS = 1000
/** Names of the dead that are remembered, whatever is invented. */
const MOST_DEAD = 1024
/** How long a ring that answers nothing is asked after a pause, before we go on with what we knew. */
const RESYNC_MS = 2000
/** How long our last message may take to go out. */
const LEAVE_MS = 1000
/** After it was heard, others plan and announce what was ours, while we still answer: so long, and more for many. */
const HANDOVER_MS = 500
const HANDOVER_MS_PER_SERVICE = 0.5
const LONGEST_HANDOVER_MS = 3000

export type RingOptions = Readonly<{
  node: string
  /** Where our own watch can be reached; 0: there is none. */
  watchPort: number
  openGossip(hooks: GossipHooks): Promise<Gossip>
  /** Null: nobody is watched. */
  openWatches(hooks: WatchHooks): RingWatches | null
  discovery: Discovery
  clock: Clock
  log: Log
  /** What decides announcements may be another one. */
  onChange(): void
  /** Others took this node for dead, and may have announced what is ours. */
  onRefuted(): void
}>

/** What the ring asks of the watch. */
export type RingWatches = Pick<Watches, 'set' | 'isUp' | 'states' | 'close'>

export type GossipHooks = Readonly<{
  meta: Uint8Array
  onChange(member: MemberView): void
  onAccused(from: string): void
  hasProofOfLife(name: string): boolean
}>
export type WatchHooks = Readonly<{ onUp(name: string): void; onLost(loss: WatchLoss): void }>

/** What this node says of itself; the rest of its metadata the ring knows. */
export type OwnState = Pick<Metadata, 'lacking' | 'macs'>

export class Ring {
  readonly #options: RingOptions
  readonly #gossip: Gossip
  readonly #watches: RingWatches | null
  readonly #lost = new LostMembers()
  readonly #search: RingSearch
  readonly #said: RingLog
  readonly #dead = new Set<string>()
  #own: Metadata
  #published: Uint8Array
  #joined = false
  #leaving = false
  #changed = false

  /** `open` makes one. */
  constructor(options: RingOptions, gossip: Gossip, own: Metadata) {
    this.#options = options
    this.#gossip = gossip
    this.#said = new RingLog(options.log, options.clock)
    this.#search = new RingSearch({ ...options, gossip, onPlaces: (places) => this.#lost.keepAt(places) })
    this.#own = own
    this.#published = encodeMetadata(own)
    this.#watches = options.openWatches({
      onUp: (name) => {
        options.log.info('this speaker and another watch each other', { event: 'watchUp', member: name })
        supervise('hearing a lost speaker', this.#reunite(name))
      },
      onLost: (loss) => this.#declareDead(loss),
    })
    if (!this.#watches) this.#say({ watchPort: 0 })
  }

  /** Binds its sockets. Throws a Fault when it cannot. */
  static async open(options: RingOptions): Promise<Ring> {
    const own: Metadata = {
      announces: false,
      version: VERSION,
      watchPort: options.watchPort,
      gates: { passed: 'only', listed: new Set() },
      lacking: new Set(),
      macs: [],
    }
    /** It is told of before it is there. */
    const late: { ring?: Ring } = {}
    const gossip = await options.openGossip({
      meta: encodeMetadata(own),
      onChange: (member) => late.ring?.heard(member),
      onAccused: (from) => late.ring?.accused(from),
      hasProofOfLife: (name) => late.ring?.isUp(name) ?? false,
    })
    late.ring = new Ring(options, gossip, own)
    return late.ring
  }

  /** Whether the watch of a member shows that it lives. */
  isUp(name: string): boolean {
    return this.#watches?.isUp(name) ?? false
  }

  /** Finds the others; resolves when it has, or soon in any case. Goes on looking for those that did not answer. */
  async join(): Promise<void> {
    const patience = Promise.withResolvers<void>()
    const timer = this.#options.clock.after(JOIN_MS, patience.resolve)
    await Promise.race([this.#search.run(), patience.promise])
    timer.cancel()
    this.#joined = true
    const others = this.members().filter(({ name, state }) => name !== this.#options.node && isLive({ state }))
    this.#options.log.info('joined the ring of speakers', {
      event: 'joinedRing',
      members: others.map(({ name }) => name),
    })
    this.#tell()
  }

  /** Looks for those that are not in the ring, now: something changed that may have kept them away. */
  seek(): void {
    if (this.#joined && !this.#leaving) supervise('looking for speakers', this.#search.run())
  }

  /** What we say to be ours is planned and answered from now on. */
  announces(): void {
    this.#say({ announces: true })
  }

  say(own: OwnState): void {
    this.#say(own)
  }

  /** Which health gates pass here. */
  sayGates(gates: GateStates): void {
    this.#say({ gates })
  }

  /** Null: nothing is known yet, and nothing should be planned. */
  view(): RingView | null {
    if (!this.#joined) return null
    const members: RingMember[] = []
    for (const { name, meta, state } of this.members()) {
      if (name !== this.#options.node && isLive({ state })) members.push({ name, metadata: decodeMetadata(meta) })
    }
    // What others do not know of us must not decide here either: of ourselves, too, we read what went out.
    const metadata = decodeMetadata(this.#published)
    members.push({ name: this.#options.node, metadata: metadata && { ...metadata, announces: true } })
    return ringView(members)
  }

  members(): readonly MemberView[] {
    return this.#gossip.members()
  }

  /** The watch of a member: its state in RFC 5880's words; null where there is none. */
  watchOf(name: string): string | null {
    for (const watch of this.#watches?.states() ?? []) if (watch.name === name) return watch.state
    return null
  }

  /** Whether a MAC address is that of a member's link, also of one that is dead since a short while. */
  hasMac(mac: string): boolean {
    return this.members().some(({ meta }) => decodeMetadata(meta)?.macs.includes(mac))
  }

  counters(): ReturnType<Gossip['counters']> {
    return this.#gossip.counters()
  }

  /** After a pause: asks a member what happened meanwhile, so that a protest is out before we speak again. */
  async resync(): Promise<void> {
    const others = this.members().filter(({ name, state }) => name !== this.#options.node && isLive({ state }))
    if (!this.#joined || others.length === 0) return
    const patience = Promise.withResolvers<boolean>()
    const timer = this.#options.clock.after(RESYNC_MS, () => patience.resolve(false))
    const heard = await Promise.race([this.#gossip.resync(), patience.promise])
    timer.cancel()
    if (!heard) this.#options.log.warn('no other speaker answers; going on with the members known before', {})
  }

  /** Lets others take over so many Services, while we still answer; resolves when they had time for it. */
  async leave(services: number): Promise<void> {
    this.#leaving = true
    this.#search.stop()
    const view = this.view()
    this.#watches?.close()
    await this.#gossip.leave(LEAVE_MS)
    if (!view || view.speakers.size < 2) return
    const handover = Promise.withResolvers<void>()
    const forAllMs = Math.min(HANDOVER_MS + services * HANDOVER_MS_PER_SERVICE, LONGEST_HANDOVER_MS)
    this.#options.clock.after(services > 0 ? forAllMs : 0, handover.resolve)
    await handover.promise
  }

  close(): void {
    this.#leaving = true
    this.#search.stop()
    this.#watches?.close()
    this.#gossip.close()
  }

  #say(fields: Partial<Metadata>): void {
    this.#own = { ...this.#own, ...fields }
    const bytes = encodeMetadata(this.#own)
    if (Buffer.compare(bytes, this.#published) === 0) return
    this.#published = bytes
    this.#gossip.setMeta(bytes)
    this.#tell()
  }

  /** A member took us for dead. Our protest is out; what it has announced meanwhile, clients still believe. */
  accused(from: string): void {
    this.#said.accused(from)
    if (!this.#leaving) this.#options.onRefuted()
  }

  /** Gossip says so of a member. */
  heard(member: MemberView): void {
    const { name, state, meta } = member
    if (name !== this.#options.node) this.#said.heard(member)
    if (state === 'dead') this.#dead.add(name)
    const [oldest] = this.#dead.size > MOST_DEAD ? this.#dead : []
    if (oldest !== undefined) this.#dead.delete(oldest)
    // It was cut off, and took us for dead as well. Who begins anew has announced nothing.
    const isBack = state === 'alive' && this.#dead.delete(name) && decodeMetadata(meta)?.announces !== false
    if (isBack) this.#options.clock.after(REUNITED_MS, () => this.#leaving || this.#options.onRefuted())
    this.#tell()
  }

  /** Packets pass again between us and one that is dead here, as we are there: of that both have to hear. */
  async #reunite(name: string): Promise<void> {
    const place = this.#lost.get(name)
    if (!place || this.#leaving || !this.isUp(name)) return
    if ((await this.#gossip.join([place])) > 0) return
    this.#options.clock.after(REUNITE_MS, () => supervise('hearing a lost speaker', this.#reunite(name)))
  }

  #declareDead({ name, why }: WatchLoss): void {
    const reason = why === 'silent' ? 'has fallen silent' : 'has started anew'
    this.#options.log.warn(`the speaker of node ${name} ${reason}; its addresses go to others`, {
      event: 'speakerLost',
      member: name,
      why,
    })
    this.#gossip.declareDead(name)
  }

  /** Once for all that changed in one turn. */
  #tell(): void {
    if (this.#changed) return
    this.#changed = true
    queueMicrotask(() => {
      this.#changed = false
      if (this.#leaving) return
      this.#watch()
      this.#options.onChange()
    })
  }

  #watch(): void {
    if (!this.#watches) return
    const { node } = this.#options
    const ports = new Map<string, { address: string; port: number }>()
    for (const member of this.members()) {
      const { name, address, state } = member
      if (name === node) continue
      const port = decodeMetadata(member.meta)?.watchPort ?? 0
      this.#lost.heard(member, port)
      if (port > 0 && isLive({ state })) ports.set(name, { address, port })
    }
    const watched = watchPeers(node, [...ports.keys(), node]).flatMap((name) => {
      const at = ports.get(name)
      return at ? [{ name, ...at }] : []
    })
    this.#watches.set([...watched, ...this.#lost.toWatch(node, ports)])
  }
}
