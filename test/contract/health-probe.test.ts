// SPDX-License-Identifier: Apache-2.0
/** The prober against real servers on loopback: good ones, and such as answer whatever comes to their mind. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { Gates } from '../../src/health/gates.ts'
import { MOST_BODY_BYTES, openHttpProbe, TIMEOUT_MS } from '../../src/health/probe.ts'
import type { Clock } from '../../src/lib/clock.ts'
import { randomOf } from '../fuzz/mutations.ts'

type Answer = (socket: Socket) => void

const GOOD = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const HEAD_BYTES = GOOD.length - 2
const CLOSED = 'the connection was closed without an answer'
const NO_ANSWER = `no answer within ${TIMEOUT_MS} ms`
const NO_HTTP = 'the answer is not HTTP'

/** A server that answers as soon as it is asked. */
async function serve(context: TestContext, answer: Answer, [host, wanted] = ['127.0.0.1', 0]) {
  const sockets = new Set<Socket>()
  const asked: string[] = []
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
    socket.once('data', (bytes) => {
      asked.push(bytes.toString('latin1'))
      answer(socket)
    })
  }).listen(wanted, host)
  await once(server, 'listening')
  const close = () => {
    for (const socket of sockets) socket.destroy()
    server.close()
  }
  context.after(close)
  const bound = server.address()
  assert.ok(bound !== null && typeof bound === 'object')
  return { port: bound.port, asked, sockets, close }
}

/** The prober keeps no connection. */
const closed = (socket: Socket) =>
  new Promise<void>((resolve) => void (socket.destroyed ? resolve() : socket.resume().once('close', () => resolve())))

const probeAt = (port: number, path = '/', address: string | null = '127.0.0.1') =>
  openHttpProbe({ address: () => address })({ port, path })

const says =
  (text: string): Answer =>
  (socket) =>
    void socket.end(text, 'latin1')
const saysAndStays =
  (text: string): Answer =>
  (socket) =>
    void socket.write(text, 'latin1')
const status = (line: string, more = ''): Answer => says(`HTTP/1.1 ${line}\r\nContent-Length: 0\r\n${more}\r\n`)

/** Says it again and again, until the other side has enough. */
const repeats = (first: string, piece: string, everyMs: number): Answer => {
  return (socket) => {
    socket.write(first)
    const timer = setInterval(() => socket.write(piece), everyMs)
    socket.on('close', () => clearInterval(timer))
  }
}

const ANSWERS: [string, Answer, string][] = [
  ['200', says(GOOD), 'ok'],
  ['200 on a connection that stays open', saysAndStays(GOOD), 'ok'],
  ['200 without a body', status('200 OK'), 'ok'],
  ['200 with words of its own', status('200 All is well'), 'ok'],
  ['200 by HTTP/1.0, to the end of the connection', says('HTTP/1.0 200 OK\r\n\r\nfine'), 'ok'],
  ['200 in chunks', says('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n'), 'ok'],
  ['200 after 100', says(`HTTP/1.1 100 Continue\r\n\r\n${GOOD}`), 'ok'],
  ['200 with half of its body', says('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf'), 'ok'],
  ['200 with a body that is never sent', saysAndStays('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n'), 'ok'],
  ['200 and then nonsense', says('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense'), 'ok'],
  ['204', status('204 No Content'), 'the answer has status 204'],
  ['302', status('302 Found', 'Location: http://127.0.0.1:1/\r\n'), 'the answer has status 302'],
  ['404', status('404 Not Found'), 'the answer has status 404'],
  ['503', status('503 Service Unavailable'), 'the answer has status 503'],
  ['101', status('101 Switching Protocols', 'Upgrade: x\r\nConnection: upgrade\r\n'), CLOSED],
  ['nothing, ever', () => undefined, NO_ANSWER],
  ['a head, byte by byte', repeats('HTTP/1.1 200 OK\r\n', 'x', 5), NO_ANSWER],
  ['100 without end', repeats('', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(50), 1), NO_ANSWER],
  ['the end at once', (socket) => void socket.end(), CLOSED],
  ['a reset', (socket) => void socket.resetAndDestroy(), CLOSED],
  ['half a head', says('HTTP/1.1 200 OK\r\nContent-Le'), CLOSED],
  [
    'a head of a megabyte',
    says(`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(2 ** 20)}\r\n\r\n`),
    'the head of the answer is too large',
  ],
  [
    'a head of a hundred thousand fields',
    says(`HTTP/1.1 200 OK\r\n${'A: b\r\n'.repeat(100_000)}\r\n`),
    'the head of the answer is too large',
  ],
  ['garbage', says('\0\x01\xff garbage'), NO_HTTP],
  ['TLS', says('\x15\x03\x01\0\x02\x02\x46'), NO_HTTP],
  ['status 2000', says('HTTP/1.1 2000 OK\r\n\r\n'), NO_HTTP],
  ['two lengths', says('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok'), NO_HTTP],
]

for (const [name, answer, expected] of ANSWERS) {
  test(`probe: answered with ${name}`, async (context) => {
    const { port, sockets } = await serve(context, answer)
    const startMs = performance.now()
    const result = await probeAt(port)
    assert.deepEqual(result, expected === 'ok' ? { ok: true } : { ok: false, reason: expected })
    // Generous for a busy machine, and far below what anything unbounded would take.
    assert.ok(performance.now() - startMs < TIMEOUT_MS + 3000)
    await Promise.all([...sockets].map(closed))
  })
}

