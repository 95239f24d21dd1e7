// SPDX-License-Identifier: Apache-2.0
/** What src/lib/sockets.ts promises of connections. */
import assert from 'node:assert/strict'
import type { ByteStream } from '../../src/lib/sockets.ts'
import {
  bytesOf,
  connected,
  echo,
  FAR,
  FAR6,
  fails,
  Listening,
  listeningPair,
  NEAR,
  NEAR6,
  noFault,
  type On,
} from './sockets-bench.ts'

export function connections(on: On): void {
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

export function endings(on: On): void {
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

  on('destroyed from within onData, with more that came before anybody listened: no more data', async (bench) => {
    const { near, far, server } = await connected(bench)
    for (let i = 0; i < 5; i++) {
      near.write(Buffer.alloc(100, `${i}`))
      await bench.pass()
    }
    let heard = 0
    let closed = false
    far.listen({
      onData: () => {
        heard++
        far.destroy()
      },
      onEnd: () => assert.fail('no end was sent'),
      onClose: () => {
        closed = true
      },
    })
    await bench.until(() => closed, 'it is closed')
    assert.equal(heard, 1)
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

export function pressure(on: On): void {
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
