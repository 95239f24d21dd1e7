// SPDX-License-Identifier: Apache-2.0
/** One TCP connection with a peer: bytes as messages, and an end that lets the last word out. */
import type { Clock } from '../lib/clock.ts'
import type { ByteStream, SocketAddress } from '../lib/sockets.ts'
import { decode, encode } from './codec/codec.ts'
import { Framer } from './codec/framer.ts'
import { type Dialect, INITIAL_DIALECT, type Malformed, type Message } from './codec/message.ts'
import type { Counting } from './session-counters.ts'
import type { PeerStream } from './session-options.ts'

/** For a NOTIFICATION to get out, and for the peer to close its side. */
const LINGER_MS = 2000

/** What comes of it; nothing does after `closed` or our own `close`. */
export type Heard = Readonly<{
  message(message: Message): void
  malformed(malformed: Malformed['malformed']): void
  closed(why: string): void
}>

export type Surroundings = Readonly<{ clock: Clock; counting: Counting }>

export class Connection {
  readonly local: SocketAddress | null
  readonly remote: SocketAddress
  /** What both OPENs have agreed on, for all that comes and goes from now on. */
  dialect: Dialect = INITIAL_DIALECT
  readonly #stream: ByteStream
  readonly #around: Surroundings
  readonly #heard: Heard
  readonly #framer = new Framer()
  readonly #gone = Promise.withResolvers<void>()
  #isOver = false
  #writtenBytes = 0
  #takenBytes = 0

  constructor(stream: PeerStream, around: Surroundings, heard: Heard) {
    this.local = stream.local ?? null
    this.remote = stream.remote
    this.#stream = stream
    this.#around = around
    this.#heard = heard
    stream.listen({
      onData: (bytes) => this.#read(bytes),
      onEnd: () => this.#lost('the peer has closed the connection'),
      onClose: (fault) => {
        this.#gone.resolve()
        this.#lost(fault?.message ?? 'the connection was closed')
      },
    })
  }

  /** Resolves when nothing of it is left. */
  get gone(): Promise<void> {
    return this.#gone.promise
  }

  get waitingBytes(): number {
    return this.#stream.bufferedBytes
  }

  send(message: Message): void {
    this.sendBytes(encode(message, this.dialect))
  }

  /** One whole message. False: more than is good wait, or it is over. */
  sendBytes(bytes: Uint8Array): boolean {
    if (this.#isOver) return false
    this.#writtenBytes += bytes.length
    this.#around.counting.sent(bytes)
    return this.#stream.write(bytes)
  }

  /** Whether the peer's kernel has taken something since the last time, or nothing waits. */
  hasTaken(): boolean {
    const { bufferedBytes } = this.#stream
    const before = this.#takenBytes
    this.#takenBytes = this.#writtenBytes - bufferedBytes
    return bufferedBytes === 0 || this.#takenBytes > before
  }

  /** What waits still goes out, unless `abort`, for as long as a peer that reads needs. */
  close(abort: boolean): void {
    if (this.#isOver) return
    this.#isOver = true
    if (abort) this.#stream.destroy()
    else {
      this.#stream.end()
      const timer = this.#around.clock.after(LINGER_MS, () => this.#stream.destroy())
      void this.#gone.promise.then(() => timer.cancel())
    }
  }

  #read(bytes: Uint8Array): void {
    if (this.#isOver) return
    this.#framer.push(bytes)
    // One by one: each may change how the next one is read, or be the last.
    while (!this.#isOver) {
      const next = this.#framer.next(this.dialect.maxBytes)
      if (next === null) return
      const decoded = next instanceof Uint8Array ? decode(next, this.dialect) : next
      this.#around.counting.received(decoded)
      if (!('malformed' in decoded)) this.#heard.message(decoded)
      else {
        this.#heard.malformed(decoded.malformed)
        return // behind it nobody knows where messages begin
      }
    }
  }

  #lost(why: string): void {
    if (this.#isOver) return
    this.close(false)
    this.#heard.closed(why)
  }
}
