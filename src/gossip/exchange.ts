// SPDX-License-Identifier: Apache-2.0
/**
 * What members do by TCP: push/pull, where two tell each other all they know, and pings where UDP does not get through.
 * A connection carries one message each way and has `tcpTimeoutMs` for all of it.
 */
import type { Clock } from '../lib/clock.ts'
import { Fault } from '../lib/fault.ts'
import type { ByteStream, Network, SocketAddress } from '../lib/sockets.ts'
import { encodeMessage } from './codec.ts'
import type { GossipDrop, Message, Ping, PushPull, RemoteState } from './messages.ts'
import type { Envelope } from './packet.ts'
import { StreamReader, sealStream } from './stream.ts'

/** Answers to push/pulls under way at the same time, as in memberlist; and connections of any kind. */
const MOST_ANSWERS = 128
const MOST_STREAMS = 256
/** Of messages whose end has not come yet, on all connections: one of the largest, and many of the usual ones. */
const MOST_HELD_BYTES = 24 * 1024 * 1024

export type ExchangeOptions = Readonly<{
  name: string
  network: Network
  clock: Clock
  envelope: Envelope
  timeoutMs: number
  /** All we know. */
  states: () => readonly RemoteState[]
  onStates: (states: readonly RemoteState[]) => void
  onDrop: (why: GossipDrop) => void
}>

export class Exchange {
  readonly #options: ExchangeOptions
  readonly #streams = new Set<ByteStream>()
  #accepted = 0
  #answers = 0
  #heldBytes = 0
  #isClosed = false

  constructor(options: ExchangeOptions) {
    this.#options = options
  }

  /** True: the other one knows now what we know, and we what it knows. */
  async pushPull(to: SocketAddress, join: boolean): Promise<boolean> {
    const answer = await this.#ask(to, this.#state(join), this.#options.timeoutMs)
    if (answer?.type !== 'pushPull') return false
    this.#options.onStates(answer.nodes)
    return true
  }

  /** True: it answered in time. */
  async ping(to: SocketAddress, ping: Ping, withinMs: number): Promise<boolean> {
    const answer = await this.#ask(to, ping, withinMs)
    return answer?.type === 'ack' && answer.sequence === ping.sequence
  }

  /** Somebody has connected. */
  serve(stream: ByteStream): void {
    if (this.#isClosed || this.#accepted >= MOST_STREAMS) {
      stream.destroy()
      return
    }
    this.#accepted++
    let release: (() => void) | undefined
    const whenOver = (): void => {
      this.#accepted--
      release?.()
    }
    this.#receive(stream, { timeoutMs: this.#options.timeoutMs, isAnswer: false, whenOver }, (message) => {
      if (message) release = this.#answer(stream, message)
      else this.#reply(stream, { type: 'error', message: 'malformed' })
      stream.end()
    })
  }

  close(): void {
    this.#isClosed = true
    for (const stream of this.#streams) stream.destroy()
  }

  /** What to do when the connection is over. */
  #answer(stream: ByteStream, message: Message): (() => void) | undefined {
    if (message.type === 'ping' && (message.node === '' || message.node === this.#options.name)) {
      this.#reply(stream, { type: 'ack', sequence: message.sequence, payload: new Uint8Array(0) })
    }
    if (message.type !== 'pushPull' || this.#answers >= MOST_ANSWERS) return undefined
    this.#answers++
    this.#reply(stream, this.#state(message.join))
    this.#options.onStates(message.nodes)
    return () => this.#answers--
  }

  async #ask(to: SocketAddress, message: Message, timeoutMs: number): Promise<Message | null> {
    const startMs = this.#options.clock.monotonicMs()
    const stream = await this.#connect(to, timeoutMs)
    if (!stream) return null
    const leftMs = timeoutMs - (this.#options.clock.monotonicMs() - startMs)
    return await new Promise((resolve) => {
      stream.write(sealStream(encodeMessage(message), this.#options.envelope))
      this.#receive(stream, { timeoutMs: leftMs, isAnswer: true, whenOver: () => resolve(null) }, (answer) => {
        resolve(answer)
        stream.destroy()
      })
    })
  }

  async #connect(to: SocketAddress, timeoutMs: number): Promise<ByteStream | null> {
    try {
      const stream = await this.#options.network.connectStream(to, { timeoutMs })
      if (!this.#isClosed) return stream
      stream.destroy()
    } catch (thrown) {
      if (!(thrown instanceof Fault)) throw thrown
    }
    return null
  }

  /** Hands over the one message of a stream, or null for what is none; `whenOver` comes last, always. */
  #receive(
    stream: ByteStream,
    bounds: Readonly<{ timeoutMs: number; isAnswer: boolean; whenOver: () => void }>,
    onMessage: (message: Message | null) => void,
  ): void {
    const reader = new StreamReader(this.#options.envelope, { isAnswer: bounds.isAnswer })
    const timer = this.#options.clock.after(bounds.timeoutMs, () => stream.destroy())
    const hold = this.#holding()
    let isRead = false
    this.#streams.add(stream)
    stream.listen({
      onData: (bytes) => {
        if (isRead) return
        if (!hold(bytes.length)) return this.#refuse(stream)
        const read = reader.push(bytes)
        if (read === null) return
        isRead = true
        hold(null)
        if ('malformed' in read) this.#options.onDrop(read.malformed)
        onMessage('malformed' in read ? null : read)
      },
      onEnd: () => {
        if (!isRead) stream.destroy()
      },
      onClose: () => {
        timer.cancel()
        this.#streams.delete(stream)
        hold(null)
        bounds.whenOver()
      },
    })
  }

  /** Counts bytes that one stream keeps, false where that is too much in all; null: it keeps none. */
  #holding(): (bytes: number | null) => boolean {
    let held = 0
    return (bytes) => {
      const change = bytes ?? -held
      held += change
      this.#heldBytes += change
      return this.#heldBytes <= MOST_HELD_BYTES
    }
  }

  #refuse(stream: ByteStream): void {
    this.#options.onDrop('tooLarge')
    stream.destroy()
  }

  #reply(stream: ByteStream, message: Message): void {
    stream.write(sealStream(encodeMessage(message), this.#options.envelope, { isAnswer: true }))
  }

  #state(join: boolean): PushPull {
    return { type: 'pushPull', nodes: this.#options.states(), userState: new Uint8Array(0), join }
  }
}
