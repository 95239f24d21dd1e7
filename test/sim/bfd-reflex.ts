// SPDX-License-Identifier: Apache-2.0
/** The BFD reflex in memory: the thread of src/os/native/bfd-reflex*.c on a simulated clock and network. */
import type {
  BfdArrival,
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

const NEVER = Number.POSITIVE_INFINITY
const TOLD_PER_SECOND = 100
const STRANGERS_PER_SECOND = 1000
const WAITING_OF_SESSION = 8
const WAITING_OF_STRANGERS = 64
const MAX_BYTES = 256
/** The simulated network has no TTL of its own: it travels in a byte before the packet. */
const TTL_BYTES = 1

type Socket = { local: SocketAddress; ttl: number; bound: Promise<Datagrams>; datagrams: Datagrams | null }
type Session = {
  socket: ReflexId
  peer: BfdPeer
  state: BfdSession
  orders: number
  sendAtMs: number
  silentAtMs: number
  told: Window
  waiting: number
}
type Strangers = { all: Window; bySource: Map<string, Window>; waiting: number }
type Window = { sinceMs: number; count: number }

export type SimBfdOptions = Readonly<{
  clock: Clock
  network: Pick<Network, 'bindDatagrams'>
  random: () => number
  lateMs?: number
}>

export class SimBfdReflex implements BfdReflex {
  readonly #options: SimBfdOptions
  readonly #sockets = new Map<ReflexId, Socket>()
  readonly #sessions = new Map<ReflexId, Session>()
  readonly #strangers: Strangers = { all: fresh(), bySource: new Map(), waiting: 0 }
  readonly #counts = { sent: 0, unsent: 0, accepted: 0, told: 0, ttl: 0, flood: 0, oversized: 0 }
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
    const onReceived = (bytes: Uint8Array, from: SocketAddress) => this.#receive(id, from, bytes)
    const bound = this.#options.network.bindDatagrams({ local, onReceived, onFault: () => {} })
    const socket: Socket = { local, ttl, bound, datagrams: null }
    bound.then(
      (datagrams) => (socket.datagrams = datagrams),
      () => {},
    )
    this.#sockets.set(id, socket)
    return id
  }

  closeSocket(id: ReflexId): void {
    for (const [session, { socket }] of this.#sessions) if (socket === id) this.closeSession(session)
    const socket = this.#sockets.get(id)
    this.#sockets.delete(id)
    socket?.bound.then(
      (datagrams) => datagrams.close(),
      () => {},
    )
  }

  openSession(socket: ReflexId, peer: BfdPeer): ReflexId {
    const local = this.#sockets.get(socket)?.local
    if (parseIp(local?.address ?? '')?.family !== parseIp(peer.to.address)?.family)
      throw new Fault<NetworkFault>({ code: 'noAddress' }, 'the socket is of the other IP family')
    const id = ++this.#lastId
    const empty = new Uint8Array(0)
    const state = { packet: empty, intervalUs: 0, detectMult: 1, detectUs: 0, expected: empty }
    const idle = { sendAtMs: NEVER, silentAtMs: NEVER, orders: 0, waiting: 0 }
    this.#sessions.set(id, { socket, peer, state, told: fresh(), ...idle })
    return id
  }

  setSession(id: ReflexId, state: BfdSession, now: boolean): void {
    const session = this.#sessions.get(id)
    if (!session) return
    this.#noticePause()
    const nowMs = this.#options.clock.monotonicMs()
    session.orders++
    session.state = state
    session.silentAtMs = state.detectUs > 0 ? nowMs + state.detectUs / 1000 : NEVER
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

  setEcho(): void {}

  sessionCounters(): BfdSessionCounters {
    return { controlIn: 0, controlOut: 0, echoIn: 0, echoOut: 0, looped: 0 }
  }

  closeSession(id: ReflexId): void {
    this.#sessions.delete(id)
  }

  counters(): BfdReflexCounters {
    const { sent, unsent, accepted, told, ttl, flood, oversized } = this.#counts
    return { sent, unsent, accepted, told, dropped: { ttl, flood, oversized, interface: 0 } }
  }

  close(): void {
    this.#closed = true
    for (const id of this.#sockets.keys()) this.closeSocket(id)
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
    const found = [...this.#sessions].find(([, session]) => isFor(session, arrival))
    const nowMs = this.#options.clock.monotonicMs()
    if (found && (ttl ?? -1) < found[1].peer.minTtl) this.#counts.ttl++
    else if (found && bytes.length > 0 && Buffer.compare(bytes, found[1].state.expected) === 0) {
      this.#counts.accepted++
      const [, session] = found
      session.silentAtMs = session.state.detectUs > 0 ? nowMs + session.state.detectUs / 1000 : NEVER
    } else if (found) this.#tell({ ...arrival, session: found[0] }, found[1])
    else this.#tell({ ...arrival, session: null }, this.#strangers)
    this.#setAlarm()
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

  #send({ socket: id, peer }: Session, packet: Uint8Array): void {
    const socket = this.#sockets.get(id)
    if (!socket) return
    this.#counts.sent++
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
      if (session.silentAtMs <= nowMs) {
        session.silentAtMs = NEVER
        const { orders } = session
        this.#post(() => {
          if (this.#sessions.get(id)?.orders === orders) this.#listener?.onSilence(id)
        })
      }
      if (session.sendAtMs > nowMs) continue
      this.#send(session, session.state.packet)
      session.sendAtMs = nowMs + this.#waitMs(session.state)
    }
    this.#setAlarm()
  }

  #noticePause(): void {
    const nowMs = this.#options.clock.monotonicMs()
    const late = nowMs - this.#alarmMs
    const lateMs = this.#options.lateMs ?? 50
    if (lateMs === 0 || late <= lateMs) return
    for (const session of this.#sessions.values()) {
      const detectMs = session.state.detectUs / 1000
      session.sendAtMs = Math.max(session.sendAtMs, nowMs)
      if (session.silentAtMs === NEVER) continue
      session.silentAtMs = late < detectMs ? session.silentAtMs + late : nowMs + detectMs
    }
    this.#alarmMs = NEVER
    this.#alarm?.cancel()
    this.#post(() => this.#listener?.onPaused(Math.floor(late)))
  }

  #setAlarm(): void {
    const all = [...this.#sessions.values()]
    const firstMs = Math.min(...all.map(({ sendAtMs, silentAtMs }) => Math.min(sendAtMs, silentAtMs)))
    if (firstMs === this.#alarmMs || this.#closed) return
    this.#alarm?.cancel()
    this.#alarmMs = firstMs
    const { clock } = this.#options
    this.#alarm = firstMs === NEVER ? undefined : clock.after(firstMs - clock.monotonicMs(), () => this.#turn())
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

function within(window: Window, limit: number, nowMs: number): boolean {
  if (window.count === 0 || nowMs - window.sinceMs >= 1000) Object.assign(window, { sinceMs: nowMs, count: 0 })
  if (window.count >= limit) return false
  window.count++
  return true
}
