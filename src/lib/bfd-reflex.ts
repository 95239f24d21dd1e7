// SPDX-License-Identifier: Apache-2.0
/**
 * What must happen on a clock however busy the process is: each session's packet goes out on its interval, and silence
 * of the other side is noticed in time. `os/` does it in a thread of its own, `test/sim/` in memory.
 *
 * The reflex knows no protocol: it sends bytes it was given, and compares bytes that come. Only a packet other than the
 * expected one, or a passed deadline, is worth telling.
 */
import type { SocketAddress } from './sockets.ts'

/** Number of a socket or session within one reflex; none is given twice. */
export type ReflexId = number

export type BfdArrival = Readonly<{
  socket: ReflexId
  /** Null where none has that source (and, if set, discriminator). */
  session: ReflexId | null
  from: SocketAddress
  /** TTL or hop limit that it arrived with; null where the kernel does not say. */
  ttl: number | null
  /** At most 256. */
  bytes: Uint8Array
}>

export type BfdReflexListener = Readonly<{
  /**
   * A packet that is not the expected one. At most 100 a second and source, and 1,000 from all sources that no session
   * has; and only so many wait at a time for this to be called, 8 of each session and 64 of the others. What is above
   * is counted and dropped.
   */
  onPacket(arrival: BfdArrival): void
  /** Nothing expected has come for the session's `detectUs`; told once, until a packet is accepted or orders change. */
  onSilence(session: ReflexId): void
  /** None of our echoes has come back for `detectUs`; told once until orders for the echo change. */
  onEchoSilence?(session: ReflexId): void
  /**
   * The thread came to run `pausedMs` later than it should have. Every deadline was moved on by as much, by several such
   * pauses in a row up to one `detectUs`; after one that was longer than `detectUs` it is counted anew.
   */
  onPaused(pausedMs: number): void
}>

export type BfdSession = Readonly<{
  /** Sent every interval; empty: nothing is sent. At most 256 bytes, as `expected`. */
  packet: Uint8Array
  /**
   * Between packets, microseconds, before jitter: each wait is 75 to 100 % of it, to 90 % with `detectMult` 1 (RFC 5880
   * §6.8.7), and no less than 1 ms. 0: nothing is sent but with `now`.
   */
  intervalUs: number
  detectMult: number
  /** Silence for so long, in microseconds, is told; 0: never. */
  detectUs: number
  /** Packets equal to this one are accepted: they refresh the deadline and are told to nobody. Empty: every packet is told. */
  expected: Uint8Array
}>

export type BfdPeer = Readonly<{
  to: SocketAddress
  /** What it sends from; null: any port. */
  remotePort: number | null
  /** Ours, which its packets repeat in bytes 8 to 11 once they know it; until then they have 0 there. */
  discriminator: number
  /** Packets that arrive with less are dropped: 255 for one hop (RFC 5881 §5), 0 where it does not matter. */
  minTtl: number
  /**
   * Sends from a socket of its own, with an own address and a free port of 49152 to 65535 (RFC 5881 §4); unset: from the
   * socket that it is opened on. Packets to the session still come in on that one.
   */
  source?: Readonly<{ address: string }>
  /** Only by this interface, or VRF device, in both directions; a link-local address needs it. */
  device?: string
}>

/** Packets of ours that the other side is to send back (RFC 5880 §6.4, RFC 5881 §4), on UDP port 3785. */
export type BfdEcho = Readonly<{
  /** Between packets, microseconds, before jitter. */
  intervalUs: number
  /** Nothing of ours came back for so long, in microseconds: told once, by `onEchoSilence`. */
  detectUs: number
}>

/** Control packets include those that were told. `echoIn`: our own that came back; `looped`: the other side's. */
export type BfdSessionCounters = Readonly<{
  controlIn: number
  controlOut: number
  echoIn: number
  echoOut: number
  looped: number
}>

export type BfdReflexCounters = Readonly<{
  sent: number
  /** Not sent: no route, a full queue, the link down. */
  unsent: number
  accepted: number
  told: number
  /**
   * Arrived and told to nobody, by reason: TTL too low, more than may be told or sent back, longer than any packet, by
   * another interface than the session's.
   */
  dropped: Readonly<Record<'ttl' | 'flood' | 'oversized' | 'interface', number>>
}>

export interface BfdReflex {
  listen(listener: BfdReflexListener): void
  /**
   * Binds a UDP socket to send from and receive on; `ttl` is that of what is sent. A wildcard address of one family
   * takes nothing of the other. Throws Fault<NetworkFault>, or `noLink`.
   */
  openSocket(local: SocketAddress, options: Readonly<{ ttl: number; device?: string }>): ReflexId
  /** Closes its sessions as well. */
  closeSocket(socket: ReflexId): void
  /**
   * A session that sends and expects nothing yet. Throws Fault `noAddress` for the other family than the socket's, a
   * source that this node lacks and a link-local address without device, `noLink` for a device that does not exist.
   */
  openSession(socket: ReflexId, peer: BfdPeer): ReflexId
  /**
   * Changes what is sent and expected, and counts the deadline from now. With `now` the packet goes out before this
   * returns, else on its next turn. Silence that was noticed before and not yet told is forgotten.
   */
  setSession(session: ReflexId, state: BfdSession, now: boolean): void
  /** Sends another packet once, before this returns, beside the schedule. */
  send(session: ReflexId, packet: Uint8Array): void
  /**
   * Begins, changes or (null) ends echoes of a session over one hop that has a `source`; the other side's are sent back
   * either way. They go out once a packet of the session has come. Throws Fault `addressInUse` where another process has
   * their port, `noCapability` without CAP_NET_RAW.
   */
  setEcho(session: ReflexId, echo: BfdEcho | null): void
  /** Figures of one session. */
  sessionCounters(session: ReflexId): BfdSessionCounters
  /**
   * An interface that it is bound to, or its socket, is gone. Nothing comes or goes any more, even where another one has
   * that name by now: it has to be opened anew.
   */
  isCutOff(session: ReflexId): boolean
  /** Nothing is told of it after this returns. */
  closeSession(session: ReflexId): void
  counters(): BfdReflexCounters
  /** Closes everything: nothing is sent or told after it returns. */
  close(): void
}
