// SPDX-License-Identifier: Apache-2.0
/**
 * Messages of the kernel about links and their addresses (rtnetlink(7)), decoded. Numbers are in the machine's
 * order: little endian on both architectures we run on.
 *
 *   nlmsghdr   u32 length · u16 type · u16 flags · u32 sequence · u32 port
 *   ifinfomsg  u8 family · u8 – · u16 hardware type · i32 index · u32 flags · u32 change mask
 *   ifaddrmsg  u8 family · u8 prefix length · u8 flags · u8 scope · u32 index of the link
 *   rtattr     u16 length · u16 type · value, padded to 4 bytes
 */
import { formatMac, toHex } from '../lib/bytes.ts'
import { type Family, formatIp, type Ip, WIDTH } from '../lib/ip.ts'
import type { Link, LinkAddress } from '../lib/net.ts'
import { isLinkLocal, mask } from '../lib/prefix.ts'

const NEWLINK = 16
const NEWADDR = 20
const HEADER_BYTES = 16
const INFO_BYTES = 16
const ADDR_BYTES = 8
const HARDWARE_ETHERNET = 1
const ATTRIBUTE_ADDRESS = 1
const ATTRIBUTE_NAME = 3
const ATTRIBUTE_MASTER = 10
const FLAG_UP = 1 << 0
const FLAG_BROADCAST = 1 << 1
const FLAG_NOARP = 1 << 7
const FLAG_MULTICAST = 1 << 12
const FLAG_LOWER_UP = 1 << 16

const FAMILIES = new Map<number | undefined, Family>([
  [2, 'ipv4'],
  [10, 'ipv6'],
])
const ADDR_ADDRESS = 1
const ADDR_LOCAL = 2
const ADDR_FLAGS = 8
/** IFA_F_DADFAILED and IFA_F_TENTATIVE: somebody else has the address, or might have it. */
const NOT_USABLE = 0x08 | 0x40

/**
 * The links in a run of messages, each with its usable addresses: the lowest of the link-local ones, and the others in
 * their order. Other messages, and what is cut off at the end, are skipped.
 */
export function decodeLinks(bytes: Uint8Array): Link[] {
  const links: Link[] = []
  const found = new Map<number, Addresses>()
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = 0; at + HEADER_BYTES <= bytes.length; ) {
    const length = view.getUint32(at, true)
    if (length < HEADER_BYTES || at + length > bytes.length) break
    const type = view.getUint16(at + 4, true)
    const body = bytes.subarray(at + HEADER_BYTES, at + length)
    if (type === NEWLINK) {
      const link = decodeLink(body)
      if (link) links.push(link)
    } else if (type === NEWADDR) noteAddress(body, found)
    at += (length + 3) & ~3
  }
  return links.map((link) => {
    const addresses = found.get(link.index)
    if (!addresses) return link
    const { linkLocal, others } = addresses
    return { ...link, linkLocal: linkLocal === null ? null : formatIp(linkLocal), addresses: others }
  })
}

type Addresses = { linkLocal: Ip | null; readonly others: LinkAddress[] }

function noteAddress(bytes: Uint8Array, found: Map<number, Addresses>): void {
  const family = FAMILIES.get(bytes[0])
  if (bytes.length < ADDR_BYTES || !family) return
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const attributes = decodeAttributes(bytes.subarray(ADDR_BYTES))
  // With a peer (ip address add A peer B), ADDRESS is the peer's and LOCAL ours; otherwise one of them may be missing.
  const [address, local] = [ADDR_ADDRESS, ADDR_LOCAL].map((type) => readIp(attributes.get(type), family))
  const own = local ?? address
  if (!own || ((flagsOf(attributes) ?? view.getUint8(2)) & NOT_USABLE) !== 0) return
  const index = view.getUint32(4, true)
  const addresses = found.get(index) ?? { linkLocal: null, others: [] }
  found.set(index, addresses)
  if (!isLinkLocal(own))
    addresses.others.push({
      address: formatIp(own),
      prefixBits: sharedBits({ own, theirs: address ?? own }, view.getUint8(1)),
    })
  // The lowest, so that several of them make no change when the kernel lists them in another order.
  else if (!addresses.linkLocal || own.bits < addresses.linkLocal.bits) addresses.linkLocal = own
}

/** The kernel's length is that of the peer's prefix, in which ours need not be. */
function sharedBits({ own, theirs }: Readonly<{ own: Ip; theirs: Ip }>, bits: number): number {
  const width = WIDTH[own.family]
  return bits <= width && mask(own, bits).bits === mask(theirs, bits).bits ? bits : width
}

function readIp(bytes: Uint8Array | undefined, family: Family): Ip | null {
  return bytes && bytes.length * 8 === WIDTH[family] ? { family, bits: BigInt(`0x${toHex(bytes)}`) } : null
}

/** All 32 bits of an address's flags; the header has room for eight, and kernels before 3.14 send only those. */
function flagsOf(attributes: Map<number, Uint8Array>): number | undefined {
  return readNumber(attributes.get(ADDR_FLAGS)) ?? undefined
}

function readNumber(bytes: Uint8Array | undefined): number | null {
  return bytes?.length === 4 ? new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true) : null
}

function decodeLink(bytes: Uint8Array): Link | undefined {
  if (bytes.length < INFO_BYTES) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const flags = view.getUint32(8, true)
  const attributes = decodeAttributes(bytes.subarray(INFO_BYTES))
  const name = attributes.get(ATTRIBUTE_NAME)
  const address = attributes.get(ATTRIBUTE_ADDRESS)
  if (!name) return undefined
  const ethernet = view.getUint16(2, true) === HARDWARE_ETHERNET && address?.length === 6
  return {
    index: view.getInt32(4, true),
    name: new TextDecoder().decode(name).replace(/\0.*$/s, ''),
    mac: ethernet ? formatMac(address) : null,
    up: (flags & FLAG_UP) !== 0,
    carrier: (flags & FLAG_LOWER_UP) !== 0,
    broadcast: (flags & FLAG_BROADCAST) !== 0,
    noArp: (flags & FLAG_NOARP) !== 0,
    multicast: (flags & FLAG_MULTICAST) !== 0,
    hasMaster: attributes.has(ATTRIBUTE_MASTER),
    master: readNumber(attributes.get(ATTRIBUTE_MASTER)),
    linkLocal: null,
    addresses: [],
  }
}

function decodeAttributes(bytes: Uint8Array): Map<number, Uint8Array> {
  const attributes = new Map<number, Uint8Array>()
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = 0; at + 4 <= bytes.length; ) {
    const length = view.getUint16(at, true)
    if (length < 4 || at + length > bytes.length) break
    attributes.set(view.getUint16(at + 2, true), bytes.subarray(at + 4, at + length))
    at += (length + 3) & ~3
  }
  return attributes
}
