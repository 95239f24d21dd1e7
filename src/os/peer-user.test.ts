// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { after, test } from 'node:test'
import { peerUserOf } from './peer-user.ts'

const server = createServer()
const path = `\0metallb-test-${process.pid}`
server.listen(path)
await once(server, 'listening')
after(() => server.close())

test('both ends of a local socket learn who the other is', async () => {
  const arrived = Promise.withResolvers<Socket>()
  server.once('connection', arrived.resolve)
  const client = connect(path)
  const connected = once(client, 'connect')
  const accepted = await arrived.promise
  await connected
  assert.equal(peerUserOf(accepted), process.getuid?.())
  assert.equal(peerUserOf(client), process.getuid?.())
  client.destroy()
  accepted.destroy()
  assert.equal(peerUserOf(accepted), null, 'a closed socket has no other end')
})
