// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import type { ByteStream, SocketAddress, StreamListener } from '../lib/sockets.ts'
import { networkFault, placeOf } from './network-fault.ts'

/** What may wait to be sent before `write` says that it is enough. */
const GOOD_BYTES = 64 * 1024

/**
 * A connected socket as a `ByteStream`. Before `listen` Node reads up to its own mark of 64 KiB, the rest waits in the
 * kernel and holds the sender back. Bytes handed to `write` have to stay as they are. `destroy` resets the connection, so
 * that the other side does not take a cut for an end; `onClose` gets no fault for it, as it is our own doing.
 */
export class TcpStream implements ByteStream {
  readonly remote: SocketAddress
  readonly #socket: Socket
  #listener: StreamListener | null = null
  #fault: Error | null = null
  #isOver = false

  constructor(socket: Socket, remote: SocketAddress) {
    this.#socket = socket
    this.remote = remote
    socket.on('error', (error) => {
      this.#fault ??= networkFault(error, `go on with ${placeOf(remote)}`)
    })
    socket.once('close', () => {
      this.#isOver = true
      this.#listener?.onClose(this.#fault)
    })
  }

  listen(listener: StreamListener): void {
    assert.equal(this.#listener, null, 'a stream has one listener')
    this.#listener = listener
    if (this.#isOver) {
      setImmediate(() => listener.onClose(this.#fault))
      return
    }
    this.#socket.once('end', () => listener.onEnd())
    this.#socket.on('data', (bytes: Buffer) => {
      // Node may have more at hand when a listener has had enough.
      if (!this.#socket.destroyed) listener.onData(bytes)
    })
  }

  write(bytes: Uint8Array): boolean {
    if (this.#socket.destroyed || this.#socket.writableEnded) return false
    if (bytes.length > 0) this.#socket.write(bytes)
    return this.#socket.writableLength < GOOD_BYTES
  }

  get bufferedBytes(): number {
    return this.#socket.destroyed ? 0 : this.#socket.writableLength
  }

  end(): void {
    if (!this.#socket.destroyed) this.#socket.end()
  }

  destroy(): void {
    const socket = this.#socket
    if (socket.destroyed) return
    // While the kernel is told of the end, libuv refuses to reset; all bytes are with the kernel by then.
    const isEnding = socket.writableEnded && !socket.writableFinished && socket.writableLength === 0
    if (isEnding) socket.destroy()
    else socket.resetAndDestroy()
  }
}
