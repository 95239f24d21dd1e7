// SPDX-License-Identifier: Apache-2.0
/**
 * ARP over Ethernet for IPv4 (RFC 826) on the wire. The reflex in C answers requests; this codec builds the
 * gratuitous frames and reads frames in tests. Offsets in bytes:
 *
 *   0         6         12    14    16    18    19    20    22        28    32        38    42
 *   +---------+---------+-----+-----+-----+-----+-----+-----+---------+-----+---------+-----+
 *   |eth dst  |eth src  |0806 |htype|ptype|hlen |plen |oper |sender   |its  |target   |its  |
 *   |         |         |     |  1  |0800 |  6  |  4  |1, 2 |MAC      |IP   |MAC      |IP   |
 *   +---------+---------+-----+-----+-----+-----+-----+-----+---------+-----+---------+-----+
 */
import { formatMac, parseMac } from '../lib/bytes.ts'

export type ArpOperation = 'request' | 'reply'

/** MAC addresses as text, IPv4 addresses as 32-bit numbers. */
export type ArpFrame = Readonly<{
  destination: string
  source: string
  operation: ArpOperation
  senderMac: string
  senderIp: number
  targetMac: string
  targetIp: number
}>

/** Why bytes are no ARP frame: too short, another EtherType (a VLAN tag is one), other address types, other operation. */
export type Malformed = Readonly<{ malformed: 'truncated' | 'etherType' | 'addressTypes' | 'operation' }>

export const BROADCAST_MAC = 'ff:ff:ff:ff:ff:ff'
const FRAME_BYTES = 42
const ETHER_TYPE = 0x0806
/** Hardware type Ethernet, protocol type IPv4, lengths 6 and 4. */
const ADDRESS_TYPES = 0x0001_0800_0604n
const OPERATIONS = { request: 1, reply: 2 } as const

/** Reads a frame; bytes behind it are padding. */
export function decode(bytes: Uint8Array): ArpFrame | Malformed {
  if (bytes.length < FRAME_BYTES) return { malformed: 'truncated' }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.getUint16(12) !== ETHER_TYPE) return { malformed: 'etherType' }
  if (view.getBigUint64(14) >> 16n !== ADDRESS_TYPES) return { malformed: 'addressTypes' }
  const code = view.getUint16(20)
  if (code !== OPERATIONS.request && code !== OPERATIONS.reply) return { malformed: 'operation' }
  const mac = (at: number) => formatMac(bytes.subarray(at, at + 6))
  return {
    destination: mac(0),
    source: mac(6),
    operation: code === OPERATIONS.request ? 'request' : 'reply',
    senderMac: mac(22),
    senderIp: view.getUint32(28),
    targetMac: mac(32),
    targetIp: view.getUint32(38),
  }
}

/** Writes a frame of 42 bytes; the driver pads it to Ethernet's minimum. */
export function encode(frame: ArpFrame): Uint8Array {
  const bytes = new Uint8Array(FRAME_BYTES)
  const view = new DataView(bytes.buffer)
  const putMac = (at: number, mac: string) => bytes.set(parseMac(mac) ?? [], at)
  view.setBigUint64(14, ADDRESS_TYPES << 16n)
  view.setUint16(12, ETHER_TYPE)
  view.setUint16(20, OPERATIONS[frame.operation])
  putMac(0, frame.destination)
  putMac(6, frame.source)
  putMac(22, frame.senderMac)
  view.setUint32(28, frame.senderIp)
  putMac(32, frame.targetMac)
  view.setUint32(38, frame.targetIp)
  return bytes
}

/** An announcement that nobody asked for (RFC 5227 §3): `ip` is at `mac`, to all. */
export function gratuitous(operation: ArpOperation, ip: number, mac: string): ArpFrame {
  return {
    destination: BROADCAST_MAC,
    source: mac,
    operation,
    senderMac: mac,
    senderIp: ip,
    targetMac: BROADCAST_MAC,
    targetIp: ip,
  }
}

/** Makes an encoded gratuitous frame one for another address. */
export function putGratuitousIp(frame: Uint8Array, ip: number): void {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength)
  view.setUint32(28, ip)
  view.setUint32(38, ip)
}
