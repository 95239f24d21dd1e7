// SPDX-License-Identifier: Apache-2.0
/**
 * What Node cannot tell the kernel about a TCP socket: keys of RFC 2385, hop limits of RFC 5082, the device. Each sets it on
 * a descriptor and throws a Fault where the kernel refuses; `action` completes "cannot …".
 */
import { getSystemErrorName } from 'node:util'
import { Fault } from '../lib/fault.ts'
import { type Family, type Ip, parseIp } from '../lib/ip.ts'
import type { Cidr } from '../lib/prefix.ts'
import type { NetworkFault, SocketAddress } from '../lib/sockets.ts'
import { type OsFault, systemFault } from './fault.ts'
import { loadNative } from './native.ts'
import { networkFault } from './network-fault.ts'

/** `badPassword`: no TCP key can be made of it; `noMd5`: this kernel has none; `tooManyKeys`: no memory for one more. */
export type TcpFault = NetworkFault | OsFault | Readonly<{ code: 'badPassword' | 'noMd5' | 'tooManyKeys' }>

export type Hops = Readonly<{
  /** Of what we send; 255 is what a peer with GTSM wants (RFC 5082 §3). */
  ttl: number
  /** What comes with less is dropped by the kernel; 0: nothing is. */
  minTtl: number
}>

const KEY_BYTES = 80
const MAPPED = 0xffffn << 32n
const ENOMEM = 12
const ENODEV = 19
const EINVAL = 22
const NO_SUCH_OPTION = new Set([92, 95]) // ENOPROTOOPT, EOPNOTSUPP
const NO_MEMORY = new Set([ENOMEM, 105]) // ENOBUFS
const ADDRESS_FAULTS = new Set(['EADDRINUSE', 'EADDRNOTAVAIL', 'EACCES'])

/** A socket that is not bound; `tcpClose` ends it until Node has it. */
export function openDescriptor(family: Family, action: string): number {
  const fd = loadNative().tcpOpen(family === 'ipv6' ? 6 : 4)
  if (fd < 0) throw systemFault(fd, action)
  return fd
}

/** The key that a password is. Throws Fault `badPassword`. */
export function keyOf(password: string): Uint8Array {
  const key = new TextEncoder().encode(password)
  if (key.length > 0 && key.length <= KEY_BYTES) return key
  const words = key.length === 0 ? 'it is empty' : `it has ${key.length} bytes, and TCP MD5 takes ${KEY_BYTES} at most`
  throw new Fault<TcpFault>({ code: 'badPassword' }, `the password cannot be used: ${words}`)
}

/** Everybody in `prefix` has to sign with `key`, and we do; null: nobody, where this very prefix had a key. */
export function setKey(fd: number, { family, first, prefixBits }: Cidr, key: Uint8Array | null): void {
  const result = loadNative().tcpSetKey(fd, mapped({ family, bits: first }), prefixBits, key ?? new Uint8Array(0))
  if (result < 0) throw keyFault(result)
}

function keyFault(result: number): Fault<TcpFault> {
  const action = 'use a TCP MD5 password'
  if (NO_SUCH_OPTION.has(-result))
    return new Fault({ code: 'noMd5' }, `cannot ${action}: the kernel is built without CONFIG_TCP_MD5SIG`)
  if (NO_MEMORY.has(-result)) {
    const words = 'the memory of the socket for keys is full; raise the sysctl net.core.optmem_max'
    return new Fault({ code: 'tooManyKeys' }, `cannot ${action}: ${words}`)
  }
  return systemFault(result, action)
}

export function setHops(fd: number, { ttl, minTtl }: Hops): void {
  const result = loadNative().tcpSetHops(fd, ttl, minTtl)
  if (result < 0) throw systemFault(result, `send with TTL ${ttl} and receive from ${minTtl} on`)
}

/** Packets go and come by this interface only; for a VRF, by those in it. */
export function setDevice(fd: number, name: string, action: string): void {
  const result = loadNative().tcpSetDevice(fd, new TextEncoder().encode(name))
  if (result < 0) throw systemFault(result, `${action}: for the interface ${name}`)
}

/** Gives the socket its own address. Throws Fault `noAddress`, `addressInUse`, `noLink` or `system`. */
export function bindTo(fd: number, { address, port }: SocketAddress, action: string): void {
  const { ip, scope } = parseScoped(address)
  const result = loadNative().tcpBind(fd, mapped(ip), port, new TextEncoder().encode(scope ?? ''))
  if (result >= 0) return
  // The kernel's word for a link-local address that does not say of which link.
  if (result === -EINVAL && scope === null)
    throw new Fault<TcpFault>(
      { code: 'noAddress' },
      `cannot ${action}: ${address} needs its interface, as in fe80::1%eth0`,
    )
  const code = getSystemErrorName(result)
  if (result === -ENODEV || !ADDRESS_FAULTS.has(code)) throw systemFault(result, action)
  throw networkFault(Object.assign(new Error(code), { code }), action)
}

/** Splits `fe80::1%eth0`. Throws Fault `noAddress` for a text that is no IP address. */
export function parseScoped(address: string): { ip: Ip; scope: string | null } {
  const percent = address.indexOf('%')
  const ip = parseIp(percent < 0 ? address : address.slice(0, percent))
  if (!ip) throw new Fault<TcpFault>({ code: 'noAddress' }, `'${address}' is no IP address`)
  return { ip, scope: percent < 0 ? null : address.slice(percent + 1) }
}

/** 16 bytes; IPv4 as ::ffff:a.b.c.d, which the native part takes for sockets of both families. */
function mapped({ family, bits }: Ip): Uint8Array {
  const value = family === 'ipv4' ? MAPPED | bits : bits
  const bytes = new Uint8Array(16)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(0, value >> 64n)
  view.setBigUint64(8, value & 0xffff_ffff_ffff_ffffn)
  return bytes
}
