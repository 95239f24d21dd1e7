// SPDX-License-Identifier: Apache-2.0
/**
 * BFD control packets (RFC 5880 §4.1), without authentication section:
 *
 *     0                   1                   2                   3
 *     0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *    +-----+---------+---+-+-+-+-+-+-+---------------+---------------+
 *    |Vers |  Diag   |Sta|P|F|C|A|D|M|  Detect Mult  |    Length     |
 *    +-----+---------+---+-+-+-+-+-+-+---------------+---------------+
 *    |                       My Discriminator                        |
 *    |                      Your Discriminator                       |
 *    |                    Desired Min TX Interval                    |
 *    |                   Required Min RX Interval                    |
 *    |                 Required Min Echo RX Interval                 |
 *    +---------------------------------------------------------------+
 *
 * Intervals are microseconds, here as on the wire.
 */
export const CONTROL_BYTES = 24
/** A packet with the A bit has at least that many. */
const AUTHENTICATED_BYTES = 26
const VERSION = 1
const POLL = 0x20
const FINAL = 0x10
const INDEPENDENT = 0x08
const AUTHENTICATED = 0x04
const DEMAND = 0x02
const MULTIPOINT = 0x01

const STATES = ['AdminDown', 'Down', 'Init', 'Up'] as const
export type State = (typeof STATES)[number]

const DIAGS = [
  'none',
  'timeExpired',
  'echoFailed',
  'neighborDown',
  'forwardingReset',
  'pathDown',
  'concatenatedPathDown',
  'adminDown',
  'reverseConcatenatedPathDown',
] as const
/** `reserved` is any other code; we send none of those. */
export type Diag = (typeof DIAGS)[number] | 'reserved'

export type ControlPacket = Readonly<{
  state: State
  diag: Diag
  poll: boolean
  final: boolean
  controlPlaneIndependent: boolean
  demand: boolean
  detectMult: number
  /** Discriminators: the sender's, and ours as the sender knows it, 0 while it does not. */
  myId: number
  yourId: number
  desiredMinTxUs: number
  requiredMinRxUs: number
  requiredMinEchoRxUs: number
}>

/** Why bytes are no packet for anybody (§6.8.6), in the order in which it is looked at. */
export const MALFORMATIONS = [
  'truncated',
  'version',
  'length',
  'detectMult',
  'multipoint',
  'myDiscriminator',
  'yourDiscriminator',
  'authentication',
  'pollAndFinal',
] as const
export type Malformation = (typeof MALFORMATIONS)[number]
export type Malformed = Readonly<{ malformed: Malformation }>

/** Reads a datagram's payload; what follows the packet's own length is not looked at. Any bytes give a value. */
export function decode(bytes: Uint8Array): ControlPacket | Malformed {
  if (bytes.length < CONTROL_BYTES) return { malformed: 'truncated' }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const [first, second] = [view.getUint8(0), view.getUint8(1)]
  const packet: ControlPacket = {
    state: STATES[second >> 6] ?? 'AdminDown',
    diag: DIAGS[first & 0x1f] ?? 'reserved',
    poll: (second & POLL) !== 0,
    final: (second & FINAL) !== 0,
    controlPlaneIndependent: (second & INDEPENDENT) !== 0,
    demand: (second & DEMAND) !== 0,
    detectMult: view.getUint8(2),
    myId: view.getUint32(4),
    yourId: view.getUint32(8),
    desiredMinTxUs: view.getUint32(12),
    requiredMinRxUs: view.getUint32(16),
    requiredMinEchoRxUs: view.getUint32(20),
  }
  const malformed = flawOf(packet, view)
  return malformed === null ? packet : { malformed }
}

/** §6.8.6, as far as it asks for no session. */
function flawOf(packet: ControlPacket, view: DataView): Malformation | null {
  const [flags, length] = [view.getUint8(1), view.getUint8(3)]
  if (view.getUint8(0) >> 5 !== VERSION) return 'version'
  const least = (flags & AUTHENTICATED) === 0 ? CONTROL_BYTES : AUTHENTICATED_BYTES
  if (length < least || length > view.byteLength) return 'length'
  if (packet.detectMult === 0) return 'detectMult'
  if ((flags & MULTIPOINT) !== 0) return 'multipoint'
  if (packet.myId === 0) return 'myDiscriminator'
  // Whoever is further than Down has heard us, and knows it.
  if (packet.yourId === 0 && (packet.state === 'Init' || packet.state === 'Up')) return 'yourDiscriminator'
  if ((flags & AUTHENTICATED) !== 0) return 'authentication'
  return packet.poll && packet.final ? 'pollAndFinal' : null // §4.1: F: … MUST NOT be set with P
}

/** The 24 bytes of a packet. */
export function encode(packet: ControlPacket): Uint8Array {
  const bytes = new Uint8Array(CONTROL_BYTES)
  const view = new DataView(bytes.buffer)
  const diag = packet.diag === 'reserved' ? 0 : DIAGS.indexOf(packet.diag)
  view.setUint8(0, (VERSION << 5) | diag)
  const flags =
    (packet.poll ? POLL : 0) |
    (packet.final ? FINAL : 0) |
    (packet.controlPlaneIndependent ? INDEPENDENT : 0) |
    (packet.demand ? DEMAND : 0)
  view.setUint8(1, (STATES.indexOf(packet.state) << 6) | flags)
  view.setUint8(2, packet.detectMult)
  view.setUint8(3, CONTROL_BYTES)
  const words = [packet.myId, packet.yourId, packet.desiredMinTxUs, packet.requiredMinRxUs, packet.requiredMinEchoRxUs]
  for (const [index, word] of words.entries()) view.setUint32(4 + 4 * index, word)
  return bytes
}

/** The same packet without poll and final bit: what its sender says when there is nothing to agree on. A copy. */
export function withoutPoll(bytes: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes)
  copy[1] = (copy[1] ?? 0) & ~(POLL | FINAL)
  return copy
}
