// SPDX-License-Identifier: Apache-2.0
/** What src/lib/sockets.ts promises, tried between two addresses of each family: near and far. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ByteStream, Datagrams, Network, NetworkFault, SocketAddress } from '../../src/lib/sockets.ts'

export const NEAR = '127.0.0.1'
export const FAR = '127.0.0.2'
export const NEAR6 = 'fd00::1'
export const FAR6 = 'fd00::2'
const ABSENT = '192.0.2.77'

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

const bytesOf = (text: string) => Buffer.from(text, 'latin1')
const noFault = (fault: Error) => assert.fail(`no fault was to come: ${fault.message}`)

/** Rejects with this code, and with a sentence. */
async function fails(bench: Bench, promise: Promise<unknown>, code: NetworkFault['code']): Promise<void> {
  await assert.rejects(bench.settled(promise), (thrown: { name: string; kind: { code: string }; message: string }) => {
    assert.equal(thrown.name, 'Fault')
    assert.equal(thrown.kind.code, code, thrown.message)
    assert.match(thrown.message, /^(?:cannot .+: .+|'.*' is no IP address)$/)
    return true
  })
}

async function bind(network: Network, address: string, port = 0): Promise<Datagrams & { heard: Heard[] }> {
  const heard: Heard[] = []
  const onReceived = (bytes: Uint8Array, from: SocketAddress) =>
    void heard.push({ text: Buffer.from(bytes).toString('latin1'), from })
  const socket = await network.bindDatagrams({ local: { address, port }, onReceived, onFault: noFault })
  return Object.assign(Object.create(socket), {
    heard,
    local: socket.local,
    send: socket.send.bind(socket),
    close: socket.close.bind(socket),
  })
}

/** Sends back what comes first, and ends. */
function echo(stream: ByteStream): void {
  const end = new Listening(stream)
  end.onBytes = (bytes) => {
    stream.write(bytes)
    stream.end()
  }
}

type Pair = Readonly<{ near: ByteStream; far: ByteStream; server: { close(): void; local: SocketAddress } }>

async function connected(bench: Bench, [near, far] = [NEAR, FAR]): Promise<Pair> {
  const accepted = Promise.withResolvers<ByteStream>()
  const local = { address: far ?? FAR, port: 0 }
  const server = await bench.far.listenStreams({ local, onReceived: accepted.resolve, onFault: noFault })
  const dialled = bench.near.connectStream(server.local, { timeoutMs: 5000 })
  const [stream, other] = await bench.settled(Promise.all([dialled, accepted.promise]))
  assert.ok(near)
  return { near: stream, far: other, server }
}

async function listeningPair(bench: Bench) {
  const { near, far, server } = await connected(bench)
  return { near: new Listening(near), far: new Listening(far), server }
}

type On = (title: string, body: (bench: Bench) => Promise<void>) => void

/** Runs the whole of it on the implementation that `open` gives, a fresh one for each test. */
export function socketsContract(name: string, open: () => Promise<Bench>): void {
  const on: On = (title, body) => void test(`${name}: ${title}`, async () => body(await open()))
  bindings(on)
  datagrams(on)
  connections(on)
  endings(on)
  pressure(on)
}

function bindings(on: On): void {
  on('port 0 becomes a port; the same one cannot be had twice, and can after it was closed', async (bench) => {
    const udp = await bind(bench.near, NEAR)
    const listener = { local: { address: NEAR, port: 0 }, onReceived: () => undefined, onFault: noFault }
    const tcp = await bench.near.listenStreams(listener)
    for (const { local } of [udp, tcp]) assert.ok(local.address === NEAR && local.port > 1023, JSON.stringify(local))
    for (const address of [NEAR, '0.0.0.0']) {
      await fails(bench, bind(bench.near, address, udp.local.port), 'addressInUse')
      const local = { address, port: tcp.local.port }
      await fails(bench, bench.near.listenStreams({ ...listener, local }), 'addressInUse')
    }
    udp.close()
    tcp.close()
    await bench.pass()
    ;(await bind(bench.near, NEAR, udp.local.port)).close()
    ;(await bench.near.listenStreams({ ...listener, local: tcp.local })).close()
  })

  on(
    'an address of nobody here is refused, and so is what is no address, before any name is asked for',
    async (bench) => {
      for (const address of [ABSENT, '2001:db8::77', 'localhost', '', '127.0.0.1.']) {
        await fails(bench, bind(bench.near, address), 'noAddress')
        const local = { address, port: 0 }
        const listener = { local, onReceived: () => undefined, onFault: noFault }
        await fails(bench, bench.near.listenStreams(listener), 'noAddress')
      }
      for (const address of ['localhost', '', '127.0.0.1.'])
        await fails(bench, bench.near.connectStream({ address, port: 80 }, { timeoutMs: 1000 }), 'noAddress')
    },
  )

  on('both wildcards live on one port, and each hears its own family', async (bench) => {
    const four = await bind(bench.far, '0.0.0.0')
    const six = await bind(bench.far, '::', four.local.port)
    const { port } = four.local
    const [near, near6] = [await bind(bench.near, NEAR), await bind(bench.near, NEAR6)]
    near.send({ address: FAR, port }, bytesOf('four'))
    near6.send({ address: FAR6, port }, bytesOf('six'))
    await bench.until(() => four.heard.length + six.heard.length >= 2, 'both arrive')
    assert.deepEqual(four.heard, [{ text: 'four', from: near.local }])
    assert.deepEqual(six.heard, [{ text: 'six', from: near6.local }])
    for (const socket of [four, six, near, near6]) socket.close()
  })
}

