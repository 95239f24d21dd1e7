// SPDX-License-Identifier: Apache-2.0
import { Fault, reasonOf } from '../lib/fault.ts'
import { parseIp } from '../lib/ip.ts'
import type { NetworkFault, SocketAddress } from '../lib/sockets.ts'

/** What each name of the kernel's errors means to the one who reads the log. */
const MEANINGS: Readonly<Record<string, readonly [NetworkFault['code'], string]>> = {
  EADDRINUSE: ['addressInUse', 'something else on this machine listens there'],
  EADDRNOTAVAIL: ['noAddress', 'this machine has no such address'],
  EACCES: ['system', 'the kernel does not permit it; ports below 1024 take the capability NET_BIND_SERVICE'],
  ECONNREFUSED: ['refused', 'nobody listens there'],
  ECONNRESET: ['system', 'the other side broke the connection'],
  EPIPE: ['system', 'the other side broke the connection'],
  EHOSTUNREACH: ['unreachable', 'the host is not reachable'],
  EHOSTDOWN: ['unreachable', 'the host is not reachable'],
  ENETUNREACH: ['unreachable', 'there is no route to it'],
  ENETDOWN: ['unreachable', 'the interface towards it is down'],
  ETIMEDOUT: ['timeout', 'no answer'],
}

/** The fault behind what a socket threw. `action` completes "cannot …" and names the place. */
export function networkFault(thrown: unknown, action: string): Fault<NetworkFault> {
  const name: unknown = Reflect.get(Object(thrown), 'code')
  const [code, words] = (typeof name === 'string' && MEANINGS[name]) || ['system', reasonOf(thrown)]
  return new Fault({ code }, `cannot ${action}: ${words}`, thrown)
}

/** 4 or 6. Throws the Fault `noAddress` for a text that is no IP address: nothing is ever asked of a name server. */
export function familyOf({ address }: SocketAddress): 4 | 6 {
  const [ip = ''] = address.split('%')
  if (parseIp(ip) === undefined) throw new Fault({ code: 'noAddress' }, `'${address}' is no IP address`)
  return ip.includes(':') ? 6 : 4
}

/** `10.0.0.1 port 7946` */
export function placeOf({ address, port }: SocketAddress): string {
  return `${address} port ${port}`
}
