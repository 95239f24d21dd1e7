// SPDX-License-Identifier: Apache-2.0
/** What the tests of src/lib/sockets.ts are given, and what they tell of it: two addresses of each family, near and far. */
import assert from 'node:assert/strict'
import type { ByteStream, Datagrams, Network, NetworkFault, SocketAddress } from '../../src/lib/sockets.ts'

export const NEAR = '127.0.0.1'
export const FAR = '127.0.0.2'
export const NEAR6 = 'fd00::1'
export const FAR6 = 'fd00::2'
export const ABSENT = '192.0.2.77'

export type Bench = Readonly<{
  near: Network
  far: Network
  /** Nothing passes between NEAR and FAR any more, or does again. */
  setCut(cut: boolean): Promise<void>
  /** Time passes until the promise settles. */
  settled<Value>(promise: Promise<Value>): Promise<Value>
  /** Time passes until it holds; fails with `what` otherwise. */
  until(condition: () => boolean, what: string): Promise<void>
  /** Long enough for whatever was sent to arrive. */
  pass(): Promise<void>
}>

type Heard = { text: string; from: SocketAddress }

/** Notes all that a stream's listener is told. */
export class Listening {
  readonly stream: ByteStream
  bytes = 0
  text = ''
  log: string[] = []
  closed = false
  fault: Error | null = null
  onBytes: (bytes: Uint8Array) => void = () => undefined

  constructor(stream: ByteStream) {
    this.stream = stream
    stream.listen({
      onData: (bytes) => {
        this.bytes += bytes.length
        if (this.text.length < 1000) this.text += Buffer.from(bytes).toString('latin1')
        if (this.log.at(-1) !== 'data') this.log.push('data')
        this.onBytes(bytes)
      },
      onEnd: () => this.log.push('end'),
      onClose: (fault) => {
        this.log.push('close')
        this.closed = true
        this.fault = fault
      },
    })
  }
}

export const bytesOf = (text: string) => Buffer.from(text, 'latin1')
export const noFault = (fault: Error) => assert.fail(`no fault was to come: ${fault.message}`)

/** Rejects with this code, and with a sentence. */
export async function fails(bench: Bench, promise: Promise<unknown>, code: NetworkFault['code']): Promise<void> {
  await assert.rejects(bench.settled(promise), (thrown: { name: string; kind: { code: string }; message: string }) => {
    assert.equal(thrown.name, 'Fault')
    assert.equal(thrown.kind.code, code, thrown.message)
    assert.match(thrown.message, /^(?:cannot .+: .+|'.*' is no IP address)$/)
    return true
  })
}

export async function bind(network: Network, address: string, port = 0): Promise<Datagrams & { heard: Heard[] }> {
  const heard: Heard[] = []
  const onReceived = (bytes: Uint8Array, from: SocketAddress) =>
    void heard.push({ text: Buffer.from(bytes).toString('latin1'), from })
  const socket = await network.bindDatagrams({ local: { address, port }, onReceived, onFault: noFault })
  const { local } = socket
  return { heard, local, send: (to, bytes) => socket.send(to, bytes), close: () => socket.close() }
}

/** Sends back what comes first, and ends. */
export function echo(stream: ByteStream): void {
  const end = new Listening(stream)
  end.onBytes = (bytes) => {
    stream.write(bytes)
    stream.end()
  }
}

type Pair = Readonly<{ near: ByteStream; far: ByteStream; server: { close(): void; local: SocketAddress } }>

export async function connected(bench: Bench, [near, far] = [NEAR, FAR]): Promise<Pair> {
  const accepted = Promise.withResolvers<ByteStream>()
  const local = { address: far ?? FAR, port: 0 }
  const server = await bench.far.listenStreams({ local, onReceived: accepted.resolve, onFault: noFault })
  const dialled = bench.near.connectStream(server.local, { timeoutMs: 5000 })
  const [stream, other] = await bench.settled(Promise.all([dialled, accepted.promise]))
  assert.ok(near)
  return { near: stream, far: other, server }
}

export async function listeningPair(bench: Bench) {
  const { near, far, server } = await connected(bench)
  return { near: new Listening(near), far: new Listening(far), server }
}

export type On = (title: string, body: (bench: Bench) => Promise<void>) => void
