// SPDX-License-Identifier: Apache-2.0
/** A network in memory: links that tests plug in, and a reflex that answers on them as src/os does on Linux. */
import { type ArpFrame, BROADCAST_MAC, decode, encode } from '../../src/l2/arp.ts'
import type {
  ArpChange,
  ArpCounters,
  ArpDrop,
  ArpListener,
  ArpReflex,
  Link,
  Links,
  Reach,
  SendResult,
} from '../../src/lib/net.ts'

export class SimLinks implements Links {
  #links: readonly Link[]
  readonly #listeners: (() => void)[] = []
  #closed = false

  constructor(links: readonly Link[]) {
    this.#links = links
  }

  list(): readonly Link[] {
    return this.#links
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener)
  }

  close(): void {
    this.#closed = true
  }

  /** What the kernel would report next. */
  replace(links: readonly Link[]): void {
    if (this.#closed) return
    this.#links = links
    for (const listener of this.#listeners) listener()
  }
}

type Address = { reach: Reach; requests: number; replies: number }

export class SimReflex implements ArpReflex {
  /** Every frame sent, in order. */
  readonly sent: { index: number; frame: Uint8Array }[] = []
  readonly #attached = new Map<number, Link>()
  readonly #addresses = new Map<number, Address>()
  readonly #drops: Record<ArpDrop, number> = {
    operation: 0,
    destination: 0,
    notAnnounced: 0,
    notOnInterface: 0,
    malformed: 0,
    suspended: 0,
  }
  #listener: ArpListener | undefined
  #suspended = false

  listen(listener: ArpListener): void {
    this.#listener = listener
  }

  attach(link: Link): void {
    this.#attached.set(link.index, link)
  }

  detach(index: number): void {
    this.#attached.delete(index)
  }

  update(changes: readonly ArpChange[]): void {
    for (const { ip, reach } of changes) {
      if (reach === null) this.#addresses.delete(ip)
      else this.#addresses.set(ip, { ...(this.#addresses.get(ip) ?? { requests: 0, replies: 0 }), reach })
    }
  }

  send(index: number, frame: Uint8Array): SendResult {
    if (!this.#attached.has(index)) return 'lost'
    if (this.#suspended) return 'suspended'
    this.sent.push({ index, frame })
    return 'sent'
  }

  confirm(): void {
    this.#suspended = false
  }

  counters(): ArpCounters {
    const addresses = [...this.#addresses].map(([ip, { requests, replies }]) => ({ ip, requests, replies }))
    return { addresses: addresses.toSorted((a, b) => a.ip - b.ip), drops: { ...this.#drops } }
  }

  close(): void {
    this.#addresses.clear()
    this.#attached.clear()
  }

  /** The process wakes up after having been stopped. */
  wakeAfter(pausedMs: number): void {
    this.#suspended = true
    this.#listener?.onSuspended(pausedMs)
  }

  /** A frame arrives from the wire of a link. The kernel filter comes first: what it keeps away is not counted. */
  receive(index: number, bytes: Uint8Array): void {
    const link = this.#attached.get(index)
    if (!link || !this.#passesFilter(bytes)) return
    if (this.#suspended) {
      this.#drops.suspended++
      return
    }
    const frame = decode(bytes)
    const drop = this.#answer(link, frame)
    if (drop) this.#drops[drop]++
    if (!('malformed' in frame)) this.#lookForConflict(link, frame)
  }

  #passesFilter(bytes: Uint8Array): boolean {
    if (bytes.length < 42) return false
    const view = new DataView(bytes.buffer, bytes.byteOffset)
    const claimed = this.#addresses.has(view.getUint32(28)) || this.#addresses.has(view.getUint32(38))
    return view.getUint16(12) === 0x0806 && claimed
  }

  #answer(link: Link, frame: ReturnType<typeof decode>): ArpDrop | undefined {
    if ('malformed' in frame) return frame.malformed === 'operation' ? 'operation' : 'malformed'
    if (frame.operation !== 'request') return 'operation'
    if (frame.destination !== BROADCAST_MAC && frame.destination !== link.mac) return 'destination'
    const address = this.#addresses.get(frame.targetIp)
    if (!address) return 'notAnnounced'
    if (!reaches(address, link.index)) return 'notOnInterface'
    const mac = link.mac ?? ''
    const reply = { destination: frame.senderMac, source: mac, operation: 'reply', senderMac: mac } as const
    const target = { targetMac: frame.senderMac, targetIp: frame.senderIp }
    this.sent.push({ index: link.index, frame: encode({ ...reply, senderIp: frame.targetIp, ...target }) })
    address.requests++
    address.replies++
    return undefined
  }

  #lookForConflict(link: Link, frame: ArpFrame): void {
    const address = this.#addresses.get(frame.senderIp)
    const ours = [...this.#attached.values()].some(({ mac }) => mac === frame.senderMac)
    if (!address || !reaches(address, link.index) || ours) return
    this.#listener?.onConflict({ ip: frame.senderIp, mac: frame.senderMac, index: link.index })
  }
}

function reaches({ reach }: Address, index: number): boolean {
  return reach === 'all' || reach.includes(index)
}
