// SPDX-License-Identifier: Apache-2.0
/** A host of the simulated network: its ports, and whether the process on it runs. */
import assert from 'node:assert/strict'
import type { Clock } from '../../src/lib/clock.ts'
import { Fault } from '../../src/lib/fault.ts'
import { formatIp, parseIp } from '../../src/lib/ip.ts'
import type {
  Binding,
  ByteStream,
  Datagrams,
  Network,
  NetworkFault,
  SocketAddress,
  StreamServer,
} from '../../src/lib/sockets.ts'
import { Ports } from './network-ports.ts'
import { connectEnds } from './network-stream.ts'

type HeardDatagram = (bytes: Uint8Array, from: SocketAddress) => void

/** What a host needs of the network around it. */
export type Surroundings = Readonly<{
  clock: Clock
  hostAt(address: string): Host | undefined
  delayMs(from: number, to: number): number | null
  isCut(from: number, to: number): boolean
}>

export type Traffic = { datagrams: number; bytes: number }

/** As many as Linux keeps of small ones for a process that does not read (net.core.rmem_default). */
const RECEIVE_QUEUE = 256
const MOST_DATAGRAM_BYTES = 65_507
/** Of the first repetition of a SYN; each further one waits twice as long. */
const SYN_RETRY_MS = 1000

export class Host implements Network {
  readonly id: number
  readonly addresses: readonly string[]
  readonly clock: Clock
  readonly sent: Traffic = { datagrams: 0, bytes: 0 }
  readonly received: Traffic = { datagrams: 0, bytes: 0 }
  readonly #around: Surroundings
  readonly #datagrams: Ports<HeardDatagram>
  readonly #servers: Ports<(stream: ByteStream) => void>
  #state: 'running' | 'suspended' | 'dead' = 'running'
  readonly #waiting: (() => void)[] = []
  #waitingDatagrams = 0

  constructor(id: number, addresses: readonly string[], around: Surroundings) {
    for (const address of addresses) {
      const ip = parseIp(address)
      assert.ok(ip !== undefined && formatIp(ip) === address, `${address} is no IP address in canonical text`)
    }
    this.id = id
    this.addresses = addresses
    this.#around = around
    this.clock = around.clock
    this.#datagrams = new Ports('UDP', addresses)
    this.#servers = new Ports('TCP', addresses)
  }

