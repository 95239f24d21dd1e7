// SPDX-License-Identifier: Apache-2.0
/** A simulated TCP connection: two ends, and between them a channel for each direction. */
import { Fault } from '../../src/lib/fault.ts'
import type { ByteStream, NetworkFault, SocketAddress, StreamListener } from '../../src/lib/sockets.ts'
import { Channel, type Segment } from './network-channel.ts'
import type { Host } from './network-host.ts'

/** As the real one: from there on `write` says false. */
const GOOD_BYTES = 64 * 1024

/** Connects two hosts that have agreed to it; the first end belongs to the one that dialled. */
export function connectEnds(
  dialler: readonly [Host, SocketAddress],
  acceptor: readonly [Host, SocketAddress],
): readonly [StreamEnd, StreamEnd] {
  const near = new StreamEnd(dialler[0], acceptor[1])
  const far = new StreamEnd(acceptor[0], dialler[1])
  near.join(far)
  far.join(near)
  return [near, far]
}

export class StreamEnd implements ByteStream {
  readonly remote: SocketAddress
  readonly #host: Host
  #out: Channel | null = null
  #listener: StreamListener | null = null
  readonly #unheard: (Segment | Error)[] = []
  #unheardBytes = 0
  #hasEnded = false
  #heardEnd = false
  #closed = false
  #onHeard: () => void = () => undefined

  constructor(host: Host, remote: SocketAddress) {
    this.#host = host
    this.remote = remote
  }

  join(other: StreamEnd): void {
    const out = new Channel({
      from: this.#host,
      to: other.#host,
      unheardBytes: () => other.#unheardBytes,
      deliver: (segment) => other.#arrive(segment),
      onReset: () => this.#arrive('reset'),
      onGivenUp: () => this.#arrive(gaveUp(this.remote)),
      onRoom: () => this.#settle(),
    })
    this.#out = out
    other.#onHeard = () => {
      out.pump()
      this.#settle()
    }
  }

  listen(listener: StreamListener): void {
    this.#listener = listener
    this.#soon(() => this.#hear())
  }

  write(bytes: Uint8Array): boolean {
    if (this.#hasEnded || this.#closed) return false
    if (bytes.length > 0) this.#out?.put(bytes)
    return this.bufferedBytes < GOOD_BYTES
  }

  get bufferedBytes(): number {
    return this.#closed ? 0 : (this.#out?.waitingBytes ?? 0)
  }

  end(): void {
    if (this.#hasEnded || this.#closed) return
    this.#hasEnded = true
    this.#out?.put('fin')
    this.#settle()
  }

  destroy(): void {
    if (this.#closed) return
    this.#out?.reset()
    this.#close(null)
  }

  #arrive(what: Segment | Error): boolean {
    if (this.#closed) return false
    this.#unheard.push(what)
    if (what instanceof Uint8Array) this.#unheardBytes += what.length
    this.#host.run(() => this.#hear())
    return true
  }

  #hear(): void {
    while (this.#listener !== null && !this.#closed) {
      const next = this.#unheard.shift()
      if (next === undefined) return
      if (next instanceof Error) this.#close(next)
      else if (next === 'reset') this.#close(broken(this.remote))
      else this.#hand(next, this.#listener)
    }
  }

  #hand(next: Uint8Array | 'fin', listener: StreamListener): void {
    if (next === 'fin') {
      this.#heardEnd = true
      listener.onEnd()
      this.#settle()
    } else {
      this.#unheardBytes -= next.length
      listener.onData(next)
      this.#onHeard()
    }
  }

  /** In peace it is over once we have heard the end, and all of ours is on its way. */
  #settle(): void {
    if (!this.#closed && this.#hasEnded && this.#heardEnd && this.bufferedBytes === 0) this.#close(null)
  }

  #close(fault: Error | null): void {
    this.#closed = true
    this.#unheard.length = 0
    this.#unheardBytes = 0
    this.#soon(() => this.#listener?.onClose(fault))
  }

  #soon(act: () => void): void {
    this.#host.clock.after(0, () => this.#host.run(act))
  }
}

function broken({ address, port }: SocketAddress): Fault<NetworkFault> {
  return new Fault({ code: 'system' }, `the connection with ${address} port ${port} was broken by the other side`)
}

function gaveUp({ address, port }: SocketAddress): Fault<NetworkFault> {
  return new Fault({ code: 'timeout' }, `the connection with ${address} port ${port} is lost: no answer`)
}
