// SPDX-License-Identifier: Apache-2.0
/** The session with one place, for all BGP peers that are there. */
import type { BfdPeer, BfdReflex, ReflexId } from '../lib/bfd-reflex.ts'
import type { Clock } from '../lib/clock.ts'
import type { ControlPacket, Diag } from './codec.ts'
import { initialSession, type Session } from './fsm.ts'
import { minTtlOf, type SharedNeed, settingsOf } from './need.ts'
import { portOf } from './ports.ts'
import { whyDown } from './reason.ts'
import { LiveSession } from './session.ts'
import { tagger } from './tag.ts'

/** What happened to the session by an event. */
export type PeerTurn =
  | Readonly<{ type: 'up' }>
  | Readonly<{
      type: 'down'
      why: string
      diag: Diag
      /** The peer is not gone: it has switched BFD off, which says nothing of the path (RFC 5882 §3.2). */
      isSwitchedOff: boolean
      /** The peer has begun anew: another session says for the first time that it is Down, or this one was taken back. */
      isRestart: boolean
      /** The peer's C bit: its forwarding does not end with what speaks BFD and BGP there. */
      peerIndependent: boolean
    }>

export type PeerSessionOptions = Readonly<{
  reflex: BfdReflex
  clock: Clock
  localId: number
  shared: SharedNeed
  /** Echoes are wanted, and do not work: control packets are watched instead. */
  onNoEcho(why: string): void
}>

/** Packets of peers have no tag. */
const UNTAGGED = tagger(null)

export class PeerSession {
  readonly localId: number
  readonly #options: PeerSessionOptions
  #shared: SharedNeed
  #live: LiveSession | null = null
  /** As the reflex was told. */
  #minTtl = 0
  #sinceMs: number
  #ups = 0
  #downs = 0
  #lastDown: Readonly<{ why: string; atMs: number }> | null = null
  /** Echoes that had come back when it came Up. */
  #echoesBefore = 0
  /** Why it could not be opened or changed, as was told last. */
  fault: string | null = null

  constructor(options: PeerSessionOptions) {
    this.#options = options
    this.localId = options.localId
    this.#shared = options.shared
    this.#sinceMs = options.clock.wallMs()
  }

  get shared(): SharedNeed {
    return this.#shared
  }

  get isUp(): boolean {
    return this.#live?.session.state === 'Up'
  }

  /** The reflex's number; null: it could not be opened yet. */
  get id(): ReflexId | null {
    return this.#live?.id ?? null
  }

  /** It is down, and will be: see `BfdReflex.isCutOff`. One that is Up finds by itself that nothing comes through. */
  get isCutOff(): boolean {
    return this.#live !== null && !this.isUp && this.#options.reflex.isCutOff(this.#live.id)
  }

  get session(): Session {
    const { timers, role } = settingsOf(this.#shared.need)
    return this.#live?.session ?? initialSession(this.localId, timers, role)
  }

  /** For people, beside the session itself. */
  get history(): Readonly<{
    sinceMs: number
    upEvents: number
    downEvents: number
    lastDown: Readonly<{ why: string; atMs: number }> | null
  }> {
    return { sinceMs: this.#sinceMs, upEvents: this.#ups, downEvents: this.#downs, lastDown: this.#lastDown }
  }

  get counters(): ReturnType<BfdReflex['sessionCounters']> {
    return this.#live?.counters() ?? { controlIn: 0, controlOut: 0, echoIn: 0, echoOut: 0, looped: 0 }
  }

  /** Begins to send, unless it is passive. Throws Fault<NetworkFault>. */
  open(socket: ReflexId): void {
    const initial = this.session
    this.#minTtl = minTtlOf(this.#shared.need)
    this.#live = new LiveSession({ ...this.#options, socket, peer: this.#peer(), initial, tagger: UNTAGGED })
  }

  /** The same place from now on with these terms. Throws Fault<NetworkFault>; what it then could not change stays. */
  configure(shared: SharedNeed): void {
    const before = settingsOf(this.#shared.need)
    this.#shared = shared
    const { timers, role } = settingsOf(shared.need)
    if (!this.#live) return
    const isNew = JSON.stringify(before) !== JSON.stringify({ timers, role })
    if (isNew) this.#live.feed({ type: 'configure', timers, role })
    if (minTtlOf(shared.need) === this.#minTtl) return
    this.#live.reopen(this.#peer())
    this.#minTtl = minTtlOf(shared.need)
    this.#echoesBefore = 0
  }

  onPacket(packet: ControlPacket, bytes: Uint8Array): PeerTurn | null {
    return this.#turn((live) => live.hear(packet, bytes, Number.POSITIVE_INFINITY))
  }

  onSilence(): PeerTurn | null {
    return this.#turn((live) => live.feed({ type: 'detectExpired' }))
  }

  /** Where none has come back at all, the peer invites echoes and does not send them back: no failure of the path. */
  onEchoSilence(): PeerTurn | null {
    const useless = this.counters.echoIn === this.#echoesBefore
    if (useless && this.isUp) this.#options.onNoEcho('the peer sends none back')
    return this.#turn((live) => live.feed({ type: 'echoExpired', useless }))
  }

  /** Tells the peer that this is no failure, now and on its turns until it is closed. */
  leave(): void {
    this.#live?.feed({ type: 'admin', enabled: false })
  }

  /** Tells it once more, now. */
  repeat(): void {
    this.#live?.repeat()
  }

  close(): void {
    this.#live?.close()
    this.#live = null
  }

  #peer(): BfdPeer {
    const { need } = this.#shared
    const device = need.link ?? need.device
    return {
      to: { address: need.address, port: portOf(need) },
      remotePort: null, // RFC 5881 §4: any of 49152 to 65535, and not all keep to that
      discriminator: this.localId,
      minTtl: minTtlOf(need),
      source: { address: need.local },
      ...(device === null ? {} : { device }),
    }
  }

  #turn(act: (live: LiveSession) => void): PeerTurn | null {
    const live = this.#live
    if (!live) return null
    const before = live.session
    act(live)
    const after = live.session
    if (after.state === before.state) return null
    this.#sinceMs = this.#options.clock.wallMs()
    if (after.state === 'Up') return this.#cameUp()
    return before.state === 'Up' ? this.#wentDown(before, after) : null
  }

  #cameUp(): PeerTurn {
    this.#ups++
    this.#echoesBefore = this.counters.echoIn
    return { type: 'up' }
  }

  #wentDown(before: Session, after: Session): PeerTurn {
    this.#downs++
    const why = whyDown(before, after)
    this.#lastDown = { why, atMs: this.#sinceMs }
    const peerIndependent = before.remote?.controlPlaneIndependent ?? false
    const isSwitchedOff = after.diag === 'neighborDown' && after.remoteState === 'AdminDown'
    const isOther = after.remoteId !== before.remoteId && after.remote?.diag === 'none'
    // It answers a Down that we have not sent: FRR's last word of a session that it makes anew.
    const isTakenBack = after.remote?.diag === 'neighborDown'
    const isRestart = after.diag === 'neighborDown' && after.remoteState === 'Down' && (isOther || isTakenBack)
    return { type: 'down', why, diag: after.diag, isSwitchedOff, isRestart, peerIndependent }
  }
}
