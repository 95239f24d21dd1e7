// SPDX-License-Identifier: Apache-2.0
/** The BFD reflex in memory: the thread of src/os/native/bfd-reflex*.c on a simulated clock and network. */
import type {
  BfdArrival,
  BfdEcho,
  BfdPeer,
  BfdReflex,
  BfdReflexCounters,
  BfdReflexListener,
  BfdSession,
  BfdSessionCounters,
  ReflexId,
} from '../../src/lib/bfd-reflex.ts'
import type { Clock, Timer } from '../../src/lib/clock.ts'
import { Fault } from '../../src/lib/fault.ts'
import { parseIp } from '../../src/lib/ip.ts'
import type { Datagrams, Network, NetworkFault, SocketAddress } from '../../src/lib/sockets.ts'
import { type Echo, expect, noEcho, orderEcho, putOff, SimEchoes, type Watch, type Window, within } from './bfd-echo.ts'

const NEVER = Number.POSITIVE_INFINITY
const TOLD_PER_SECOND = 100
const STRANGERS_PER_SECOND = 1000
const WAITING_OF_SESSION = 8
const WAITING_OF_STRANGERS = 64
const MAX_BYTES = 256
/** What sessions send from (RFC 5881 §4). */
const FIRST_PORT = 49_152
const PORTS = 16_384
/** The simulated network has no TTL of its own: it travels in a byte before the packet. */
const TTL_BYTES = 1

type Socket = { local: SocketAddress; ttl: number; bound: Promise<Datagrams>; datagrams: Datagrams | null }
type Counts = { -readonly [Name in keyof BfdSessionCounters]: number }
type Session = {
  socket: ReflexId
  peer: BfdPeer
  state: BfdSession
  orders: number
  sendAtMs: number
  watch: Watch
  told: Window
  waiting: number
  /** Its own to send from; null: that which it was opened on. */
  own: Socket | null
  echo: Echo
  counts: Counts
}
type Strangers = { all: Window; bySource: Map<string, Window>; waiting: number }

export type SimBfdOptions = Readonly<{
  clock: Clock
  network: Pick<Network, 'bindDatagrams'>
  random: () => number
  lateMs?: number
  /** The interface that packets from an address come by; without, by the right one. */
  deviceOf?: (from: string) => string
}>

export class SimBfdReflex implements BfdReflex {
  readonly #options: SimBfdOptions
  readonly #sockets = new Map<ReflexId, Socket>()
  readonly #sessions = new Map<ReflexId, Session>()
  readonly #strangers: Strangers = { all: fresh(), bySource: new Map(), waiting: 0 }
  readonly #counts = { sent: 0, unsent: 0, accepted: 0, told: 0, ttl: 0, flood: 0, oversized: 0, interface: 0 }
  readonly #echoes: SimEchoes
  #listener: BfdReflexListener | undefined
  #lastId = 0
  #alarm: Timer | undefined
  #alarmMs = NEVER
  /** What JavaScript has not heard yet. */
  #events: (() => void)[] = []
  #busy = false
  #closed = false