function datagrams(on: On): void {
  for (const [from, to] of [
    [NEAR, FAR],
    [NEAR6, FAR6],
  ] as const) {
    on(`a datagram arrives from ${from} with its sender, who can be answered`, async (bench) => {
      const [near, far] = [await bind(bench.near, from), await bind(bench.far, to)]
      near.send(far.local, bytesOf('ping'))
      await bench.until(() => far.heard.length > 0, 'it arrives')
      assert.deepEqual(far.heard, [{ text: 'ping', from: near.local }])
      far.send(near.local, bytesOf('pong'))
      await bench.until(() => near.heard.length > 0, 'its answer arrives')
      assert.deepEqual(near.heard, [{ text: 'pong', from: far.local }])
      for (const socket of [near, far]) socket.close()
    })
  }

  on('an empty one and the largest arrive; a larger one is lost and disturbs nobody', async (bench) => {
    const [near, far] = [await bind(bench.near, NEAR), await bind(bench.far, FAR)]
    for (const size of [0, 1, 1400, 65_508, 65_507, 2]) near.send(far.local, Buffer.alloc(size, 'x'))
    await bench.until(() => far.heard.at(-1)?.text === 'xx', 'the last arrives')
    assert.deepEqual(
      far.heard.map(({ text }) => text.length),
      [0, 1, 1400, 65_507, 2],
    )
    for (const socket of [near, far]) socket.close()
  })

  on('what can go nowhere is lost without a word', async (bench) => {
    const [near, far] = [await bind(bench.near, NEAR), await bind(bench.far, FAR)]
    const { port } = far.local
    for (const address of [FAR6, '', 'localhost', '127.0.0.2.', '300.0.0.1', '255.255.255.255', 'a\0b', '%'])
      near.send({ address, port }, bytesOf('nowhere'))
    for (const odd of [0, -1, 65_536, 1.5, Number.NaN]) near.send({ address: FAR, port: odd }, bytesOf('nowhere'))
    near.send({ address: FAR, port: 1 }, bytesOf('nobody listens'))
    await bench.pass()
    near.send(far.local, bytesOf('here'))
    await bench.until(() => far.heard.length > 0, 'the next one arrives')
    assert.deepEqual(
      far.heard.map(({ text }) => text),
      ['here'],
    )
    for (const socket of [near, far]) socket.close()
  })

  on(
    'a hundred keep their bytes when the buffer is used again, and reach the address they were sent to',
    async (bench) => {
      const [near, far] = [await bind(bench.near, NEAR), await bind(bench.far, FAR)]
      const bystander = await bind(bench.near, NEAR)
      const buffer = Buffer.alloc(4)
      for (let i = 0; i < 100; i++) {
        buffer.writeUInt32BE(i)
        near.send(far.local, buffer)
      }
      near.send({ address: FAR, port: bystander.local.port }, buffer)
      await bench.until(() => far.heard.length === 100, 'all arrive')
      const values = far.heard.map(({ text }) => bytesOf(text).readUInt32BE())
      assert.deepEqual(
        values.toSorted((a, b) => a - b),
        Array.from({ length: 100 }, (_, i) => i),
      )
      await bench.pass()
      assert.deepEqual(bystander.heard, [])
      for (const socket of [near, far, bystander]) socket.close()
    },
  )

  on('after close nothing is heard and nothing is sent, also when closed twice', async (bench) => {
    const [near, far] = [await bind(bench.near, NEAR), await bind(bench.far, FAR)]
    near.send(far.local, bytesOf('before'))
    await bench.until(() => far.heard.length > 0, 'it arrives')
    near.send(far.local, bytesOf('too late'))
    far.close()
    far.close()
    await bench.pass()
    far.send(near.local, bytesOf('from the closed one'))
    await bench.pass()
    assert.deepEqual([far.heard.length, near.heard.length], [1, 0])
    near.close()
  })
}

