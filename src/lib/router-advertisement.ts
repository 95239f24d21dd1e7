// SPDX-License-Identifier: Apache-2.0
/**
 * Router solicitations and advertisements (RFC 4861 §4.1, §4.2), from the ICMPv6 header on. The kernel writes and checks
 * the checksum. Offsets in bytes:
 *
 *   0    1    2        4         5      6          8           12          16
 *   +----+----+--------+---------+------+----------+-----------+-----------+----------+
 *   |134 |code|checksum|hop limit|M O … |lifetime s|reachable  |retransmit |options   |   advertisement
 *   +----+----+--------+---------+------+----------+-----------+-----------+----------+
 *   |133 |code|checksum|reserved                   |options                             solicitation
 *   +----+----+--------+---------------------------+----------
 *   option: type (1: source link-layer address) · its length in units of 8 bytes · value
 */
import { formatMac, parseMac } from './bytes.ts'
import { parseIp } from './ip.ts'
import { isLinkLocal } from './prefix.ts'

/** `linkLayer`: the sender's MAC address, where it says one. */
export type RouterSolicitation = Readonly<{ type: 'solicitation'; linkLayer: string | null }>
export type RouterAdvertisement = Readonly<{
  type: 'advertisement'
  /** How long hosts may take it for their default router; 0: not at all, which says nothing against it as a BGP peer. */
  lifetimeS: number
  linkLayer: string | null
}>
export type RouterMessage = RouterSolicitation | RouterAdvertisement

/** As a socket hands it over. `from`: canonical text without an interface. */
export type ReceivedMessage = Readonly<{ bytes: Uint8Array; from: string; hopLimit: number }>

/** Why a message is dropped: what RFC 4861 §6.1 refuses, by name. */
export const ROUTER_MALFORMATIONS = ['truncated', 'type', 'code', 'hopLimit', 'source', 'option'] as const
export type MalformedRouterMessage = Readonly<{ malformed: (typeof ROUTER_MALFORMATIONS)[number] }>

const TYPES = { solicitation: 133, advertisement: 134 } as const
const OPTIONS_AT = { solicitation: 8, advertisement: 16 } as const
const LIFETIME_AT = 6
const SOURCE_LINK_LAYER = 1
const OPTION_UNIT = 8
/** Nobody decrements it within a link: what has less came from elsewhere. */
export const ROUTER_HOP_LIMIT = 255

/** Reads a message; never throws. */
export function decodeRouterMessage({
  bytes,
  from,
  hopLimit,
}: ReceivedMessage): RouterMessage | MalformedRouterMessage {
  if (hopLimit !== ROUTER_HOP_LIMIT) return { malformed: 'hopLimit' }
  const type = typeOf(bytes[0])
  if (!type) return { malformed: bytes.length === 0 ? 'truncated' : 'type' }
  if (bytes.length < OPTIONS_AT[type]) return { malformed: 'truncated' }
  if (bytes[1] !== 0) return { malformed: 'code' }
  const ip = parseIp(from)
  if (!ip || (type === 'advertisement' && !isLinkLocal(ip))) return { malformed: 'source' }
  const linkLayer = readLinkLayer(bytes.subarray(OPTIONS_AT[type]))
  if (linkLayer === undefined) return { malformed: 'option' }
  if (type === 'advertisement')
    return { type, lifetimeS: 256 * (bytes[LIFETIME_AT] ?? 0) + (bytes[LIFETIME_AT + 1] ?? 0), linkLayer }
  // §6.1.1: who has no address yet has none to map.
  return ip.bits === 0n && linkLayer !== null ? { malformed: 'option' } : { type, linkLayer }
}

/** Writes a message; what it says of a host's parameters is that it has no opinion. Throws on a text that is no MAC address. */
export function encodeRouterMessage(message: RouterMessage): Uint8Array {
  const optionsAt = OPTIONS_AT[message.type]
  const bytes = new Uint8Array(optionsAt + (message.linkLayer === null ? 0 : OPTION_UNIT))
  bytes[0] = TYPES[message.type]
  if (message.type === 'advertisement') {
    bytes[LIFETIME_AT] = message.lifetimeS >> 8
    bytes[LIFETIME_AT + 1] = message.lifetimeS & 0xff
  }
  if (message.linkLayer === null) return bytes
  const mac = parseMac(message.linkLayer)
  if (!mac) throw new TypeError(`'${message.linkLayer}' is no MAC address`)
  bytes.set([SOURCE_LINK_LAYER, 1, ...mac], optionsAt)
  return bytes
}

function typeOf(byte: number | undefined): RouterMessage['type'] | null {
  if (byte === TYPES.advertisement) return 'advertisement'
  return byte === TYPES.solicitation ? 'solicitation' : null
}

/** Null: there is none; undefined: an option is cut off, or says that it has no length. */
function readLinkLayer(options: Uint8Array): string | null | undefined {
  let linkLayer: string | null = null
  for (let at = 0; at < options.length; ) {
    const bytes = (options[at + 1] ?? 0) * OPTION_UNIT
    if (bytes === 0 || at + bytes > options.length) return undefined
    if (options[at] === SOURCE_LINK_LAYER && bytes === OPTION_UNIT)
      linkLayer ??= formatMac(options.subarray(at + 2, at + OPTION_UNIT))
    at += bytes
  }
  return linkLayer
}
