// SPDX-License-Identifier: Apache-2.0
/** The BFD reflex on Linux: the native thread's sockets, sessions and counters as lib/bfd-reflex.ts wants them. */
import { close } from 'node:fs'
import type {
  BfdEcho,
  BfdPeer,
  BfdReflex,
  BfdReflexCounters,
  BfdReflexListener,
  BfdSession,
  BfdSessionCounters,
  ReflexId,
} from '../lib/bfd-reflex.ts'
import { bytesOf } from '../lib/bytes.ts'
import { Fault } from '../lib/fault.ts'
import { formatIp, parseIp } from '../lib/ip.ts'
import type { NetworkFault, SocketAddress } from '../lib/sockets.ts'
import { systemFault } from './fault.ts'
import { type Handle, loadNative } from './native.ts'

const EVENT_PACKET = 0
const EVENT_SILENCE = 1
const EVENT_ECHO_SILENCE = 3
const EADDRINUSE = -98
const EADDRNOTAVAIL = -99
const EAFNOSUPPORT = -97
const ENODEV = -19
const COUNTS = 8
const SESSION_COUNTS = 5
/** As the kernel has it: IFNAMSIZ less the end. */
const MOST_NAME_BYTES = 15
const NOTHING = new Uint8Array(0)
const MAPPED = 0xffffn << 32n

/**
 * Starts the reflex's thread. When it comes to run more than `lateMs` after the time it had asked for, that was a pause
 * (SIGSTOP, a sleeping machine); 0 switches the guard off. Throws Fault `noAddon` or `system`.
 */
export function openBfdReflex({ lateMs = 50 }: { lateMs?: number } = {}): BfdReflex {
  return new LinuxBfdReflex(lateMs)
}

class LinuxBfdReflex implements BfdReflex {
  readonly #native = loadNative()
  readonly #handle: Handle
  /** Number of each session's latest orders: silence that was noticed under earlier ones is old news. */
  readonly #orders = new Map<ReflexId, { socket: ReflexId; number: number; echo: number }>()
  #listener: BfdReflexListener | undefined
  #final: BfdReflexCounters | undefined

  constructor(lateMs: number) {
    const opened = this.#native.bfdOpen(lateMs, (kind, session, socket, value, from, bytes) => {
      if (kind === EVENT_PACKET) this.#onPacket(session, socket, { ttl: value, from, bytes })
      else if (kind === EVENT_ECHO_SILENCE) {
        if (this.#orders.get(session)?.echo === value) this.#listener?.onEchoSilence?.(session)
      } else if (kind !== EVENT_SILENCE) this.#listener?.onPaused(value)
      else if (this.#orders.get(session)?.number === value) this.#listener?.onSilence(session)
    })
    if (typeof opened === 'number') throw systemFault(opened, 'start the BFD reflex')
    this.#handle = opened
  }

  listen(listener: BfdReflexListener): void {
    this.#listener = listener
  }

  openSocket(local: SocketAddress, { ttl, device }: Readonly<{ ttl: number; device?: string }>): ReflexId {
    const result = this.#native.bfdOpenSocket(this.#handle, encodeAddress(local), ttl, encodeDevice(device))
    if (result < 0) throw networkFault(result, `receive on UDP ${local.address} port ${local.port}`)
    return result
  }

  closeSocket(socket: ReflexId): void {
    for (const [session, orders] of this.#orders) if (orders.socket === socket) this.#orders.delete(session)
    this.#native.bfdCloseSocket(this.#handle, socket)
    this.#tidy()
  }

  openSession(socket: ReflexId, peer: BfdPeer): ReflexId {
    const { to, remotePort, discriminator, minTtl, source, device } = peer
    const result = this.#native.bfdOpenSession(
      this.#handle,
      socket,
      encodeAddress(to),
      remotePort ?? -1,
      discriminator,
      minTtl,
      source ? encodeAddress({ address: source.address, port: 0 }) : NOTHING,
      encodeDevice(device),
    )
    if (result < 0) {
      const from = source ? ` from ${source.address}` : ''
      throw networkFault(result, `open a session with ${to.address}${from}${device ? ` by ${device}` : ''}`)
    }
    this.#orders.set(result, { socket, number: 0, echo: 0 })
    return result
  }

  setSession(session: ReflexId, state: BfdSession, now: boolean): void {
    const orders = this.#orders.get(session)
    if (!orders) return
    orders.number = (orders.number + 1) % 2 ** 32
    const { intervalUs, detectMult, detectUs, packet, expected } = state
    const numbers = Float64Array.of(orders.number, intervalUs, detectMult, detectUs, now ? 1 : 0)
    const result = this.#native.bfdOrder(this.#handle, session, bytesOf(numbers), packet, expected)
    if (result < 0) throw networkFault(result, 'change a BFD session')
  }

