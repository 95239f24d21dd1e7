// SPDX-License-Identifier: Apache-2.0
/** A router in a network of its own, for tcp-device-kernel.ts: tells its name to who dials it, and dials back when told to. */
import { createInterface } from 'node:readline'
import { openPeerSockets } from '../../src/os/peer-sockets.ts'

const [, , name = '', local = '', peer = ''] = process.argv
const PORT = 179
const sockets = openPeerSockets()
const listener = await sockets.listen({
  local: { address: local, port: PORT },
  peers: new Map([[peer, {}]]),
  onStream: (stream) => {
    stream.write(Buffer.from(name))
    stream.end()
  },
  onFault: (fault) => console.error(fault.message),
})
console.log('ready')
createInterface({ input: process.stdin })
  .on('line', (port) => void dialBack(Number(port)))
  .on('close', () => {
    listener.close()
    process.exit(0)
  })

async function dialBack(port: number): Promise<void> {
  const stream = await sockets.dial({ to: { address: peer, port }, timeoutMs: 10_000 })
  stream.write(Buffer.from(name))
  stream.end()
}
