// SPDX-License-Identifier: Apache-2.0
import { createSocket, type Socket } from 'node:dgram'
import type { Binding, Datagrams, SocketAddress } from '../lib/sockets.ts'
import { familyOf, networkFault, placeOf } from './network-fault.ts'

/** For the bursts of a ring of a thousand; the kernel gives what net.core.rmem_max allows of it. */
const RECEIVE_BUFFER_BYTES = 2 ** 20
/** What an interface that stands still makes us keep at most; datagrams above it are lost as in a full queue of its own. */
const MOST_UNSENT_BYTES = 256 * 1024

/** Binds a UDP socket. Rejects with the Faults of `Network`. */
export async function bindDatagrams(
  binding: Binding<(bytes: Uint8Array, from: SocketAddress) => void>,
): Promise<Datagrams> {
  const { local, onReceived, onFault } = binding
  const family = familyOf(local)
  const socket = createSocket({
    type: family === 4 ? 'udp4' : 'udp6',
    ipv6Only: family === 6,
    recvBufferSize: RECEIVE_BUFFER_BYTES,
    // Addresses are no names. Answered at once, a datagram is with the kernel when `send` returns.
    lookup: (address, _options, found) => found(null, address, family),
  })
  await bound(socket, local)
  socket.on('error', (error) => onFault(networkFault(error, `receive on UDP ${placeOf(local)}`)))
  socket.on('message', (bytes, { address, port }) => onReceived(bytes, { address, port }))
  const { address, port } = socket.address()
  return new UdpSocket(socket, { address, port })
}

function bound(socket: Socket, local: SocketAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => {
      socket.close()
      reject(networkFault(error, `bind UDP ${placeOf(local)}`))
    }
    socket.once('error', fail)
    socket.bind({ ...local, exclusive: true }, () => {
      socket.off('error', fail)
      resolve()
    })
  })
}

class UdpSocket implements Datagrams {
  readonly local: SocketAddress
  readonly #socket: Socket
  #closed = false

  constructor(socket: Socket, local: SocketAddress) {
    this.#socket = socket
    this.local = local
  }

  send({ address, port }: SocketAddress, bytes: Uint8Array): void {
    // Node takes port 0 for a bug and no address for our own; here they come from others' datagrams.
    if (this.#closed || address === '' || port < 1 || port > 65_535 || !Number.isInteger(port)) return
    if (this.#socket.getSendQueueSize() > MOST_UNSENT_BYTES) return
    this.#socket.send(bytes, port, address, ignore)
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#socket.close()
  }
}

/** Too large, no route, wrong family, no permission: lost, as it might have been a hop later. */
function ignore(): void {}
