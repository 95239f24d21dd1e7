// SPDX-License-Identifier: Apache-2.0
/** The client against a scripted server, for what no API server says at will. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { parseRetryAfter } from '../../src/kube/answer.ts'
import { type KubeApi, KubeFault, type KubeRequest, MERGE_PATCH } from '../../src/kube/api.ts'
import { openClient } from '../../src/kube/client.ts'
import type { KubeConfig, Material } from '../../src/kube/config.ts'

type Handler = (request: IncomingMessage, response: ServerResponse) => void

const GET: KubeRequest = { method: 'GET', path: '/api/v1/services' }

function configFor(port: number, token: Material | null = null): KubeConfig {
  return {
    server: new URL(`http://127.0.0.1:${port}/prefix/`),
    authority: null,
    insecure: false,
    serverName: null,
    token,
    certificate: null,
    namespace: 'default',
  }
}

async function open(context: TestContext, handler: Handler, token?: Material): Promise<KubeApi> {
  const server = createServer(handler).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert(address !== null && typeof address === 'object')
  const api = openClient(configFor(address.port, token ?? null), { userAgent: 'test/1' })
  context.after(() => {
    api.close()
    server.closeAllConnections()
    server.close()
  })
  return api
}

const status = (code: number, message: string, more: object = {}) =>
  JSON.stringify({ kind: 'Status', code, message, ...more })

async function faultOf(promise: Promise<unknown>): Promise<KubeFault> {
  const thrown: unknown = await promise.then(
    () => null,
    (reason: unknown) => reason,
  )
  assert(thrown instanceof KubeFault, String(thrown))
  return thrown
}

async function collect(stream: AsyncIterable<Buffer>, into: Buffer[] = []): Promise<string> {
  for await (const chunk of stream) into.push(chunk)
  return Buffer.concat(into).toString()
}

test('a request carries path, query, body, token and who we are', async (context) => {
  const seen: unknown[] = []
  const handler: Handler = (request, response) => {
    const { method, url, headers } = request
    let body = ''
    request.setEncoding('utf8').on('data', (text) => (body += text))
    request.on('end', () => {
      seen.push(
        method,
        url,
        headers.authorization,
        headers['content-type'],
        headers['user-agent'],
        headers.accept,
        body,
      )
      response.end('{"answer":42}')
    })
  }
  const api = await open(context, handler, { text: 'secret' })
  const answer = await api.request({
    method: 'PATCH',
    path: '/apis/x/y%20z',
    query: { fieldManager: 'a b' },
    body: { ä: 1 },
    contentType: MERGE_PATCH,
  })
  assert.deepEqual(answer, { answer: 42 })
  assert.deepEqual(seen, [
    'PATCH',
    '/prefix/apis/x/y%20z?fieldManager=a+b',
    'Bearer secret',
    MERGE_PATCH,
    'test/1',
    'application/json',
    '{"ä":1}',
  ])
})

const REFUSALS: [string, number, Record<string, string>, string, Partial<KubeFault['kind']>, RegExp][] = [
  [
    '401',
    401,
    {},
    status(401, 'Unauthorized'),
    { code: 'unauthorized' },
    /^GET \/api\/v1\/services: Unauthorized \(status 401\)$/,
  ],
  ['403', 403, {}, status(403, 'services is forbidden'), { code: 'forbidden' }, /services is forbidden/],
  ['404', 404, {}, '404 page not found\n', { code: 'notFound' }, /: 404 page not found \(status 404\)$/],
  ['409', 409, {}, status(409, 'changed', { reason: 'Conflict' }), { code: 'conflict' }, /changed/],
  ['409 of a create', 409, {}, status(409, 'there', { reason: 'AlreadyExists' }), { code: 'alreadyExists' }, /there/],
  ['410', 410, {}, status(410, 'too old'), { code: 'expired' }, /too old/],
  ['422', 422, {}, status(422, 'spec.ports: Required'), { code: 'invalid' }, /Required/],
  ['429', 429, { 'Retry-After': '3' }, '', { code: 'throttled', retryAfterMs: 3000 }, /no reason given/],
  [
    '429 that says in the body when',
    429,
    {},
    status(429, 'slow', { details: { retryAfterSeconds: 2 } }),
    { code: 'throttled', retryAfterMs: 2000 },
    /slow/,
  ],
  ['500', 500, {}, status(500, 'etcd is away'), { code: 'unavailable', retryAfterMs: null }, /etcd is away/],
  [
    '503 of a proxy',
    503,
    { 'Retry-After': '1' },
    '<html>\u0007',
    { code: 'unavailable', retryAfterMs: 1000 },
    /: <html> \(/,
  ],
  ['a redirect', 302, { Location: 'http://192.0.2.1/' }, '', { code: 'invalid', status: 302 }, /status 302/],
]
for (const [name, code, headers, body, kind, message] of REFUSALS) {
  test(`refused with ${name}`, async (context) => {
    const api = await open(context, (_, response) => response.writeHead(code, headers).end(body))
    for (const asked of [api.request(GET), collect(api.stream(GET))]) {
      const fault = await faultOf(asked)
      assert.deepEqual({ ...fault.kind, ...kind }, fault.kind)
      assert.equal(fault.kind.status, code)
      assert.match(fault.message, message)
    }
  })
}

const BROKEN: [string, Handler, KubeFault['kind']['code'], RegExp][] = [
  ['an answer that is not JSON', (_, response) => response.end('<html>'), 'unavailable', /the answer is not JSON/],
  [
    'an answer without end',
    (_, response) => {
      const chunk = Buffer.alloc(2 ** 20, 'x')
      const pump = (): unknown => response.write(chunk, (error) => error ?? pump())
      pump()
    },
    'unavailable',
    /larger than 8 MiB/,
  ],
  ['no answer', () => {}, 'timeout', /nothing came for 0\.2 s/],
  ['half an answer and silence', (_, response) => response.write('{"a":'), 'timeout', /nothing came/],
  [
    'half an answer and the end',
    (_, response) => void response.write('{"a":', () => response.destroy()),
    'unavailable',
    /no answer from 127\.0\.0\.1:\d+: the connection was cut/,
  ],
  ['a connection that is closed', (request) => request.destroy(), 'unavailable', /the connection was cut/],
]
for (const [name, handler, code, message] of BROKEN) {
  test(`${name} is a fault`, async (context) => {
    const api = await open(context, handler)
    const fault = await faultOf(api.request({ ...GET, timeoutMs: code === 'timeout' ? 200 : 10_000 }))
    assert.deepEqual([fault.kind.code, message.test(fault.message)], [code, true], fault.message)
  })
}

test('nobody there', async () => {
  const api = openClient(configFor(9), { userAgent: 'test/1' })
  const { message, kind } = await faultOf(api.request(GET))
  assert.match(message, /no answer from 127\.0\.0\.1:9: the connection is refused/)
  assert.equal(kind.code, 'unavailable')
  api.close()
})

test('after a 401 the token is read again, and only another one is tried', async (context) => {
  const directory = mkdtempSync(join(tmpdir(), 'metallb-token-'))
  context.after(() => rmSync(directory, { recursive: true }))
  const file = join(directory, 'token')
  writeFileSync(file, 'old')
  const seen: (string | undefined)[] = []
  const handler: Handler = ({ headers }, response) => {
    seen.push(headers.authorization)
    response.writeHead(headers.authorization === 'Bearer new' ? 200 : 401).end('{}')
  }
  const api = await open(context, handler, { file })
  assert.equal((await faultOf(api.request(GET))).kind.code, 'unauthorized')
  assert.deepEqual(seen, ['Bearer old'])
  writeFileSync(file, 'new')
  assert.deepEqual(await api.request(GET), {})
  assert.deepEqual(await collect(api.stream(GET)), '{}')
  assert.deepEqual(seen, ['Bearer old', 'Bearer old', 'Bearer new', 'Bearer new'])
})

test('of two that are refused at once, both go on with the new token, whoever reads it first', async (context) => {
  const directory = mkdtempSync(join(tmpdir(), 'metallb-token-'))
  context.after(() => rmSync(directory, { recursive: true }))
  const file = join(directory, 'token')
  writeFileSync(file, 'old')
  const refused: (() => void)[] = []
  const handler: Handler = ({ headers }, response) => {
    if (headers.authorization === 'Bearer new') {
      response.end('{}')
      return
    }
    refused.push(() => response.writeHead(401).end('{}'))
    if (refused.length < 2) return
    writeFileSync(file, 'new')
    for (const refuse of refused) refuse()
  }
  const api = await open(context, handler, { file })
  assert.deepEqual(await Promise.all([api.request(GET), api.request(GET)]), [{}, {}])
})

test('connections are kept for the next request', async (context) => {
  const ports = new Set<number | undefined>()
  const api = await open(context, ({ socket }, response) => {
    ports.add(socket.remotePort)
    response.end('{}')
  })
  for (let index = 0; index < 5; index++) await api.request(GET)
  assert.equal(await collect(api.stream(GET)), '{}')
  await api.request(GET)
  assert.equal(ports.size, 1)
})

test('a stream comes as it is written, says when it opens, and is cut when it ends early', async (context) => {
  const opened = Promise.withResolvers<void>()
  const said: ServerResponse[] = []
  const api = await open(context, (_, response) => {
    said.push(response)
    response.flushHeaders()
  })
  const chunks: Buffer[] = []
  const reading = faultOf(collect(api.stream({ ...GET, onOpen: opened.resolve }), chunks))
  await opened.promise
  assert.deepEqual(chunks, [])
  const [response] = said
  assert(response)
  await new Promise((resolve) => response.write('one', resolve))
  while (chunks.length === 0) await new Promise(setImmediate)
  response.destroy()
  const { kind, message } = await reading
  assert.deepEqual([Buffer.concat(chunks).toString(), kind.code], ['one', 'unavailable'], message)
})

test('a stream that falls silent is a time-out, one whose reader takes its time is none', async (context) => {
  const api = await open(context, (_, response) => void response.write('one'))
  const stream = api.stream({ ...GET, timeoutMs: 100 })
  const first = await stream[Symbol.asyncIterator]().next()
  assert.equal(String(first.value), 'one')
  await new Promise((resolve) => setTimeout(resolve, 250))
  const fault = await faultOf(collect(stream))
  assert.equal(fault.kind.code, 'timeout')
})

test('leaving a stream closes its connection', async (context) => {
  const closed = Promise.withResolvers<void>()
  const api = await open(context, (request, response) => {
    request.socket.on('close', closed.resolve)
    response.write('one')
  })
  for await (const chunk of api.stream(GET)) {
    assert.equal(String(chunk), 'one')
    break
  }
  await closed.promise
})

test('a signal and close end what is under way, and nothing is sent after', async (context) => {
  let requests = 0
  const api = await open(context, (_, response) => {
    requests++
    response.flushHeaders()
  })
  const abort = new AbortController()
  const reading = faultOf(collect(api.stream({ ...GET, signal: abort.signal, onOpen: () => abort.abort() })))
  assert.equal((await reading).kind.code, 'aborted')
  assert.equal((await faultOf(api.request({ ...GET, signal: abort.signal }))).kind.code, 'aborted')
  const waiting = faultOf(collect(api.stream({ ...GET, onOpen: () => api.close() })))
  assert.equal((await waiting).kind.code, 'aborted')
  const before = requests
  assert.equal((await faultOf(api.request(GET))).kind.code, 'aborted')
  assert.equal(requests, before)
})

const RETRY_AFTER: [string | undefined, number | null][] = [
  [undefined, null],
  ['', null],
  ['0', 0],
  ['120', 120_000],
  ['soon', null],
  ['-1', null],
  ['Thu, 01 Jan 1970 00:00:05 GMT', 4000],
  ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
]
for (const [text, expected] of RETRY_AFTER) {
  test(`Retry-After: ${text}`, () => assert.equal(parseRetryAfter(text, 1000), expected))
}
