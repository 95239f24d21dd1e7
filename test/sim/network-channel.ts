// SPDX-License-Identifier: Apache-2.0
/** One direction of a simulated TCP connection: bytes keep their order, and what is lost is sent again. */
import type { Host } from './network-host.ts'

export type Segment = Uint8Array | 'fin' | 'reset'

/** The two ends of a channel. */
export type ChannelEnds = Readonly<{
  from: Host
  to: Host
  /** Bytes that arrived and that nobody has listened to. */
  unheardBytes(): number
  /** False: nobody is there any more. */
  deliver(segment: Segment): boolean
  /** The other side knows nothing of this connection. */
  onReset(): void
  /** Nothing got through for as long as the kernel tries. */
  onGivenUp(): void
  /** Less waits than before. */
  onRoom(): void
}>

/** What two kernels and an unread stream hold together before bytes wait at the sender; Linux takes more. */
const WINDOW_BYTES = 256 * 1024
/** The kernel's least retransmission time, its greatest, and when it gives up (tcp_retries2 = 15). */
const RETRY_MS = 200
const MOST_RETRY_MS = 120_000
const GIVE_UP_MS = 924_600

export class Channel {
  readonly #ends: ChannelEnds
  readonly #waiting: Segment[] = []
  readonly #flying: Segment[] = []
  #waitingBytes = 0
  #flyingBytes = 0
  /** Of the first in flight: when it was tried first, and how long until it is tried again. */
  #triedSinceMs = 0
  #retryMs = RETRY_MS
  #moving = false

  constructor(ends: ChannelEnds) {
    this.#ends = ends
  }

  get waitingBytes(): number {
    return this.#waitingBytes
  }

  put(segment: Segment): void {
    this.#waiting.push(segment)
    this.#waitingBytes += sizeOf(segment)
    this.pump()
  }

  /** What waits is forgotten; what is in flight arrives before it. */
  reset(): void {
    this.#waiting.length = 0
    this.#waitingBytes = 0
    this.#flying.push('reset')
    this.#move()
  }

  /** Lets go what there is room for. */
  pump(): void {
    while (this.#waiting.length > 0 && this.#flyingBytes + this.#ends.unheardBytes() < WINDOW_BYTES) {
      const segment = this.#waiting.shift()
      if (segment === undefined) break
      this.#waitingBytes -= sizeOf(segment)
      this.#flyingBytes += sizeOf(segment)
      this.#flying.push(segment)
    }
    this.#move()
  }

  #move(): void {
    if (this.#moving || this.#flying.length === 0) return
    this.#moving = true
    this.#triedSinceMs = this.#ends.from.clock.monotonicMs()
    this.#retryMs = RETRY_MS
    this.#try()
  }

  #try(): void {
    const { from, to } = this.#ends
    if (from.isDead) return
    const delayMs = from.delayTo(to)
    if (delayMs !== null) from.clock.after(delayMs, () => this.#arrive())
    else this.#retry()
  }

  #retry(): void {
    const { clock } = this.#ends.from
    if (this.#flying[0] === 'reset')
      this.#giveUp() // the kernel says it once
    else if (clock.monotonicMs() - this.#triedSinceMs >= GIVE_UP_MS) {
      this.#giveUp()
      this.#ends.onGivenUp()
    } else {
      clock.after(this.#retryMs, () => this.#try())
      this.#retryMs = Math.min(2 * this.#retryMs, MOST_RETRY_MS)
    }
  }

  #giveUp(): void {
    this.#moving = false
    this.#flying.length = 0
  }

  /** All that is in flight arrives together, as a kernel hands over what it has. */
  #arrive(): void {
    const { from, to } = this.#ends
    if (from.isCutFrom(to) || (to.isDead && !to.isReplaced)) {
      this.#retry()
      return
    }
    this.#moving = false
    this.#flyingBytes = 0
    for (const segment of this.#flying.splice(0)) {
      // A copy, so that bytes which their sender changes after writing show up as changed: Linux does not copy at once.
      const bytes = typeof segment === 'string' ? segment : new Uint8Array(segment)
      if ((to.isReplaced || !this.#ends.deliver(bytes)) && segment !== 'reset') {
        this.#ends.onReset()
        return
      }
    }
    this.pump()
    this.#ends.onRoom()
  }
}

function sizeOf(segment: Segment): number {
  return typeof segment === 'string' ? 0 : segment.length
}