  send(session: ReflexId, packet: Uint8Array): void {
    this.#native.bfdSend(this.#handle, session, packet) // what could not be sent is counted
  }

  setEcho(session: ReflexId, echo: BfdEcho | null): void {
    const orders = this.#orders.get(session)
    if (!orders) return
    orders.echo = (orders.echo + 1) % 2 ** 32
    const numbers = Float64Array.of(orders.echo, echo?.intervalUs ?? 0, echo?.detectUs ?? 0)
    const result = this.#native.bfdOrderEcho(this.#handle, session, bytesOf(numbers))
    if (result < 0) throw networkFault(result, 'send BFD echoes')
    this.#tidy()
  }

  sessionCounters(session: ReflexId): BfdSessionCounters {
    const counts = new BigUint64Array(SESSION_COUNTS)
    if (!this.#final) this.#native.bfdReadSession(this.#handle, session, bytesOf(counts))
    const [controlIn = 0, controlOut = 0, echoIn = 0, echoOut = 0, looped = 0] = Array.from(counts, Number)
    return { controlIn, controlOut, echoIn, echoOut, looped }
  }

  isCutOff(session: ReflexId): boolean {
    return this.#orders.has(session) && this.#native.bfdIsCutOff(this.#handle, session) === 1
  }

  closeSession(session: ReflexId): void {
    this.#orders.delete(session)
    this.#native.bfdCloseSession(this.#handle, session)
    this.#tidy()
  }

  counters(): BfdReflexCounters {
    if (this.#final) return this.#final
    const counts = new BigUint64Array(COUNTS)
    this.#native.bfdRead(this.#handle, bytesOf(counts))
    const [sent = 0, unsent = 0, accepted = 0, told = 0, ...dropped] = Array.from(counts, Number)
    const [ttl = 0, flood = 0, oversized = 0, byInterface = 0] = dropped
    return { sent, unsent, accepted, told, dropped: { ttl, flood, oversized, interface: byInterface } }
  }

  close(): void {
    this.#final ??= this.counters()
    this.#orders.clear()
    this.#native.bfdClose(this.#handle)
  }

  /** A packet socket takes milliseconds to close: not on this thread. */
  #tidy(): void {
    for (let fd = this.#native.bfdUnused(this.#handle); fd >= 0; fd = this.#native.bfdUnused(this.#handle))
      close(fd, () => undefined)
  }

  #onPacket(session: number, socket: number, packet: { ttl: number; from: Uint8Array; bytes: Uint8Array }): void {
    if (session >= 0 && !this.#orders.has(session)) return // closed while this was on its way
    this.#listener?.onPacket({
      socket,
      session: session < 0 ? null : session,
      from: decodeAddress(packet.from),
      ttl: packet.ttl < 0 ? null : packet.ttl,
      bytes: packet.bytes,
    })
  }
}

/** 16 bytes of address, IPv4 as ::ffff:a.b.c.d; then the port. */
function encodeAddress({ address, port }: SocketAddress): Uint8Array {
  const ip = parseIp(address)
  if (!ip) throw new Fault<NetworkFault>({ code: 'noAddress' }, `'${address}' is no IP address`)
  const bits = ip.family === 'ipv4' ? MAPPED | ip.bits : ip.bits
  const bytes = new Uint8Array(18)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(0, bits >> 64n)
  view.setBigUint64(8, bits & 0xffff_ffff_ffff_ffffn)
  view.setUint16(16, port)
  return bytes
}

function encodeDevice(device: string | undefined): Uint8Array {
  const name = Buffer.from(device ?? '')
  if (name.length > MOST_NAME_BYTES || name.includes(0)) throw systemFault(ENODEV, `use the interface '${device}'`)
  return name
}

function decodeAddress(bytes: Uint8Array): SocketAddress {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const bits = (view.getBigUint64(0) << 64n) | view.getBigUint64(8)
  const isMapped = bits >> 32n === 0xffffn
  const ip = isMapped ? ({ family: 'ipv4', bits: bits & 0xffff_ffffn } as const) : ({ family: 'ipv6', bits } as const)
  return { address: formatIp(ip), port: view.getUint16(16) }
}

function networkFault(result: number, action: string): Error {
  if (result === EADDRINUSE)
    return new Fault<NetworkFault>({ code: 'addressInUse' }, `cannot ${action}: another process does already`)
  if (result === EADDRNOTAVAIL)
    return new Fault<NetworkFault>({ code: 'noAddress' }, `cannot ${action}: this node does not have the address`)
  if (result === EAFNOSUPPORT)
    return new Fault<NetworkFault>({ code: 'noAddress' }, `cannot ${action}: the socket is of the other IP family`)
  return systemFault(result, action)
}
