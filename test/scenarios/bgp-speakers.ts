// SPDX-License-Identifier: Apache-2.0
/** BGP speakers of ours on a simulated network, and a peer that says what a test wants. */
import assert from 'node:assert/strict'
import { decode, encode } from '../../src/bgp/codec/codec.ts'
import { Framer } from '../../src/bgp/codec/framer.ts'
import {
  type AddressFamily,
  INITIAL_DIALECT,
  type Message,
  type Open,
  type Update,
} from '../../src/bgp/codec/message.ts'
import { type Config, type Negotiated, openSession, type Send, type Session } from '../../src/bgp/session.ts'
import type { Clock } from '../../src/lib/clock.ts'
import type { ByteStream, Network, SocketAddress } from '../../src/lib/sockets.ts'
import { randomOf } from '../fuzz/mutations.ts'
import { SimClock } from '../sim/clock.ts'
import { PausingClock } from '../sim/clock-pausing.ts'
import { SimNetwork } from '../sim/network.ts'

export const NEAR = '10.0.0.1'
export const FAR = '10.0.0.2'
const PORT = 179

export const NEAR_CONFIG: Config = {
  localAsn: 64_500,
  remoteAs: 64_501,
  routerId: 0x0a_00_00_01,
  holdMs: 90_000,
  keepaliveMs: null,
  connectMs: null,
  passive: false,
  families: ['ipv4', 'ipv6'],
  extendedNextHop: false,
  gracefulRestart: null,
  hostname: null,
}
export const FAR_CONFIG: Config = { ...NEAR_CONFIG, localAsn: 64_501, remoteAs: 64_500, routerId: 0x0a_00_00_02 }

/** A clock, a network, and chances that are the same in each run of a seed. */
export class World {
  readonly clock = new SimClock()
  readonly network: SimNetwork
  readonly random: () => number

  constructor(seed = 1) {
    this.network = new SimNetwork(this.clock, { seed })
    this.random = randomOf(seed)
  }

  seconds(): number {
    return this.clock.monotonicMs() / 1000
  }

  async until(condition: () => boolean, limitMs: number, what: string): Promise<void> {
    assert.ok(await this.clock.runUntil(condition, limitMs), `${what}, within ${limitMs / 1000} s`)
  }
}

export type SpeakerOptions = Readonly<{
  address: string
  peer: string
  config: Config
  restarting?: boolean
  /** Lets the peer dial it. */
  listens?: boolean
}>

/** One of our sessions on a host of its own, and what it has told. */
export class Speaker {
  readonly session: Session
  readonly process: PausingClock
  readonly log: string[] = []
  readonly updates: Update[] = []
  /** When it dialled, in seconds. */
  readonly dials: number[] = []
  negotiated: Negotiated | null = null
  local: SocketAddress | null = null
  send: Send = () => assert.fail('it was never up')

  constructor(world: World, host: Network, { address, peer, config, restarting = false }: SpeakerOptions) {
    this.process = new PausingClock(world.clock)
    this.session = openSession({
      config,
      restarting,
      clock: this.process,
      random: world.random,
      connect: async () => {
        this.dials.push(world.seconds())
        const stream = await host.connectStream({ address: peer, port: PORT }, { timeoutMs: 10_000 })
        return Object.assign(stream, { local: { address, port: 40_000 } })
      },
      onEstablished: (negotiated, send, local) => {
        this.local = local
        this.negotiated = negotiated
        this.send = send
        this.log.push('up')
      },
      onDown: (why) => this.log.push(`down: ${why}`),
      onFailed: (why) => this.log.push(`failed: ${why}`),
      onUpdate: (update) => this.updates.push(update),
      onRefresh: (family: AddressFamily) => this.log.push(`refresh ${family}`),
    })
  }

  /** Not yet started. */
  static async on(world: World, options: SpeakerOptions): Promise<Speaker> {
    const host = world.network.host(options.address)
    const speaker = new Speaker(world, host, options)
    if (options.listens === true) {
      const local = { address: options.address, port: PORT }
      await host.listenStreams({ local, onReceived: (stream) => speaker.session.accept(stream), onFault: assert.fail })
    }
    return speaker
  }

