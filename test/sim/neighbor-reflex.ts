// SPDX-License-Identifier: Apache-2.0
/** A reflex in memory: answers on the links of test/sim/wire.ts as src/os does on Linux. */
import { type ArpFrame, BROADCAST_MAC, decode as decodeArp, encode as encodeArp } from '../../src/l2/arp.ts'
import { decode as decodeNdp, encode as encodeNdp, type NdpFrame, solicitedNode } from '../../src/l2/ndp.ts'
import { formatIp, parseIp } from '../../src/lib/ip.ts'
import {
  type ArpDrop,
  type Attachment,
  type NdpDrop,
  type NeighborCounters,
  type NeighborListener,
  type NeighborProtocol,
  type NeighborReflex,
  type Reach,
  type ReachChange,
  type SendResult,
} from '../../src/lib/neighbors.ts'
import type { Link } from '../../src/lib/net.ts'

type Address = { reach: Reach; requests: number; replies: number }
/** What comes of a frame: an answer, or why there is none; and who claims which address by it. */
type Verdict<Drop> = Readonly<{ drop?: Drop; answer?: Uint8Array; claimed?: Readonly<{ ip: string; mac: string }> }>

const ARP_ZERO = { operation: 0, destination: 0, notAnnounced: 0, notOnInterface: 0, malformed: 0, suspended: 0 }
const ALL_NODES = { destination: '33:33:00:00:00:01', destinationIp: 'ff02::1' } as const

export class SimReflex implements NeighborReflex {
  /** Every frame sent, in order. */
  readonly sent: { index: number; frame: Uint8Array }[] = []
  readonly #attached: Readonly<Record<NeighborProtocol, Map<number, Link>>> = { arp: new Map(), ndp: new Map() }
  readonly #addresses = new Map<string, Address>()
  readonly #drops: { arp: Record<ArpDrop, number>; ndp: Record<NdpDrop, number> } = {
    arp: { ...ARP_ZERO },
    ndp: { ...ARP_ZERO, hopLimit: 0, checksum: 0, option: 0, source: 0 },
  }
  #listener: NeighborListener | undefined
  #suspended = false

  listen(listener: NeighborListener): void {
    this.#listener = listener
  }

  attach(protocol: NeighborProtocol, link: Link): void {
    this.#attached[protocol].set(link.index, link)
  }

  detach({ protocol, index }: Attachment): void {
    this.#attached[protocol].delete(index)
  }

  update(changes: readonly ReachChange[]): void {
    for (const { ip, reach } of changes) {
      if (reach === null) this.#addresses.delete(ip)
      else this.#addresses.set(ip, { ...(this.#addresses.get(ip) ?? { requests: 0, replies: 0 }), reach })
    }
  }

  send({ protocol, index }: Attachment, frame: Uint8Array): SendResult {
    if (!this.#attached[protocol].has(index)) return 'lost'
    if (this.#suspended) return 'suspended'
    this.sent.push({ index, frame: frame.slice() })
    return 'sent'
  }

  confirm(): void {
    this.#suspended = false
  }

  counters(): NeighborCounters {
    const addresses = [...this.#addresses].map(([ip, { requests, replies }]) => ({ ip, requests, replies }))
    return {
      addresses: addresses.toSorted((a, b) => (orderOf(a.ip) < orderOf(b.ip) ? -1 : 1)),
      drops: { arp: { ...this.#drops.arp }, ndp: { ...this.#drops.ndp } },
    }
  }

  close(): void {
    this.#addresses.clear()
    this.#attached.arp.clear()
    this.#attached.ndp.clear()
  }

  /** The process wakes up after having been stopped. */
  wakeAfter(pausedMs: number): void {
    this.#suspended = true
    this.#listener?.onSuspended(pausedMs)
  }

  /** A frame arrives from the wire of a link. The kernel filter comes first: what it keeps away is not counted. */
  receive(index: number, bytes: Uint8Array): void {
    const arp = this.#attached.arp.get(index)
    if (arp && this.#passesArp(bytes)) {
      const drop = this.#serve(arp, () => this.#judgeArp(arp, bytes))
      if (drop) this.#drops.arp[drop]++
    }
    const ndp = this.#attached.ndp.get(index)
    if (ndp && this.#passesNdp(bytes)) {
      const drop = this.#serve(ndp, () => this.#judgeNdp(ndp, bytes))
      if (drop) this.#drops.ndp[drop]++
    }
  }

  #serve<Drop>(link: Link, judge: () => Verdict<Drop>): Drop | 'suspended' | undefined {
    if (this.#suspended) return 'suspended'
    const { drop, answer, claimed } = judge()
    if (answer) this.sent.push({ index: link.index, frame: answer })
    if (claimed && this.#reaches(claimed.ip, link) && !this.#isOurs(claimed.mac)) {
      this.#listener?.onConflict({ ...claimed, index: link.index })
    }
    return drop
  }

  #isOurs(mac: string): boolean {
    return Object.values(this.#attached).some((links) => [...links.values()].some((link) => link.mac === mac))
  }

  #passesArp(bytes: Uint8Array): boolean {
    if (bytes.length < 42) return false
    const view = new DataView(bytes.buffer, bytes.byteOffset)
    const isClaimed = (at: number) => this.#addresses.has(ipv4(view.getUint32(at)))
    return view.getUint16(12) === 0x0806 && (isClaimed(28) || isClaimed(38))
  }

  #judgeArp(link: Link, bytes: Uint8Array): Verdict<ArpDrop> {
    const frame = decodeArp(bytes)
    if ('malformed' in frame) return { drop: frame.malformed === 'operation' ? 'operation' : 'malformed' }
    const claimed = { ip: ipv4(frame.senderIp), mac: frame.senderMac }
    if (frame.operation !== 'request') return { drop: 'operation', claimed }
    if (frame.destination !== BROADCAST_MAC && frame.destination !== link.mac) return { drop: 'destination', claimed }
    const drop = this.#count(ipv4(frame.targetIp), link)
    return drop ? { drop, claimed } : { answer: arpAnswer(link, frame), claimed }
  }

  #passesNdp(bytes: Uint8Array): boolean {
    if (bytes.length < 78) return false
    const view = new DataView(bytes.buffer, bytes.byteOffset)
    const bits = (view.getBigUint64(62) << 64n) | view.getBigUint64(70)
    const isNdp = view.getUint16(12) === 0x86dd && bytes[20] === 58 && (bytes[54] === 135 || bytes[54] === 136)
    return isNdp && this.#addresses.has(formatIp({ family: 'ipv6', bits }))
  }

  #judgeNdp(link: Link, bytes: Uint8Array): Verdict<NdpDrop> {
    const frame = decodeNdp(bytes)
    if ('malformed' in frame) {
      const { malformed } = frame
      const named = malformed === 'hopLimit' || malformed === 'checksum' || malformed === 'option'
      return { drop: named ? malformed : 'malformed' }
    }
    const mac = frame.linkLayer ?? frame.source
    if (frame.type === 'advertisement') {
      const refused = frame.solicited && frame.destinationIp.startsWith('ff')
      return { drop: 'operation', ...(refused ? {} : { claimed: { ip: frame.target, mac } }) }
    }
    const probe = frame.sourceIp === '::'
    const claimed = { ip: probe ? frame.target : frame.sourceIp, mac }
    if (frame.sourceIp.startsWith('ff') || isGroup(frame.source) || (probe && frame.linkLayer)) {
      return { drop: 'source' }
    }
    if (!isForUs(frame, link)) return { drop: 'destination', claimed }
    const drop = this.#count(frame.target, link)
    return drop ? { drop, claimed } : { answer: ndpAnswer(link, frame), claimed }
  }

  /** Counts a question and its answer, or says why there is none. */
  #count(ip: string, link: Link): 'notAnnounced' | 'notOnInterface' | undefined {
    const address = this.#addresses.get(ip)
    if (!address) return 'notAnnounced'
    if (!this.#reaches(ip, link)) return 'notOnInterface'
    address.requests++
    address.replies++
    return undefined
  }

  #reaches(ip: string, { index }: Link): boolean {
    const reach = this.#addresses.get(ip)?.reach
    return reach === 'all' || (reach?.includes(index) ?? false)
  }
}

