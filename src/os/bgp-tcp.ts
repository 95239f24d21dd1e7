// SPDX-License-Identifier: Apache-2.0
/** Dialling a BGP peer: TCP as lib/sockets.ts has it, with a password (RFC 2385), GTSM (RFC 5082), a source and a device. */
import { Socket } from 'node:net'
import { Fault } from '../lib/fault.ts'
import { formatIp, WIDTH } from '../lib/ip.ts'
import type { PeerDial } from '../lib/peer-sockets.ts'
import { isLinkLocal } from '../lib/prefix.ts'
import { BgpStream, canonical, endsOf } from './bgp-tcp-connected.ts'
import { loadNative } from './native.ts'
import { networkFault, placeOf } from './network-fault.ts'
import { bindTo, keyOf, openDescriptor, parseScoped, setDevice, setHops, setKey, type TcpFault } from './tcp-options.ts'

/** `ttl`: of what we send; 255, unless a test plays a peer that is far away. */
export type TcpDial = PeerDial & Readonly<{ ttl?: number }>

/**
 * Dials. Rejects with a Fault: those of `Network`, where `noAddress` says that this machine lacks `from` (or cannot read `to`),
 * besides `noCapability`, `noLink`, `badPassword` and `noMd5`. A peer with another password, or none, looks like a `timeout`;
 * with a password, so does one that refuses: what it answers with is not signed.
 */
export async function openTcp(dial: TcpDial): Promise<BgpStream> {
  const { to, timeoutMs } = dial
  const action = `connect to ${placeOf(to)}`
  const host = hostOf(dial, action)
  const socket = openSocket(dial, action)
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      const words = `no answer within ${timeoutMs} ms${dial.md5 === undefined ? '' : '; its password may be another one'}`
      reject(new Fault<TcpFault>({ code: 'timeout' }, `cannot ${action}: ${words}`))
      socket.destroy()
    }, timeoutMs)
    const fail = (error: Error) => {
      clearTimeout(timer)
      reject(dialFault(error, action))
    }
    socket.once('error', fail)
    socket.once('connect', () => {
      clearTimeout(timer)
      socket.off('error', fail)
      const ends = endsOf(socket)
      if (ends) resolve(new BgpStream(socket, { local: ends.local, remote: to }))
      else {
        socket.destroy()
        reject(new Fault<TcpFault>({ code: 'system' }, `cannot ${action}: the other side broke the connection`))
      }
    })
    socket.connect({ host, port: to.port })
  })
}

/** Never a link-local address without its interface: Node would pick one. Throws Fault `noAddress`. */
function hostOf({ to, device }: TcpDial, action: string): string {
  const { ip, scope } = parseScoped(to.address)
  if (scope !== null || !isLinkLocal(ip)) return canonical(to.address)
  if (device !== undefined) return `${formatIp(ip)}%${device}`
  throw new Fault<TcpFault>({ code: 'noAddress' }, `cannot ${action}: it needs its interface, as in fe80::1%eth0`)
}

/** A socket with all options, not connected yet. Throws what `openTcp` rejects with; nothing stays open then. */
function openSocket(dial: TcpDial, action: string): Socket {
  const { ip } = parseScoped(dial.to.address)
  const fd = openDescriptor(ip.family, action)
  try {
    setOptions(fd, dial, action)
    // Not in Node's types: without it, Node reads from the socket before it is connected.
    const options = { fd, manualStart: true, allowHalfOpen: true, noDelay: true }
    return new Socket(options)
  } catch (thrown) {
    loadNative().tcpClose(fd)
    throw thrown
  }
}

/** The device first: whether this machine has an address may depend on it. */
function setOptions(fd: number, { to, from, device, md5, ttl = 255, minTtl = 0 }: TcpDial, action: string): void {
  const { ip } = parseScoped(to.address)
  loadNative().tcpPrepare(fd, false)
  if (device !== undefined) setDevice(fd, device, action)
  setHops(fd, { ttl, minTtl })
  if (md5 !== undefined) {
    const { family, bits } = ip
    setKey(fd, { family, first: bits, prefixBits: WIDTH[family] }, keyOf(md5))
  }
  if (from === undefined) return
  const own = `${action} from ${from}`
  if (parseScoped(from).ip.family !== ip.family)
    throw new Fault<TcpFault>({ code: 'noAddress' }, `cannot ${own}: one is IPv4, the other IPv6`)
  bindTo(fd, { address: from, port: 0 }, own)
}

/** Who dials has no address to choose: where the kernel finds none, there is no way. */
function dialFault(error: Error, action: string): Fault<TcpFault> {
  const fault = networkFault(error, action)
  const isMissing = fault.kind.code === 'noAddress' || Reflect.get(error, 'code') === 'EINVAL'
  if (!isMissing) return fault
  return new Fault({ code: 'unreachable' }, `cannot ${action}: this machine has no address or interface for it`, error)
}