function connections(on: On): void {
  for (const [near, far] of [
    [NEAR, FAR],
    [NEAR6, FAR6],
  ] as const) {
    on(`bytes go both ways to ${far}, and both sides know each other`, async (bench) => {
      const pair = await connected(bench, [near, far])
      assert.deepEqual(pair.near.remote, pair.server.local)
      assert.equal(pair.far.remote.address.includes(':'), near.includes(':'))
      assert.ok(pair.far.remote.port > 1023)
      const ends = { near: new Listening(pair.near), far: new Listening(pair.far) }
      pair.near.write(bytesOf('to '))
      pair.near.write(new Uint8Array(0))
      pair.near.write(bytesOf('far'))
      pair.far.write(bytesOf('to near'))
      await bench.until(() => ends.far.bytes === 6 && ends.near.bytes === 7, 'all arrives')
      assert.deepEqual([ends.far.text, ends.near.text], ['to far', 'to near'])
      pair.near.destroy()
      pair.server.close()
      await bench.until(() => ends.near.closed && ends.far.closed, 'both are closed')
    })
  }

  on('nobody listens: refused; a listener that closes accepts no more, and what it accepted stays', async (bench) => {
    const { near, far, server } = await listeningPair(bench)
    server.close()
    await bench.pass()
    await fails(bench, bench.near.connectStream(server.local, { timeoutMs: 1000 }), 'refused')
    near.stream.write(bytesOf('still here'))
    await bench.until(() => far.bytes === 10, 'it arrives')
    near.stream.destroy()
    await bench.until(() => far.closed, 'it is closed')
  })

  on('no answer: timeout, and the connection does not come later', async (bench) => {
    const accepted: ByteStream[] = []
    const local = { address: FAR, port: 0 }
    const onReceived = (stream: ByteStream) => void accepted.push(stream)
    const server = await bench.far.listenStreams({ local, onReceived, onFault: noFault })
    await bench.setCut(true)
    await fails(bench, bench.near.connectStream(server.local, { timeoutMs: 100 }), 'timeout')
    await bench.setCut(false)
    await bench.pass()
    assert.equal(accepted.length, 0)
    server.close()
  })

  on('a hundred connections at once, each with its own bytes', async (bench) => {
    const local = { address: FAR, port: 0 }
    const server = await bench.far.listenStreams({ local, onReceived: echo, onFault: noFault })
    const dial = () => bench.near.connectStream(server.local, { timeoutMs: 5000 })
    const streams = await bench.settled(Promise.all(Array.from({ length: 100 }, dial)))
    const ends = streams.map((stream, i) => {
      stream.write(bytesOf(`number ${i}`))
      stream.end()
      return new Listening(stream)
    })
    await bench.until(() => ends.every(({ closed }) => closed), 'all are over')
    ends.forEach(({ text, fault }, i) => assert.deepEqual([text, fault], [`number ${i}`, null]))
    server.close()
  })
}

