// SPDX-License-Identifier: Apache-2.0
import type { Socket } from 'node:net'
import { formatIp } from '../lib/ip.ts'
import type { SocketAddress } from '../lib/sockets.ts'
import { parseScoped } from './tcp-options.ts'
import { TcpStream } from './tcp-stream.ts'

/** A connection that knows our own address on it: the next hop of what it announces. */
export class BgpStream extends TcpStream {
  readonly local: SocketAddress

  constructor(socket: Socket, { local, remote }: Ends) {
    super(socket, remote)
    this.local = local
  }
}

export type Ends = Readonly<{ local: SocketAddress; remote: SocketAddress }>

/** Both ends; null where the connection was gone before anybody could ask. */
export function endsOf({ localAddress, localPort, remoteAddress, remotePort }: Socket): Ends | null {
  if (localAddress === undefined || localPort === undefined) return null
  if (remoteAddress === undefined || remotePort === undefined) return null
  return {
    local: { address: canonical(localAddress), port: localPort },
    remote: { address: canonical(remoteAddress), port: remotePort },
  }
}

/** As lib/ip.ts writes it, with its interface: a socket that hears both families tells IPv4 addresses as IPv6 ones. */
export function canonical(address: string): string {
  const { ip, scope } = parseScoped(address)
  return scope === null ? formatIp(ip) : `${formatIp(ip)}%${scope}`
}
