// SPDX-License-Identifier: Apache-2.0
/**
 * Neighbour solicitations and advertisements (RFC 4861 §4.3, §4.4) over Ethernet. The reflex in C answers; this codec
 * builds the unsolicited advertisements and reads frames in tests. Offsets in bytes:
 *
 *   0        6        12    14      18    20   21   22      38      54    55   56       58     62      78
 *   +--------+--------+-----+-------+-----+----+----+-------+-------+-----+----+--------+------+-------+---------+
 *   |eth dst |eth src |86dd |6, flow|bytes|next|hop |source |desti- |type |code|checksum|flags |target |options  |
 *   |        |        |     |       |below| 58 |255 |       |nation |135/6| 0  |        |R,S,O |       |         |
 *   +--------+--------+-----+-------+-----+----+----+-------+-------+-----+----+--------+------+-------+---------+
 *   option: type (1: source, 2: target link-layer address) · its length in units of 8 bytes · value
 */
import { formatMac, parseMac } from '../lib/bytes.ts'
import { formatIp, parseIp } from '../lib/ip.ts'

type Addressed = Readonly<{
  /** MAC addresses of the Ethernet header. */
  destination: string
  source: string
  /** IPv6 addresses in canonical text. */
  destinationIp: string
  sourceIp: string
  target: string
  /** The MAC address in the source option of a solicitation, in the target option of an advertisement. */
  linkLayer: string | null
}>
export type Solicitation = Addressed & Readonly<{ type: 'solicitation' }>
export type Advertisement = Addressed &
  Readonly<{ type: 'advertisement'; router: boolean; solicited: boolean; override: boolean }>
export type NdpFrame = Solicitation | Advertisement

/**
 * Why bytes are no such frame: too short for what it says; another EtherType (a VLAN tag is one); not ICMPv6 right behind
 * IPv6; another message; or what RFC 4861 §7.1 refuses: hop limit, checksum, code, a group as target, options.
 */
export type Malformed = Readonly<{
  malformed: 'truncated' | 'etherType' | 'packet' | 'type' | 'hopLimit' | 'checksum' | 'code' | 'target' | 'option'
}>

const ETHER_TYPE = 0x86dd
const ICMPV6 = 58
const HOP_LIMIT = 255
const TYPES = { solicitation: 135, advertisement: 136 } as const
/** The option each message may carry. */
const OPTIONS = { solicitation: 1, advertisement: 2 } as const
const ROUTER = 0x80
const SOLICITED = 0x40
const OVERRIDE = 0x20
const IP_AT = 14
const IP_SOURCE_AT = 22
const ICMP_AT = 54
const TARGET_AT = 62
const OPTIONS_AT = 78
const OPTION_BYTES = 8
const ALL_NODES = { destination: '33:33:00:00:00:01', destinationIp: 'ff02::1' } as const

/** Reads a frame; bytes behind the packet are padding. */
export function decode(bytes: Uint8Array): NdpFrame | Malformed {
  if (bytes.length < OPTIONS_AT) return { malformed: 'truncated' }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const length = view.getUint16(IP_AT + 4)
  const malformed = malformation(view, length)
  if (malformed) return { malformed }
  const type = bytes[ICMP_AT] === TYPES.solicitation ? 'solicitation' : 'advertisement'
  const linkLayer = readOption(bytes.subarray(OPTIONS_AT, ICMP_AT + length), OPTIONS[type])
  if (linkLayer === undefined) return { malformed: 'option' }
  const addressed: Addressed = {
    destination: formatMac(bytes.subarray(0, 6)),
    source: formatMac(bytes.subarray(6, 12)),
    destinationIp: readIp(view, IP_SOURCE_AT + 16),
    sourceIp: readIp(view, IP_SOURCE_AT),
    target: readIp(view, TARGET_AT),
    linkLayer,
  }
  if (type === 'solicitation') return { type, ...addressed }
  const flags = view.getUint8(ICMP_AT + 4)
  const has = (flag: number) => (flags & flag) !== 0
  return { type, ...addressed, router: has(ROUTER), solicited: has(SOLICITED), override: has(OVERRIDE) }
}

function malformation(view: DataView, length: number): Malformed['malformed'] | undefined {
  const type = view.getUint8(ICMP_AT)
  if (view.getUint16(12) !== ETHER_TYPE) return 'etherType'
  if (view.getUint8(IP_AT) >> 4 !== 6 || view.getUint8(IP_AT + 6) !== ICMPV6) return 'packet'
  if (length < OPTIONS_AT - ICMP_AT || length > view.byteLength - ICMP_AT) return 'truncated'
  if (type !== TYPES.solicitation && type !== TYPES.advertisement) return 'type'
  if (view.getUint8(ICMP_AT + 1) !== 0) return 'code'
  if (view.getUint8(TARGET_AT) === 0xff) return 'target'
  if (view.getUint8(IP_AT + 7) !== HOP_LIMIT) return 'hopLimit'
  if (sum(view, length) !== 0xffff) return 'checksum'
  return undefined
}

