// SPDX-License-Identifier: Apache-2.0
/** The two sockets of a member: UDP for all that is short, TCP for all that is long. */
import type { ByteStream, Datagrams, SocketAddress, StreamServer } from '../lib/sockets.ts'
import type { GossipOptions } from './session-options.ts'

export type Sockets = Readonly<{ datagrams: Datagrams; streams: StreamServer }>
/** Who hears what comes in: set once it is there. */
export type Heard = {
  participant: Readonly<{
    receive(bytes: Uint8Array, from: SocketAddress): void
    exchange: Readonly<{ serve(stream: ByteStream): void }>
  }> | null
}

/** Where the system chooses the port for UDP, that of TCP may be taken. */
const BIND_TRIES = 10

/** Binds both on one port; rejects with a Fault of the network. */
export async function bindBoth({ network, bind, log }: GossipOptions, heard: Heard): Promise<Sockets> {
  const onFault = (fault: Error): void => log.warn('socket of the ring', { error: fault.message })
  for (let tries = 1; ; tries++) {
    const datagrams = await network.bindDatagrams({
      local: bind,
      onReceived: (bytes, from) => heard.participant?.receive(bytes, from),
      onFault,
    })
    try {
      const streams = await network.listenStreams({
        local: { ...bind, port: datagrams.local.port },
        onReceived: (stream) => (heard.participant ? heard.participant.exchange.serve(stream) : stream.destroy()),
        onFault,
      })
      return { datagrams, streams }
    } catch (thrown) {
      datagrams.close()
      if (bind.port !== 0 || tries === BIND_TRIES) throw thrown
    }
  }
}
