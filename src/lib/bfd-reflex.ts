// SPDX-License-Identifier: Apache-2.0
/**
 * What must happen on a clock however busy the process is: each session's packet goes out on its interval, and silence
 * of the other side is noticed in time. `os/` does it in a thread of its own, `test/sim/` in memory.
 *
 * The reflex knows no protocol: it sends bytes it was given, and compares bytes that come. Only a packet other than the
 * last one accepted, or a passed deadline, is worth telling.
 */
import type { SocketAddress } from './sockets.ts'

/** Number of a socket or session within one reflex. */
export type ReflexId = number

export type BfdReflexListener = Readonly<{
  /**
   * A packet that is not the one that this session accepted last. `session` is null where none has that source (and, if
   * set, discriminator). At most 100 a second and source; what is above is counted and dropped.
   */
  onPacket(
    arrival: Readonly<{
      socket: ReflexId
      session: ReflexId | null
      from: SocketAddress
      ttl: number
      bytes: Uint8Array
    }>,
  ): void
  /** Nothing acceptable has come for the session's `detectMs`; told once, until a packet is accepted again. */
  onSilence(session: ReflexId): void
  /** The thread itself did not run for `pausedMs`: every deadline was moved on by as much. */
  onPaused(pausedMs: number): void
}>

export type BfdSession = Readonly<{
  /** Sent every interval; empty: nothing is sent. */
  packet: Uint8Array
  /** Between packets, microseconds, before jitter: each wait is 75 to 100 % of it, to 90 % with `detectMult` 1 (RFC 5880 §6.8.7). */
  intervalUs: number
  detectMult: number
  /** Silence for so long, in microseconds, is told; 0: never. */
  detectUs: number
  /** Packets equal to this one are accepted: they refresh the deadline and are told to nobody. Empty: every packet is told. */
  expected: Uint8Array
}>

export interface BfdReflex {
  listen(listener: BfdReflexListener): void
  /** Binds a UDP socket to send from and receive on; `ttl` is that of what is sent. Throws a Fault. */
  openSocket(local: SocketAddress, options: Readonly<{ ttl: number }>): ReflexId
  closeSocket(socket: ReflexId): void
  /** Packets from this address (any port if `remotePort` is null) that carry `discriminator` in bytes 8 to 11, or none (0), are the session's. */
  openSession(
    socket: ReflexId,
    peer: Readonly<{ to: SocketAddress; remotePort: number | null; discriminator: number }>,
  ): ReflexId
  /**
   * Changes what is sent and expected, and counts the deadline from now. With `now` the packet goes out at once, else on
   * its next turn.
   */
  setSession(session: ReflexId, state: BfdSession, now: boolean): void
  closeSession(session: ReflexId): void
  counters(): Readonly<{ sent: number; accepted: number; told: number; dropped: number }>
  close(): void
}
