// SPDX-License-Identifier: Apache-2.0
import { connect, createServer, type Server, type Socket } from 'node:net'
import { Fault } from '../lib/fault.ts'
import type { Binding, ByteStream, NetworkFault, SocketAddress, StreamServer } from '../lib/sockets.ts'
import { familyOf, networkFault, placeOf } from './network-fault.ts'
import { TcpStream } from './tcp-stream.ts'

/** Listens for TCP connections. Rejects with the Faults of `Network`. */
export async function listenStreams(binding: Binding<(stream: ByteStream) => void>): Promise<StreamServer> {
  const { local, onReceived, onFault } = binding
  const family = familyOf(local)
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    const remote = remoteOf(socket)
    if (remote === null) socket.destroy()
    else onReceived(new TcpStream(socket, remote))
  })
  await listening(server, { host: local.address, port: local.port, ipv6Only: family === 6, exclusive: true })
  server.on('error', (error) => onFault(networkFault(error, `accept on TCP ${placeOf(local)}`)))
  const bound = server.address()
  const port = bound === null || typeof bound === 'string' ? local.port : bound.port
  return { local: { address: local.address, port }, close: () => void server.close() }
}

type Place = Readonly<{ host: string; port: number; ipv6Only: boolean; exclusive: boolean }>

function listening(server: Server, place: Place): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => reject(networkFault(error, `listen on TCP ${place.host} port ${place.port}`))
    server.once('error', fail)
    server.listen(place, () => {
      server.off('error', fail)
      resolve()
    })
  })
}

/** Null where the connection was gone before anybody could ask. */
function remoteOf({ remoteAddress, remotePort }: Socket): SocketAddress | null {
  return remoteAddress === undefined || remotePort === undefined ? null : { address: remoteAddress, port: remotePort }
}

/** Dials. Rejects with the Faults of `Network`; `timeoutMs` bounds how long the kernel may try. */
export async function connectStream(
  to: SocketAddress,
  { timeoutMs }: Readonly<{ timeoutMs: number }>,
): Promise<ByteStream> {
  const family = familyOf(to)
  const action = `connect to ${placeOf(to)}`
  const socket = connect({
    host: to.address,
    port: to.port,
    family,
    autoSelectFamily: false,
    allowHalfOpen: true,
    noDelay: true,
  })
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Fault<NetworkFault>({ code: 'timeout' }, `cannot ${action}: no answer within ${timeoutMs} ms`))
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
      resolve(new TcpStream(socket, to))
    })
  })
}

/** Who dials has no address to choose: where the kernel finds none, there is no way. */
function dialFault(error: Error, action: string): Fault<NetworkFault> {
  const fault = networkFault(error, action)
  if (fault.kind.code !== 'noAddress') return fault
  return new Fault({ code: 'unreachable' }, `cannot ${action}: there is no local address for it`, error)
}
