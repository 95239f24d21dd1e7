// SPDX-License-Identifier: Apache-2.0
/** Addresses of next hops, as bytes and back. */
import { type Family, type Ip, WIDTH } from '../../lib/ip.ts'

/** ::ffff:0:0, of IPv4 addresses as IPv6 ones. */
const MAPPED = 0xffff_0000_0000n

/** An address of 4 or 16 bytes. */
export function readIp(bytes: Uint8Array, family: Family): Ip {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (family === 'ipv4') return { family, bits: BigInt(view.getUint32(0)) }
  return { family, bits: (view.getBigUint64(0) << 64n) | view.getBigUint64(8) }
}

/** The 4 or 16 bytes of an address. */
export function ipBytes({ family, bits }: Ip): Uint8Array {
  const bytes = new Uint8Array(WIDTH[family] >> 3)
  const view = new DataView(bytes.buffer)
  if (family === 'ipv4') view.setUint32(0, Number(bits))
  else {
    view.setBigUint64(0, bits >> 64n)
    view.setBigUint64(8, BigInt.asUintN(64, bits))
  }
  return bytes
}

/** An IPv4 address as ::ffff:a.b.c.d; any other as it is. */
export function asIpv6({ family, bits }: Ip): Ip {
  return { family: 'ipv6', bits: family === 'ipv4' ? bits + MAPPED : bits }
}

/** Whether packets can be sent to that address (RFC 4271 §6.3): not unspecified, loopback, multicast or reserved. */
export function isHost({ family, bits }: Ip): boolean {
  if (family === 'ipv6') return bits > 1n && bits >> 120n !== 0xffn
  const first = Number(bits >> 24n)
  return first !== 0 && first !== 127 && first < 224
}