  constructor(options: SimBfdOptions) {
    this.#options = options
    this.#echoes = new SimEchoes({
      ...options,
      sessions: () => this.#sessions.values(),
      nowMs: () => options.clock.monotonicMs(),
      dropped: (reason) => this.#counts[reason]++,
    })
  }

  listen(listener: BfdReflexListener): void {
    this.#listener = listener
  }

  openSocket(local: SocketAddress, { ttl }: Readonly<{ ttl: number }>): ReflexId {
    for (const other of this.#sockets.values()) {
      if (other.local.address === local.address && other.local.port === local.port)
        throw new Fault<NetworkFault>({ code: 'addressInUse' }, `UDP ${local.address} port ${local.port} is in use`)
    }
    const id = ++this.#lastId
    this.#sockets.set(
      id,
      this.#bind(local, ttl, (bytes, from) => this.#receive(id, from, bytes)),
    )
    return id
  }

  closeSocket(id: ReflexId): void {
    for (const [session, { socket }] of this.#sessions) if (socket === id) this.closeSession(session)
    const socket = this.#sockets.get(id)
    this.#sockets.delete(id)
    if (socket) closeWhenBound(socket)
  }

  openSession(socket: ReflexId, peer: BfdPeer): ReflexId {
    const opened = this.#sockets.get(socket)
    const families = [opened?.local.address, peer.to.address, peer.source?.address ?? peer.to.address]
    if (new Set(families.map((address) => parseIp(address ?? '')?.family)).size > 1)
      throw new Fault<NetworkFault>({ code: 'noAddress' }, 'the socket is of the other IP family')
    if (peer.to.address.startsWith('fe80:') && peer.device === undefined)
      throw new Fault<NetworkFault>({ code: 'noAddress' }, 'a link-local address needs a device')
    const id = ++this.#lastId
    const empty = new Uint8Array(0)
    const state = { packet: empty, intervalUs: 0, detectMult: 1, detectUs: 0, expected: empty }
    const own = peer.source && opened ? this.#bind(this.#freePort(peer.source), opened.ttl, () => undefined) : null
    const counts = { controlIn: 0, controlOut: 0, echoIn: 0, echoOut: 0, looped: 0 }
    const watch = { detectMs: 0, heardMs: 0, silentAtMs: NEVER }
    const idle = { sendAtMs: NEVER, watch, orders: 0, waiting: 0, echo: noEcho() }
    this.#sessions.set(id, { socket, peer, state, told: fresh(), own, counts, ...idle })
    this.#echoes.prepare(peer)
    return id
  }

  setSession(id: ReflexId, state: BfdSession, now: boolean): void {
    const session = this.#sessions.get(id)
    if (!session) return
    this.#noticePause()
    const nowMs = this.#options.clock.monotonicMs()
    session.orders++
    session.state = state
    session.watch.detectMs = state.detectUs / 1000
    expect(session.watch, nowMs)
    const next = nowMs + this.#waitMs(state)
    if (state.packet.length === 0 || state.intervalUs === 0) session.sendAtMs = NEVER
    else if (now || next < session.sendAtMs) session.sendAtMs = next
    if (now && state.packet.length > 0) this.#send(session, state.packet)
    this.#setAlarm()
  }

  send(id: ReflexId, packet: Uint8Array): void {
    const session = this.#sessions.get(id)
    if (session) this.#send(session, packet)
  }

  setEcho(id: ReflexId, echo: BfdEcho | null): void {
    const session = this.#sessions.get(id)
    if (!session) return
    this.#noticePause()
    orderEcho(session, echo, this.#options.clock.monotonicMs())
    this.#setAlarm()
  }

  sessionCounters(id: ReflexId): BfdSessionCounters {
    const counts = this.#sessions.get(id)?.counts
    return counts ? { ...counts } : { controlIn: 0, controlOut: 0, echoIn: 0, echoOut: 0, looped: 0 }
  }

  /** Simulated interfaces stay. */
  isCutOff(): boolean {
    return false
  }

  closeSession(id: ReflexId): void {
    const own = this.#sessions.get(id)?.own
    if (own) closeWhenBound(own)
    this.#sessions.delete(id)
  }

  counters(): BfdReflexCounters {
    const { sent, unsent, accepted, told, ...dropped } = this.#counts
    return { sent, unsent, accepted, told, dropped }
  }

  close(): void {
    this.#closed = true
    for (const id of this.#sockets.keys()) this.closeSocket(id)
    this.#echoes.close()
    this.#sessions.clear()
    this.#alarm?.cancel()
  }

  /** JavaScript's thread is busy: what is told waits, while the reflex goes on. */
  setBusy(busy: boolean): void {
    this.#busy = busy
    if (!busy) for (const event of this.#events.splice(0)) event()
  }

  #receive(socket: ReflexId, from: SocketAddress, datagram: Uint8Array): void {
    this.#noticePause()
    const [ttl, bytes] = [datagram[0] ?? null, Uint8Array.from(datagram.subarray(TTL_BYTES))]
    if (bytes.length > MAX_BYTES) {
      this.#counts.oversized++
      return
    }
    const arrival = { socket, from, ttl, bytes }
    const all = [...this.#sessions].filter(([, session]) => isFor(session, arrival))
    const found = all.find(([, { peer }]) => this.#isBy(peer, from.address))
    if (found) this.#take(found, arrival)
    else if (all.length > 0) this.#counts.interface++
    else this.#tell({ ...arrival, session: null }, this.#strangers)
    this.#setAlarm()
  }

  #isBy({ device }: BfdPeer, from: string): boolean {
    return device === undefined || (this.#options.deviceOf?.(from) ?? device) === device
  }

  #take([id, session]: readonly [ReflexId, Session], arrival: Omit<BfdArrival, 'session'>): void {
    if ((arrival.ttl ?? -1) < session.peer.minTtl) {
      this.#counts.ttl++
      return
    }
    session.counts.controlIn++
    if (arrival.bytes.length > 0 && Buffer.compare(arrival.bytes, session.state.expected) === 0) {
      this.#counts.accepted++
      expect(session.watch, this.#options.clock.monotonicMs())
    } else this.#tell({ ...arrival, session: id }, session)
  }

  #tell(arrival: BfdArrival, share: Session | Strangers): void {
    const nowMs = this.#options.clock.monotonicMs()
    if (!this.#mayTell(arrival, share, nowMs)) {
      this.#counts.flood++
      return
    }
    share.waiting++
    this.#counts.told++
    this.#post(() => {
      share.waiting--
      if (arrival.session === null || this.#sessions.has(arrival.session)) this.#listener?.onPacket(arrival)
    })
  }

  #mayTell({ from }: BfdArrival, share: Session | Strangers, nowMs: number): boolean {
    if ('told' in share) return share.waiting < WAITING_OF_SESSION && within(share.told, TOLD_PER_SECOND, nowMs)
    const window = share.bySource.get(from.address) ?? fresh()
    share.bySource.set(from.address, window)
    const hasRoom = share.waiting < WAITING_OF_STRANGERS
    return hasRoom && within(window, TOLD_PER_SECOND, nowMs) && within(share.all, STRANGERS_PER_SECOND, nowMs)
  }

  #post(event: () => void): void {
    const deliver = () => {
      if (!this.#closed) event()
    }
    if (this.#busy) this.#events.push(deliver)
    else queueMicrotask(deliver)
  }

  #send({ socket: id, peer, own, counts }: Session, packet: Uint8Array): void {
    const socket = own ?? this.#sockets.get(id)
    if (!socket) return
    this.#counts.sent++
    counts.controlOut++
    const datagram = Uint8Array.of(socket.ttl, ...packet)
    if (socket.datagrams) socket.datagrams.send(peer.to, datagram)
    else
      socket.bound.then(
        (datagrams) => datagrams.send(peer.to, datagram),
        () => {},
      )
  }

  #turn(): void {
    this.#noticePause()
    const nowMs = this.#options.clock.monotonicMs()
    for (const [id, session] of this.#sessions) {
      const { orders, echo } = session
      this.#tellSilence(session.watch, () => {
        if (this.#sessions.get(id)?.orders === orders) this.#listener?.onSilence(id)
      })
      const { orders: echoOrders } = echo
      this.#tellSilence(echo.watch, () => {
        if (this.#sessions.get(id)?.echo.orders === echoOrders) this.#listener?.onEchoSilence?.(id)
      })
      if (echo.sendAtMs <= nowMs) this.#sendEcho(session)
      if (session.sendAtMs > nowMs) continue
      this.#send(session, session.state.packet)
      session.sendAtMs = nowMs + this.#waitMs(session.state)
    }
    this.#setAlarm()
  }

  #sendEcho(session: Session): void {
    this.#counts.sent++
    this.#echoes.send(session)
    const { intervalUs } = session.echo
    session.echo.sendAtMs = this.#options.clock.monotonicMs() + this.#waitMs({ ...session.state, intervalUs })
  }

  #tellSilence(watch: Watch, event: () => void): void {
    if (watch.silentAtMs > this.#options.clock.monotonicMs()) return
    watch.silentAtMs = NEVER
    this.#post(event)
  }

  #noticePause(): void {
    const nowMs = this.#options.clock.monotonicMs()
    const late = nowMs - this.#alarmMs
    const lateMs = this.#options.lateMs ?? 50
    if (lateMs === 0 || late <= lateMs) return
    for (const session of this.#sessions.values()) {
      session.sendAtMs = Math.max(session.sendAtMs, nowMs)
      session.echo.sendAtMs = Math.max(session.echo.sendAtMs, nowMs)
      for (const watch of [session.watch, session.echo.watch]) putOff(watch, late, nowMs)
    }
    this.#alarmMs = NEVER
    this.#alarm?.cancel()
    this.#post(() => this.#listener?.onPaused(Math.floor(late)))
  }

  #setAlarm(): void {
    let firstMs = NEVER
    for (const { sendAtMs, watch, echo } of this.#sessions.values())
      firstMs = Math.min(firstMs, sendAtMs, watch.silentAtMs, echo.sendAtMs, echo.watch.silentAtMs)
    if (firstMs === this.#alarmMs || this.#closed) return
    this.#alarm?.cancel()
    this.#alarmMs = firstMs
    const { clock } = this.#options
    this.#alarm = firstMs === NEVER ? undefined : clock.after(firstMs - clock.monotonicMs(), () => this.#turn())
  }

  #bind(local: SocketAddress, ttl: number, onReceived: (bytes: Uint8Array, from: SocketAddress) => void): Socket {
    const bound = this.#options.network.bindDatagrams({ local, onReceived, onFault: () => {} })
    const socket: Socket = { local, ttl, bound, datagrams: null }
    bound.then(
      (datagrams) => (socket.datagrams = datagrams),
      () => {},
    )
    return socket
  }

  #freePort({ address }: Readonly<{ address: string }>): SocketAddress {
    const taken = new Set([...this.#sessions.values()].map(({ own }) => own?.local.port))
    let port = FIRST_PORT + Math.floor(this.#options.random() * PORTS)
    while (taken.has(port)) port = FIRST_PORT + ((port + 1 - FIRST_PORT) % PORTS)
    return { address, port }
  }

  #waitMs({ intervalUs, detectMult }: BfdSession): number {
    const [least, most] = [0.75, detectMult === 1 ? 0.9 : 1]
    return Math.max(1, (intervalUs / 1000) * (least + (most - least) * this.#options.random()))
  }
}

function isFor({ socket, peer }: Session, arrival: Omit<BfdArrival, 'session'>): boolean {
  const { from, bytes } = arrival
  if (arrival.socket !== socket || from.address !== peer.to.address || bytes.length < 12) return false
  if (peer.remotePort !== null && from.port !== peer.remotePort) return false
  const discriminator = new DataView(bytes.buffer, bytes.byteOffset).getUint32(8)
  return discriminator === 0 || discriminator === peer.discriminator
}

function fresh(): Window {
  return { sinceMs: 0, count: 0 }
}

function closeWhenBound({ bound }: Socket): void {
  bound.then(
    (datagrams) => datagrams.close(),
    () => {},
  )
}