  async bindDatagrams({ local, onReceived }: Binding<HeardDatagram>): Promise<Datagrams> {
    const bound = this.#datagrams.bind(local, onReceived)
    let open = true
    return {
      local: bound.local,
      send: (to, bytes) => {
        if (open && this.#state === 'running') this.#sendDatagram(bound.local, to, bytes)
      },
      close: () => {
        open = false
        bound.close()
      },
    }
  }

  async listenStreams({ local, onReceived }: Binding<(stream: ByteStream) => void>): Promise<StreamServer> {
    return this.#servers.bind(local, onReceived)
  }

  connectStream(to: SocketAddress, { timeoutMs }: Readonly<{ timeoutMs: number }>): Promise<ByteStream> {
    if (parseIp(to.address) === undefined) return Promise.reject(noAddress(to))
    const address = this.#sourceFor(to)
    const { promise, resolve, reject } = Promise.withResolvers<ByteStream>()
    if (address === undefined) {
      reject(faultOf('unreachable', to, 'this host has no address of its family'))
      return promise
    }
    const attempt = { to, from: { address, port: this.#servers.freePort() }, over: false, retryMs: SYN_RETRY_MS }
    const settle = (outcome: () => void) => {
      if (attempt.over) return
      attempt.over = true
      timer.cancel()
      this.run(outcome)
    }
    const timer = this.clock.after(timeoutMs, () =>
      settle(() => reject(faultOf('timeout', to, `no answer within ${timeoutMs} ms`))),
    )
    const refuse = () => settle(() => reject(faultOf('refused', to, 'nobody listens there')))
    this.#dial(attempt, { accept: (stream) => settle(() => resolve(stream)), refuse })
    return promise
  }

  get isDead(): boolean {
    return this.#state === 'dead'
  }

  /** It was killed, and another has started with its addresses. */
  get isReplaced(): boolean {
    return this.isDead && this.addresses.some((address) => this.#around.hostAt(address) !== this)
  }

  delayTo(other: Host): number | null {
    return this.#around.delayMs(this.id, other.id)
  }

  isCutFrom(other: Host): boolean {
    return this.#around.isCut(this.id, other.id)
  }

  kill(): void {
    this.#state = 'dead'
    this.#waiting.length = 0
  }

  suspend(): void {
    if (this.#state === 'running') this.#state = 'suspended'
  }

  resume(): void {
    if (this.#state !== 'suspended') return
    this.#state = 'running'
    this.#waitingDatagrams = 0
    for (const act of this.#waiting.splice(0)) this.clock.after(0, () => this.run(act))
  }

  /** Does what the process of this host is to do: now, once it goes on, or never. */
  run(act: () => void): void {
    if (this.#state === 'running') act()
    else if (this.#state === 'suspended') this.#waiting.push(act)
  }

  #receiveDatagram(to: SocketAddress, bytes: Uint8Array, from: SocketAddress): void {
    const bound = this.#datagrams.at(to)
    if (bound === undefined || this.isDead) return
    if (this.#state === 'suspended') {
      if (this.#waitingDatagrams >= RECEIVE_QUEUE) return
      this.#waitingDatagrams++
    }
    this.run(() => {
      if (bound.isClosed) return
      this.received.datagrams++
      this.received.bytes += bytes.length
      bound.heard(bytes, from)
    })
  }

  #sendDatagram(local: SocketAddress, to: SocketAddress, bytes: Uint8Array): void {
    const known = to.port >= 1 && to.port <= 65_535 && parseIp(to.address) !== undefined
    if (!known || bytes.length > MOST_DATAGRAM_BYTES || isIpv6(local.address) !== isIpv6(to.address)) return
    const wildcard = local.address === '0.0.0.0' || local.address === '::'
    const address = wildcard ? this.#sourceFor(to) : local.address
    if (address === undefined) return
    this.sent.datagrams++
    this.sent.bytes += bytes.length
    const target = this.#around.hostAt(to.address)
    const delayMs = target === undefined ? null : this.delayTo(target)
    if (target === undefined || delayMs === null) return
    const copy = new Uint8Array(bytes)
    this.clock.after(delayMs, () => {
      if (!this.isCutFrom(target)) target.#receiveDatagram(to, copy, { address, port: local.port })
    })
  }

  #sourceFor(to: SocketAddress): string | undefined {
    if (this.addresses.includes(to.address)) return to.address
    return this.addresses.find((address) => isIpv6(address) === isIpv6(to.address))
  }

  /** The three packets of a handshake as one; lost, it is tried again. */
  #dial(attempt: Attempt, answer: Answer): void {
    if (attempt.over || this.isDead) return
    const target = this.#around.hostAt(attempt.to.address)
    const thereMs = target === undefined || target.isDead ? null : this.delayTo(target)
    const backMs = target === undefined ? null : target.delayTo(this)
    if (target === undefined || thereMs === null || backMs === null) {
      this.clock.after(attempt.retryMs, () => this.#dial(attempt, answer))
      attempt.retryMs *= 2
      return
    }
    this.clock.after(thereMs + backMs, () => {
      if (attempt.over || this.isDead || target.isDead) return
      const server = target.#servers.at(attempt.to)
      if (server === undefined) return answer.refuse()
      const [near, far] = connectEnds([this, attempt.from], [target, attempt.to])
      target.run(() => server.heard(far))
      answer.accept(near)
    })
  }
}

type Attempt = { readonly to: SocketAddress; readonly from: SocketAddress; over: boolean; retryMs: number }
type Answer = Readonly<{ accept(stream: ByteStream): void; refuse(): void }>

function isIpv6(address: string): boolean {
  return address.includes(':')
}

function faultOf(code: NetworkFault['code'], { address, port }: SocketAddress, why: string): Fault<NetworkFault> {
  return new Fault({ code }, `cannot connect to ${address} port ${port}: ${why}`)
}

function noAddress({ address }: SocketAddress): Fault<NetworkFault> {
  return new Fault({ code: 'noAddress' }, `'${address}' is no IP address`)
}
