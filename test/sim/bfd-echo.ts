// SPDX-License-Identifier: Apache-2.0
/** Echoes of the simulated BFD reflex, as src/os/native/bfd-echo.c has them for IPv6; the network has no other way. */
import type { BfdEcho, BfdPeer } from '../../src/lib/bfd-reflex.ts'
import type { Datagrams, Network, SocketAddress } from '../../src/lib/sockets.ts'

const ECHO_PORT = 3785
const ECHO_BYTES = 24
const SENT_TTL = 255
const MOST_BYTES = 256
const LOOPED_PER_SECOND = 200
const AWAITED = 16

export type Window = { sinceMs: number; count: number }

/** Whether one more event is within `limit` a second. */
export function within(window: Window, limit: number, nowMs: number): boolean {
  if (window.count === 0 || nowMs - window.sinceMs >= 1000) Object.assign(window, { sinceMs: nowMs, count: 0 })
  if (window.count >= limit) return false
  window.count++
  return true
}

/** Waits for signs of life: what a pause moves on. */
export type Watch = { detectMs: number; heardMs: number; silentAtMs: number }

/** A sign of life, or new orders: the deadline is counted from now. */
export function expect(watch: Watch, nowMs: number): void {
  watch.heardMs = nowMs
  watch.silentAtMs = watch.detectMs > 0 ? nowMs + watch.detectMs : Number.POSITIVE_INFINITY
}

/** Moves a deadline on by a pause, but in all by no more than the whole time; after a long pause that begins anew. */
export function putOff(watch: Watch, lateMs: number, nowMs: number): void {
  if (watch.silentAtMs === Number.POSITIVE_INFINITY) return
  if (lateMs >= watch.detectMs) expect(watch, nowMs)
  else watch.silentAtMs = Math.min(watch.silentAtMs + lateMs, watch.heardMs + 2 * watch.detectMs)
}

export type Echo = {
  orders: number
  intervalUs: number
  sendAtMs: number
  watch: Watch
  awaited: bigint[]
  looped: Window
}

/** What echoes need of a session. */
export type EchoSession = Readonly<{
  peer: BfdPeer
  echo: Echo
  counts: { echoIn: number; echoOut: number; looped: number }
}>

export type EchoSurroundings = Readonly<{
  network: Pick<Network, 'bindDatagrams'>
  random: () => number
  sessions: () => Iterable<EchoSession>
  nowMs: () => number
  dropped: (reason: 'ttl' | 'flood' | 'oversized') => void
}>

/** No echoes, and nothing heard of any. */
export function noEcho(): Echo {
  const watch = { detectMs: 0, heardMs: 0, silentAtMs: Number.POSITIVE_INFINITY }
  const looped = { sinceMs: 0, count: 0 }
  return { orders: 0, intervalUs: 0, sendAtMs: Number.POSITIVE_INFINITY, watch, awaited: [], looped }
}

/** New orders for one session's echoes. */
export function orderEcho({ echo, peer }: EchoSession, orders: BfdEcho | null, nowMs: number): void {
  echo.orders++
  const mayEcho = peer.source !== undefined && peer.minTtl === SENT_TTL
  echo.intervalUs = mayEcho ? (orders?.intervalUs ?? 0) : 0
  echo.watch.detectMs = echo.intervalUs > 0 ? (orders?.detectUs ?? 0) / 1000 : 0
  expect(echo.watch, nowMs)
  echo.sendAtMs = echo.intervalUs > 0 ? nowMs : Number.POSITIVE_INFINITY
}

export class SimEchoes {
  readonly #around: EchoSurroundings
  readonly #sockets = new Map<string, Promise<Datagrams>>()

  constructor(around: EchoSurroundings) {
    this.#around = around
  }

  /** The session's own address listens for echoes from now on. */
  prepare({ source, minTtl }: BfdPeer): void {
    if (source === undefined || minTtl !== SENT_TTL || this.#sockets.has(source.address)) return
    const local = { address: source.address, port: ECHO_PORT }
    const onReceived = (bytes: Uint8Array, from: SocketAddress) => this.#receive(source.address, from, bytes)
    const bound = this.#around.network.bindDatagrams({ local, onReceived, onFault: () => {} })
    this.#sockets.set(source.address, bound)
    bound.catch(() => this.#sockets.delete(source.address))
  }

  send({ peer, echo, counts }: EchoSession): void {
    const number = BigInt(1 + Math.floor(this.#around.random() * 2 ** 30)) * 2n ** 32n + BigInt(counts.echoOut)
    const bytes = Buffer.alloc(ECHO_BYTES)
    bytes.writeUInt32BE(peer.discriminator, 4)
    bytes.writeBigUInt64BE(number, 8)
    echo.awaited = [...echo.awaited, number].slice(-AWAITED)
    counts.echoOut++
    this.#post(peer.source?.address ?? '', peer.to.address, [SENT_TTL, bytes])
  }

  close(): void {
    for (const bound of this.#sockets.values()) {
      bound.then(
        (datagrams) => datagrams.close(),
        () => {},
      )
    }
    this.#sockets.clear()
  }

  #receive(own: string, from: SocketAddress, datagram: Uint8Array): void {
    const { sessions, dropped, nowMs } = this.#around
    const [ttl = 0, bytes] = [datagram[0], Buffer.from(datagram.subarray(1))]
    if (bytes.length > MOST_BYTES) return dropped('oversized')
    const isItsOwn = ({ peer }: EchoSession) =>
      peer.source?.address === own && peer.to.address === from.address && peer.minTtl === SENT_TTL
    const session = [...sessions()].find(isItsOwn)
    if (!session || cameBack(session, bytes, nowMs())) return
    if (ttl !== SENT_TTL) return dropped('ttl')
    if (!within(session.echo.looped, LOOPED_PER_SECOND, nowMs())) return dropped('flood')
    session.counts.looped++
    this.#post(own, from.address, [SENT_TTL - 1, bytes])
  }

  #post(own: string, address: string, [ttl, bytes]: readonly [number, Uint8Array]): void {
    this.#sockets.get(own)?.then(
      (datagrams) => datagrams.send({ address, port: ECHO_PORT }, Uint8Array.of(ttl, ...bytes)),
      () => {},
    )
  }
}

/** One that is awaited counts once. */
function cameBack({ peer, echo, counts }: EchoSession, bytes: Buffer, nowMs: number): boolean {
  if (bytes.length !== ECHO_BYTES || bytes.readUInt32BE(4) !== peer.discriminator) return false
  const at = echo.awaited.indexOf(bytes.readBigUInt64BE(8))
  if (at < 0) return false
  echo.awaited.splice(at, 1)
  counts.echoIn++
  expect(echo.watch, nowMs)
  return true
}
