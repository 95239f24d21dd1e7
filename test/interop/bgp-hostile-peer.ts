// SPDX-License-Identifier: Apache-2.0
/**
 * A BGP peer that sends what it is told to, however wrong: a port for each row of its argument, the JSON list of
 * `Script`s. It prints what comes of each, one JSON line an `Outcome`.
 */
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { setImmediate } from 'node:timers/promises'

export type Script = Readonly<{
  name: string
  port: number
  /** In hexadecimal: what it opens with. */
  open: string
  /** What it sends once the session is up and all routes have come; empty: the OPEN is the matter. */
  bytes: string
  /** One byte in a segment. */
  isDripping?: boolean
}>

/** `answered`: the session lives, and sent its routes once more; `told`: a NOTIFICATION came. */
export type Outcome = Readonly<{ name: string; atMs: number }> &
  (
    | Readonly<{ type: 'connected' | 'established' | 'answered' | 'closed' }>
    | Readonly<{ type: 'told'; code: number; subcode: number }>
  )

const [OPEN, UPDATE, NOTIFICATION, KEEPALIVE] = [1, 2, 3, 4]
const HEADER_BYTES = 19
/** Nothing but two lengths of zero. */
const END_OF_RIB_BYTES = 23
const MARKER = 'ff'.repeat(16)
const KEEPALIVE_MESSAGE = Buffer.from(`${MARKER}001304`, 'hex')
/** Of IPv4 unicast. */
const REFRESH_MESSAGE = Buffer.from(`${MARKER}00170500010001`, 'hex')

class Conversation {
  readonly #script: Script
  readonly #socket: Socket
  #stage: 'opening' | 'receiving' | 'asked' = 'opening'
  #rest: Buffer = Buffer.alloc(0)

  constructor(script: Script, socket: Socket) {
    this.#script = script
    this.#socket = socket
    socket.on('data', (bytes) => this.#take(bytes))
    socket.on('error', () => {}) // `close` follows
    socket.on('close', () => tell(script, { type: 'closed' }))
    tell(script, { type: 'connected' })
    socket.write(Buffer.from(script.open, 'hex'))
  }

  #take(bytes: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, bytes])
    while (this.#rest.length >= HEADER_BYTES) {
      const length = this.#rest.readUInt16BE(16)
      if (this.#rest.length < length) return
      this.#hear(this.#rest.subarray(0, length))
      this.#rest = this.#rest.subarray(length)
    }
  }

  #hear(message: Buffer): void {
    const type = message[18]
    if (type === OPEN) this.#socket.write(KEEPALIVE_MESSAGE)
    else if (type === NOTIFICATION) {
      tell(this.#script, { type: 'told', code: message[19] ?? 0, subcode: message[20] ?? 0 })
    } else if (type === KEEPALIVE && this.#stage === 'opening') {
      this.#stage = 'receiving'
      tell(this.#script, { type: 'established' })
    } else if (type === UPDATE && this.#stage === 'asked') tell(this.#script, { type: 'answered' })
    else if (type === UPDATE && message.length === END_OF_RIB_BYTES) void this.#attack()
  }

  async #attack(): Promise<void> {
    this.#stage = 'asked'
    const { bytes, isDripping = false } = this.#script
    const attack = Buffer.from(bytes, 'hex')
    const segments = isDripping ? Array.from(attack, (byte) => Buffer.of(byte)) : [attack]
    for (const segment of segments) {
      this.#socket.write(segment)
      await setImmediate()
    }
    this.#socket.write(REFRESH_MESSAGE)
  }
}

type Event = Outcome extends infer T ? (T extends Outcome ? Omit<T, 'name' | 'atMs'> : never) : never

function tell({ name }: Script, event: Event): void {
  process.stdout.write(`${JSON.stringify({ name, atMs: Math.round(performance.now()), ...event })}\n`)
}

const scripts: Script[] = JSON.parse(process.argv[2] ?? '[]')
for (const script of scripts) {
  const server = createServer({ noDelay: true }, (socket) => new Conversation(script, socket))
  server.listen(script.port, '0.0.0.0')
  await once(server, 'listening')
}
process.stdout.write('ready\n')
