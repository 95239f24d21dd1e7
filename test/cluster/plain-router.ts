// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { decode, encode } from '../../src/bgp/codec/codec.ts'
import { Framer } from '../../src/bgp/codec/framer.ts'
import { INITIAL_DIALECT, type Message } from '../../src/bgp/codec/message.ts'
import { formatCidr } from '../../src/lib/prefix.ts'

const KEEPALIVE_MS = 20_000

/** A router in this process that agrees to every session and hears IPv4 routes: enough for what a cluster shows of it. */
export class PlainRouter {
  /** Prefixes that it was told of, and not told to forget. */
  readonly routes = new Set<string>()
  readonly #asn: number
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  constructor(asn: number) {
    this.#asn = asn
    this.#server = createServer((socket) => this.#serve(socket))
  }

  /** Resolves when it can be dialled. */
  async listen(address: string, port: number): Promise<void> {
    this.#server.listen(port, address)
    await once(this.#server, 'listening')
  }

  /** Ends all sessions as a crash does; nobody can dial it any more. */
  stop(): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket)
    const framer = new Framer()
    const say = (message: Message) => socket.write(encode(message, INITIAL_DIALECT))
    const timer = setInterval(() => say({ type: 'keepalive' }), KEEPALIVE_MS)
    socket.on('data', (bytes) => {
      framer.push(bytes)
      for (let whole = framer.next(4096); whole !== null && !('malformed' in whole); whole = framer.next(4096)) {
        const message = decode(whole, INITIAL_DIALECT)
        if ('type' in message) this.#hear(message, say)
      }
    })
    socket.on('error', () => {}) // the speaker may end it as it likes
    socket.on('close', () => {
      clearInterval(timer)
      this.#sockets.delete(socket)
      this.routes.clear()
    })
  }

  #hear(message: Message, say: (message: Message) => void): void {
    if (message.type === 'open') {
      say({ type: 'open', asn: this.#asn, holdSeconds: 90, routerId: 0x0a00_0002, capabilities: [] })
      say({ type: 'keepalive' })
    }
    if (message.type !== 'update') return
    for (const prefix of message.unreach.flatMap(({ prefixes }) => prefixes)) this.routes.delete(formatCidr(prefix))
    for (const prefix of message.reach.flatMap(({ prefixes }) => prefixes)) this.routes.add(formatCidr(prefix))
  }
}
