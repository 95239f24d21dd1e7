// SPDX-License-Identifier: Apache-2.0
/**
 * Link messages of the kernel (rtnetlink(7)), decoded. Numbers are in the machine's order: little endian on both
 * architectures we run on.
 *
 *   nlmsghdr   u32 length · u16 type · u16 flags · u32 sequence · u32 port
 *   ifinfomsg  u8 family · u8 – · u16 hardware type · i32 index · u32 flags · u32 change mask
 *   rtattr     u16 length · u16 type · value, padded to 4 bytes
 */
import { formatMac } from '../lib/bytes.ts'
import type { Link } from '../lib/net.ts'

const NEWLINK = 16
const HEADER_BYTES = 16
const INFO_BYTES = 16
const HARDWARE_ETHERNET = 1
const ATTRIBUTE_ADDRESS = 1
const ATTRIBUTE_NAME = 3
const ATTRIBUTE_MASTER = 10
const FLAG_UP = 1 << 0
const FLAG_BROADCAST = 1 << 1
const FLAG_NOARP = 1 << 7
const FLAG_LOWER_UP = 1 << 16

/** The links in a run of messages; other messages, and what is cut off at the end, are skipped. */
export function decodeLinks(bytes: Uint8Array): Link[] {
  const links: Link[] = []
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = 0; at + HEADER_BYTES <= bytes.length; ) {
    const length = view.getUint32(at, true)
    if (length < HEADER_BYTES || at + length > bytes.length) break
    const link =
      view.getUint16(at + 4, true) === NEWLINK ? decodeLink(bytes.subarray(at + HEADER_BYTES, at + length)) : undefined
    if (link) links.push(link)
    at += (length + 3) & ~3
  }
  return links
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
    hasMaster: attributes.has(ATTRIBUTE_MASTER),
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