function endings(on: On): void {
  on('one side ends, the other goes on; when both have, it is over in peace', async (bench) => {
    const { near, far, server } = await listeningPair(bench)
    near.stream.write(bytesOf('last words'))
    near.stream.end()
    near.stream.end()
    await bench.until(() => far.log.includes('end'), 'far hears the end')
    assert.equal(near.stream.write(bytesOf('after the end')), false)
    await bench.pass()
    assert.deepEqual([far.log, far.text, near.log], [['data', 'end'], 'last words', []])
    far.stream.write(Buffer.alloc(100_000, 'y'))
    far.stream.end()
    await bench.until(() => near.closed && far.closed, 'both are closed')
    assert.deepEqual(near.log, ['data', 'end', 'close'])
    assert.deepEqual(far.log, ['data', 'end', 'close'])
    assert.deepEqual([near.bytes, near.fault, far.fault], [100_000, null, null])
    server.close()
  })

  on('what arrives before anybody listens waits, the end included', async (bench) => {
    const { near, far, server } = await connected(bench)
    near.write(bytesOf('early'))
    near.end()
    await bench.pass()
    const [listening, other] = [new Listening(far), new Listening(near)]
    assert.deepEqual(listening.log, [], 'nothing is told while listen runs')
    await bench.until(() => listening.log.includes('end'), 'it is heard')
    assert.deepEqual([listening.text, listening.log], ['early', ['data', 'end']])
    far.end()
    await bench.until(() => listening.closed && other.closed, 'both are closed')
    server.close()
  })

  on('destroyed: our side hears that it is over, the other one that it was broken', async (bench) => {
    const { near, far, server } = await listeningPair(bench)
    near.stream.destroy()
    near.stream.destroy()
    assert.deepEqual(near.log, [], 'not before destroy returns')
    assert.equal(near.stream.write(bytesOf('nobody there')), false)
    near.stream.end()
    await bench.until(() => near.closed && far.closed, 'both are closed')
    assert.equal(near.fault, null)
    assert.match(far.fault?.message ?? '', /broke/)
    assert.deepEqual(far.log, ['close'])
    server.close()
  })

  on('destroyed with the other side not listening yet: it hears so when it does', async (bench) => {
    const { near, far, server } = await connected(bench)
    near.destroy()
    await bench.pass()
    const listening = new Listening(far)
    await bench.until(() => listening.closed, 'it is closed')
    assert.match(listening.fault?.message ?? '', /broke/)
    server.close()
  })

  on('destroyed from within onData: no more data', async (bench) => {
    const { near, far, server } = await listeningPair(bench)
    far.onBytes = () => far.stream.destroy()
    for (let i = 0; i < 100; i++) near.stream.write(Buffer.alloc(10_000, 'z'))
    await bench.until(() => near.closed && far.closed, 'both are closed')
    assert.deepEqual(far.log, ['data', 'close'])
    assert.ok(far.bytes < 1_000_000)
    assert.match(near.fault?.message ?? '', /broke/)
    server.close()
  })

  on('destroyed after the end: whatever is left, both sides hear that it is over', async (bench) => {
    for (const size of [0, 10, 8_000_000]) {
      const { near, far, server } = await listeningPair(bench)
      near.stream.write(Buffer.alloc(size))
      near.stream.end()
      near.stream.destroy()
      await bench.until(() => near.closed, 'near is closed')
      assert.equal(near.fault, null)
      far.stream.write(bytesOf('anybody there?'))
      await bench.until(() => far.closed || far.log.includes('end'), 'far hears of it')
      far.stream.destroy()
      await bench.until(() => far.closed, 'far is closed')
      server.close()
    }
  })
}

function pressure(on: On): void {
  on('who writes more than is read is told so, and nothing of it is lost', async (bench) => {
    const { near, far, server } = await connected(bench)
    const listening = new Listening(near)
    const chunk = Buffer.alloc(100_000, 'c')
    let written = 0
    while (near.bufferedBytes < 1_000_000 && written < 100_000_000) {
      near.write(chunk)
      written += chunk.length
      if (written % 5_000_000 === 0) await bench.pass()
    }
    assert.ok(near.bufferedBytes >= 1_000_000, 'the other side takes bytes without bound')
    assert.equal(near.write(chunk), false)
    near.end()
    const other = new Listening(far)
    await bench.until(() => other.log.includes('end'), 'all is heard')
    assert.equal(other.bytes, written + chunk.length)
    assert.equal(near.bufferedBytes, 0)
    far.end()
    await bench.until(() => listening.closed && other.closed, 'both are closed')
    assert.deepEqual([listening.fault, other.fault], [null, null])
    server.close()
  })

  on('little is taken at once', async (bench) => {
    const { near, far, server } = await listeningPair(bench)
    assert.equal(near.stream.write(bytesOf('little')), true)
    await bench.until(() => far.bytes === 6, 'it arrives')
    assert.equal(near.stream.bufferedBytes, 0)
    far.stream.destroy()
    await bench.until(() => near.closed, 'it is closed')
    assert.equal(near.stream.bufferedBytes, 0)
    server.close()
  })

  on('bytes that meet a cut arrive once it has healed, in order', async (bench) => {
    const { near, far, server } = await listeningPair(bench)
    near.stream.write(bytesOf('one '))
    await bench.until(() => far.bytes === 4, 'the first arrives')
    await bench.setCut(true)
    near.stream.write(bytesOf('two '))
    near.stream.write(bytesOf('three'))
    await bench.pass()
    assert.equal(far.bytes, 4)
    await bench.setCut(false)
    await bench.until(() => far.bytes === 13, 'the rest arrives')
    assert.equal(far.text, 'one two three')
    near.stream.destroy()
    await bench.until(() => far.closed, 'it is closed')
    server.close()
  })
}