  get state(): string {
    return this.session.view().state
  }

  get isUp(): boolean {
    return this.state === 'Established'
  }
}

/** Both dial where `far` listens as well; both are started. */
export async function pair(
  world: World,
  near: Partial<SpeakerOptions> = {},
  far: Partial<SpeakerOptions> = {},
): Promise<{ near: Speaker; far: Speaker }> {
  const speakers = {
    near: await Speaker.on(world, { address: NEAR, peer: FAR, config: NEAR_CONFIG, ...near }),
    far: await Speaker.on(world, { address: FAR, peer: NEAR, config: passive(FAR_CONFIG), listens: true, ...far }),
  }
  speakers.near.session.start()
  speakers.far.session.start()
  return speakers
}

export function passive(config: Config): Config {
  return { ...config, passive: true }
}

/** What the far side says in its OPEN. */
export const THEIR_OPEN: Open = {
  type: 'open',
  asn: 64_501,
  holdSeconds: 90,
  routerId: 0x0a_00_00_02,
  capabilities: [
    { type: 'multiprotocol', family: 'ipv4' },
    { type: 'fourOctetAs', asn: 64_501 },
  ],
}

export const bytesOf = (message: Message): Uint8Array => encode(message, INITIAL_DIALECT)

/** A connection with one who does what he is told; what he hears is decoded, and called by its name. */
export class Scripted {
  readonly heard: Message[] = []
  readonly #stream: ByteStream
  isClosed = false

  constructor(stream: ByteStream, { isDeaf = false }: Readonly<{ isDeaf?: boolean }> = {}) {
    this.#stream = stream
    if (isDeaf) return
    const framer = new Framer()
    stream.listen({
      onData: (bytes) => {
        framer.push(bytes)
        for (let next = framer.next(4096); next instanceof Uint8Array; next = framer.next(4096)) {
          const message = decode(next, INITIAL_DIALECT)
          if (!('malformed' in message)) this.heard.push(message)
        }
      },
      onEnd: () => stream.end(),
      onClose: () => {
        this.isClosed = true
      },
    })
  }

  get names(): string[] {
    return this.heard.map((one) => (one.type === 'notification' ? `${one.type} ${one.code}/${one.subcode}` : one.type))
  }

  /** The last word, as `code/subcode`; undefined: another one, or none. */
  get notification(): string | undefined {
    const last = this.heard.at(-1)
    return last?.type === 'notification' ? `${last.code}/${last.subcode}` : undefined
  }

  raw(bytes: Uint8Array): void {
    this.#stream.write(bytes)
  }

  say(...messages: readonly Message[]): void {
    this.raw(Buffer.concat(messages.map(bytesOf)))
  }

  /** OPEN, and the KEEPALIVE that makes it Established. */
  agree(open: Open = THEIR_OPEN): void {
    this.say(open, { type: 'keepalive' })
  }

  keepAlive(clock: Clock, everyMs: number): void {
    clock.after(everyMs, () => {
      if (this.isClosed) return
      this.say({ type: 'keepalive' })
      this.keepAlive(clock, everyMs)
    })
  }

  end(): void {
    this.#stream.end()
  }

  destroy(): void {
    this.#stream.destroy()
  }
}

/** A started session, and a host that hands each of its connections to `behave`. */
export async function scripted(
  world: World,
  behave: (peer: Scripted, nth: number) => void,
  { config = NEAR_CONFIG, isDeaf = false }: Readonly<{ config?: Config; isDeaf?: boolean }> = {},
): Promise<{ near: Speaker; peers: Scripted[] }> {
  const peers: Scripted[] = []
  const onReceived = (stream: ByteStream): void => {
    const peer = new Scripted(stream, { isDeaf })
    behave(peer, peers.push(peer))
  }
  const host = world.network.host(FAR)
  await host.listenStreams({ local: { address: FAR, port: PORT }, onReceived, onFault: assert.fail })
  const near = await Speaker.on(world, { address: NEAR, peer: FAR, config })
  near.session.start()
  return { near, peers }
}
