// SPDX-License-Identifier: Apache-2.0
/**
 * Two networks with the same addresses, told apart by the device alone, as with VRFs, which the kernels that these tests run
 * on do not have: to a socket, the device of a VRF is a device. tcp.test.ts runs this file in a network namespace of its own.
 */
import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { PeerListener } from '../../src/lib/peer-sockets.ts'
import { openPeerSockets } from '../../src/os/peer-sockets.ts'
import { ip, until } from '../lab/wire-namespace.ts'
import { linesOf, OtherNamespace } from './routers-scene.ts'
import { Listening, noFault } from './sockets-bench.ts'

const LONG_MS = 20_000
const OWN = '192.0.2.1'
const PEER = '192.0.2.2'
const BGP = 179
const NAMES = ['red', 'blue'] as const

const sockets = openPeerSockets()
const others: OtherNamespace[] = []
const children = new Map<string, ChildProcess>()

before(async () => {
  for (const name of NAMES) {
    const other = await OtherNamespace.open()
    others.push(other)
    ip('link', 'add', name, 'type', 'veth', 'peer', 'name', `${name}-far`)
    ip('address', 'add', `${OWN}/24`, 'dev', name)
    ip('link', 'set', name, 'up')
    other.take(`${name}-far`)
    other.run('ip', 'address', 'add', `${PEER}/24`, 'dev', `${name}-far`)
    other.run('ip', 'link', 'set', `${name}-far`, 'up')
    const child = other.start(process.execPath, join(import.meta.dirname, 'tcp-device-far.ts'), name, PEER, OWN)
    children.set(name, child)
    const lines = linesOf(child)
    await until(() => lines.includes('ready'), `${name} to listen`, LONG_MS)
  }
})

after(async () => {
  for (const other of others) await other.close()
})

for (const device of NAMES) {
  test(`dialled by the device ${device}, the peer is the one there`, async () => {
    const stream = await sockets.dial({ to: { address: PEER, port: BGP }, from: OWN, device, timeoutMs: LONG_MS })
    const heard = new Listening(stream)
    await until(() => heard.text.length > 0, 'its name', LONG_MS)
    assert.equal(heard.text, device)
    stream.destroy()
  })
}

test('two listeners at one place, each for its device: each hears the peer there', async () => {
  const heard: [string, Listening][] = []
  const listeners: PeerListener[] = []
  for (const device of NAMES) {
    listeners.push(
      await sockets.listen({
        local: { address: '::', port: BGP },
        device,
        peers: new Map([[PEER, {}]]),
        onStream: (stream) => heard.push([device, new Listening(stream)]),
        onFault: noFault,
      }),
    )
  }
  for (const name of NAMES) children.get(name)?.stdin?.write(`${BGP}\n`)
  await until(() => heard.length === 2 && heard.every(([, { text }]) => text !== ''), 'both', LONG_MS)
  for (const [device, { text }] of heard) assert.equal(text, device)
  for (const [, { stream }] of heard) stream.destroy()
  for (const listener of listeners) listener.close()
})