/** IPv4 before IPv6, each ascending. */
function orderOf(ip: string): bigint {
  return (parseIp(ip)?.bits ?? 0n) + (ip.includes(':') ? 1n << 128n : 0n)
}

function ipv4(number: number): string {
  return formatIp({ family: 'ipv4', bits: BigInt(number) })
}

function arpAnswer({ mac }: Link, frame: ArpFrame): Uint8Array {
  const ours = mac ?? ''
  const reply = { destination: frame.senderMac, source: ours, operation: 'reply', senderMac: ours } as const
  return encodeArp({ ...reply, senderIp: frame.targetIp, targetMac: frame.senderMac, targetIp: frame.senderIp })
}

function isGroup(mac: string): boolean {
  return (Number.parseInt(mac, 16) & 1) === 1
}

function isForUs(frame: NdpFrame, { mac }: Link): boolean {
  const group = solicitedNode(frame.target)
  if (frame.destinationIp === group.destinationIp) {
    return frame.destination === mac || frame.destination === group.destination
  }
  return frame.destinationIp === frame.target && frame.sourceIp !== '::' && frame.destination === mac
}

function ndpAnswer({ mac }: Link, frame: NdpFrame): Uint8Array {
  const probe = frame.sourceIp === '::'
  const to = { destination: frame.linkLayer ?? frame.source, destinationIp: frame.sourceIp }
  return encodeNdp({
    type: 'advertisement',
    ...(probe ? ALL_NODES : to),
    source: mac ?? '',
    sourceIp: frame.target,
    target: frame.target,
    linkLayer: mac,
    router: false,
    solicited: !probe,
    override: true,
  })
}