/** The MAC address in the first option of a type, null without one; undefined if the options are malformed. */
function readOption(bytes: Uint8Array, wanted: number): string | null | undefined {
  let found: string | null = null
  for (let at = 0; at < bytes.length; ) {
    const length = (bytes[at + 1] ?? 0) * OPTION_BYTES
    if (length === 0 || at + length > bytes.length) return undefined
    if (bytes[at] === wanted && found === null) {
      if (length !== OPTION_BYTES || ((bytes[at + 2] ?? 0) & 1) !== 0) return undefined
      found = formatMac(bytes.subarray(at + 2, at + OPTION_BYTES))
    }
    at += length
  }
  return found
}

/** Writes a frame with the option, if there is a MAC address for it. */
export function encode(frame: NdpFrame): Uint8Array {
  const length = OPTIONS_AT - ICMP_AT + (frame.linkLayer === null ? 0 : OPTION_BYTES)
  const bytes = new Uint8Array(ICMP_AT + length)
  const view = new DataView(bytes.buffer)
  const putMac = (at: number, mac: string) => bytes.set(parseMac(mac) ?? [], at)
  putMac(0, frame.destination)
  putMac(6, frame.source)
  view.setUint16(12, ETHER_TYPE)
  view.setUint8(IP_AT, 6 << 4)
  view.setUint16(IP_AT + 4, length)
  view.setUint8(IP_AT + 6, ICMPV6)
  view.setUint8(IP_AT + 7, HOP_LIMIT)
  writeIp(view, IP_SOURCE_AT, frame.sourceIp)
  writeIp(view, IP_SOURCE_AT + 16, frame.destinationIp)
  view.setUint8(ICMP_AT, TYPES[frame.type])
  if (frame.type === 'advertisement') view.setUint8(ICMP_AT + 4, flagsOf(frame))
  writeIp(view, TARGET_AT, frame.target)
  if (frame.linkLayer !== null) {
    bytes.set([OPTIONS[frame.type], 1], OPTIONS_AT)
    putMac(OPTIONS_AT + 2, frame.linkLayer)
  }
  view.setUint16(ICMP_AT + 2, ~sum(view, length) & 0xffff)
  return bytes
}

function flagsOf({ router, solicited, override }: Advertisement): number {
  return (router ? ROUTER : 0) | (solicited ? SOLICITED : 0) | (override ? OVERRIDE : 0)
}

/** The one's complement sum over ICMPv6 and its pseudo-header (RFC 8200 §8.1): 0xffff where the checksum in it is right. */
function sum(view: DataView, length: number): number {
  let total = length + ICMPV6
  for (let at = IP_SOURCE_AT; at < ICMP_AT; at += 2) total += view.getUint16(at)
  for (let at = 0; at + 1 < length; at += 2) total += view.getUint16(ICMP_AT + at)
  if (length % 2 === 1) total += view.getUint8(ICMP_AT + length - 1) << 8
  while (total > 0xffff) total = (total >>> 16) + (total & 0xffff)
  return total
}

function readIp(view: DataView, at: number): string {
  return formatIp({ family: 'ipv6', bits: (view.getBigUint64(at) << 64n) | view.getBigUint64(at + 8) })
}

function writeIp(view: DataView, at: number, text: string): void {
  const ip = parseIp(text)
  const bits = ip?.family === 'ipv4' ? ip.bits | 0xffff_0000_0000n : (ip?.bits ?? 0n)
  view.setBigUint64(at, bits >> 64n)
  view.setBigUint64(at + 8, BigInt.asUintN(64, bits))
}

/** An announcement that nobody asked for (RFC 4861 §7.2.6): `target` is at `mac`, to all; from the link's own address. */
export function unsolicited(target: string, mac: string, linkLocal: string): Advertisement {
  return {
    type: 'advertisement',
    ...ALL_NODES,
    source: mac,
    sourceIp: linkLocal,
    target,
    linkLayer: mac,
    router: false,
    solicited: false,
    override: true,
  }
}

/** Where an address is asked for: the group that its last three bytes belong to (RFC 4291 §2.7.1), and that group's MAC. */
export function solicitedNode(target: string): Pick<Addressed, 'destination' | 'destinationIp'> {
  const low = (parseIp(target)?.bits ?? 0n) & 0xff_ffffn
  const pairs = [low >> 16n, (low >> 8n) & 0xffn, low & 0xffn].map((byte) => byte.toString(16).padStart(2, '0'))
  const destinationIp = formatIp({ family: 'ipv6', bits: 0xff02_0000_0000_0000_0000_0001_ff00_0000n | low })
  return { destination: `33:33:ff:${pairs.join(':')}`, destinationIp }
}