test('probe: an answer without end is cut off after its bound', async (context) => {
  let sent = 0
  const piece = Buffer.alloc(MOST_BODY_BYTES)
  const { port } = await serve(context, (socket) => {
    const more = () => {
      while (!socket.destroyed && socket.write(piece)) sent += piece.length
    }
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n')
    socket.on('drain', more)
    more()
  })
  assert.deepEqual(await probeAt(port), { ok: true })
  // What two kernels buffer between the sides was sent, too.
  assert.ok(sent < 50 * 2 ** 20, `${sent} bytes`)
})

test('probe: asks for the path, by the address, and asks nothing else', async (context) => {
  const { port, asked } = await serve(context, says(GOOD), ['::1', 0])
  assert.deepEqual(await probeAt(port, '/healthz', '::1'), { ok: true })
  assert.equal(asked.length, 1)
  const [line, ...fields] = (asked[0] ?? '').split('\r\n')
  assert.equal(line, 'GET /healthz HTTP/1.1')
  assert.deepEqual(fields.toSorted(), ['', '', 'Connection: close', `Host: [::1]:${port}`, 'User-Agent: metallb'])
})

test('probe: nobody listens, no address yet, and no name is looked up', async (context) => {
  const { port, close } = await serve(context, says(GOOD))
  close()
  assert.deepEqual(await probeAt(port), { ok: false, reason: 'nobody listens there' })
  const unknown = { ok: false, reason: 'the address of this node is not known yet' }
  assert.deepEqual(await probeAt(port, '/', null), unknown)
  assert.deepEqual(await probeAt(port, '/', 'localhost'), { ok: false, reason: "'localhost' is no IP address" })
})

test('probe: an answer cut at any byte is good as soon as its head is whole, and never before', async (context) => {
  let length = 0
  const { port } = await serve(context, (socket) => void socket.end(GOOD.slice(0, length)))
  for (; length <= GOOD.length; length++)
    assert.deepEqual(
      await probeAt(port),
      length < HEAD_BYTES ? { ok: false, reason: CLOSED } : { ok: true },
      `${length} bytes`,
    )
})

test('probe: whatever is changed in an answer, there is a result', async (context) => {
  const random = randomOf(Number(process.env['FUZZ_SEED'] ?? 1))
  const below = (limit: number) => Math.floor(random() * limit)
  const corpus = [
    GOOD,
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n2\r\nok\r\n0\r\nX: y\r\n\r\n',
  ]
  let bytes = Buffer.alloc(0)
  const { port } = await serve(context, (socket) => void socket.end(bytes))
  let good = 0
  for (let i = 0; i < 400; i++) {
    bytes = Buffer.from(corpus[below(corpus.length)] ?? '')
    for (let times = 1 + below(3); times > 0; times--) bytes[below(bytes.length)] = below(256)
    const result = await probeAt(port)
    if (result.ok) good++
    else assert.match(result.reason, /^(?:the answer |the connection |the head )/, bytes.toString('latin1'))
  }
  assert.ok(good > 50 && good < 350, `${good} of 400 were good: the changes miss the point`)
})

test('probe: one that is under way does not keep the process alive', async (context) => {
  const { port } = await serve(context, () => undefined)
  const module = join(import.meta.dirname, '../../src/health/probe.ts')
  const script = `
    const { openHttpProbe } = await import(${JSON.stringify(module)})
    const startMs = performance.now()
    process.on('exit', () => console.log(performance.now() - startMs))
    openHttpProbe({ address: () => '127.0.0.1' })({ port: ${port}, path: '/' })
  `
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
    timeout: 20_000,
  })
  assert.equal(child.status, 0, child.stderr)
  assert.ok(Number(child.stdout) < TIMEOUT_MS / 2, child.stdout)
})

/** Five times as fast. */
const FAST: Clock = {
  monotonicMs: () => performance.now() * 5,
  wallMs: () => Date.now(),
  after: (delayMs, fire) => {
    const timer = setTimeout(fire, delayMs / 5)
    return { cancel: () => clearTimeout(timer) }
  },
}

test('gates and prober together: a server that starts, stops and starts again', async (context) => {
  const first = await serve(context, says(GOOD))
  const { port } = first
  const changes: string[] = []
  const waiting: (() => void)[] = []
  const gates = new Gates({
    probe: openHttpProbe({ address: () => '127.0.0.1' }),
    clock: FAST,
    onChange: (_gate, state, why) => {
      changes.push(`${state}: ${why}`)
      waiting.splice(0).forEach((wake) => wake())
    },
  })
  context.after(() => gates.close())
  const changed = () => new Promise<void>((resolve) => void waiting.push(resolve))
  gates.set([{ port, path: '/' }])
  await changed()
  first.close()
  await changed()
  await serve(context, says(GOOD), ['127.0.0.1', port])
  await changed()
  const risen = 'passing: 2 good answers in a row'
  assert.deepEqual(changes, [risen, 'failing: nobody listens there', risen])
})
