// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type RequestOptions, request } from 'node:https'
import { after, test } from 'node:test'
import { connect } from 'node:tls'
import { issueServing, makeAuthority } from '../lib/certificate.ts'
import { Fault } from '../lib/fault.ts'
import { AdmissionServer, MAX_BODY_BYTES, type Route } from './admission.ts'

const HOST = 'localhost'
const NAME = { commonName: 'cert', organization: 'metallb' }
const period = { notBeforeMs: Date.now() - 60_000, notAfterMs: Date.now() + 3_600_000 }
const authority = await makeAuthority(NAME, period)
const issue = () => issueServing(authority, { name: NAME, dnsNames: [HOST] }, period)

const DECIDE: Route = {
  review: 'admission',
  async decide({ operation }) {
    if (operation === 'CONNECT') throw new Fault({ code: 'unavailable' }, 'the API server does not answer')
    return { refusal: null, warnings: [operation] }
  },
}
const CONVERT: Route = {
  review: 'conversion',
  decide: async ({ objects }) => ({ ok: true, objects }),
}
const failures: string[] = []
const server = new AdmissionServer({
  routes: new Map<string, Route>([
    ['/admit', DECIDE],
    ['/convert', CONVERT],
  ]),
  identity: await issue(),
  tls: { minVersion: 'TLSv1.3' },
  port: 0,
  host: '127.0.0.1',
  onFailure: ({ path, status, message }) => failures.push(`${path} ${status} ${message}`),
})
const port = await server.listen()
after(() => server.close())

type Answer = Readonly<{ status: number; text: string }>

async function ask(options: RequestOptions, ...chunks: readonly (string | Buffer)[]): Promise<Answer> {
  const trusted = { host: '127.0.0.1', servername: HOST, ca: authority.cert, port, agent: false }
  const sent = request({ ...trusted, method: 'POST', path: '/admit', ...options })
  for (const chunk of chunks) sent.write(chunk)
  sent.end()
  const [response] = await once(sent, 'response')
  let text = ''
  for await (const chunk of response.setEncoding('utf8')) text += chunk
  return { status: response.statusCode, text }
}

const review = (operation: string) =>
  JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request: { uid: 'u', operation } })

test('a review is answered', async () => {
  const { status, text } = await ask({ path: '/admit?timeout=10s' }, review('DELETE'))
  const response = { uid: 'u', allowed: true, warnings: ['DELETE'] }
  const expected = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response }
  assert.deepEqual([status, JSON.parse(text)], [200, expected])
})

const spread = Array.from({ length: 8 }, () => Buffer.alloc(MAX_BODY_BYTES / 4, 'a'))
/** [name, request, body, status, what is said] */
const REFUSED: readonly (readonly [string, RequestOptions, readonly (string | Buffer)[], number, string])[] = [
  ['another path', { path: '/' }, [review('DELETE')], 404, 'there is no webhook of this path\n'],
  ['another method', { method: 'PUT' }, [review('DELETE')], 405, 'a review is sent by POST\n'],
  ['not JSON', {}, ['x'], 400, 'the body is not JSON\n'],
  ['not UTF-8', {}, [Buffer.from([0xff, 0xfe, 0])], 400, 'the body is not JSON\n'],
  ['nothing', {}, [], 400, 'the body is not JSON\n'],
  [
    'the other review',
    { path: '/convert' },
    [review('DELETE')],
    400,
    'this is no ConversionReview of apiextensions.k8s.io/v1 or apiextensions.k8s.io/v1beta1\n',
  ],
  ['a long body without its length', {}, spread, 413, `a review is at most ${MAX_BODY_BYTES} bytes long\n`],
  [
    'a body said to be long',
    { headers: { 'Content-Length': MAX_BODY_BYTES + 1 } },
    ['x'],
    413,
    `a review is at most ${MAX_BODY_BYTES} bytes long\n`,
  ],
  [
    'what cannot be told now',
    {},
    [review('CONNECT')],
    503,
    'this cannot be checked now: the API server does not answer\n',
  ],
]
for (const [name, options, chunks, status, text] of REFUSED) {
  test(`refused in one sentence: ${name}`, async () => {
    failures.length = 0
    assert.deepEqual(await ask(options, ...chunks), { status, text })
    assert.deepEqual(failures, [`${options.path ?? '/admit'} ${status} ${text.trimEnd()}`])
  })
}

test('a body of just the longest length is read', async () => {
  const body = review('DELETE')
  const { status } = await ask({}, body + ' '.repeat(MAX_BODY_BYTES - body.length))
  assert.equal(status, 200)
})

test('older TLS is refused', async () => {
  const old = connect({ host: '127.0.0.1', port, ca: authority.cert, servername: HOST, maxVersion: 'TLSv1.2' })
  const [refused] = await once(old, 'error')
  assert.match(String(refused), /protocol version/i)
})

async function serialOf(): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, ca: authority.cert, servername: HOST })
  await once(socket, 'secureConnect')
  const { serialNumber } = socket.getPeerCertificate()
  socket.destroy()
  return serialNumber
}

test('a new certificate is used for the next connection', async () => {
  const before = await serialOf()
  server.useIdentity(await issue())
  assert.notEqual(await serialOf(), before)
})

test('who connects and says nothing is cut off', async () => {
  const socket = connect({ host: '127.0.0.1', port, ca: authority.cert, servername: HOST })
  await once(socket, 'secureConnect')
  const started = performance.now()
  socket.resume()
  await once(socket, 'close')
  assert.ok(performance.now() - started < 15_000)
})

test('who sends a body byte by byte is cut off', async () => {
  const socket = connect({ host: '127.0.0.1', port, ca: authority.cert, servername: HOST })
  await once(socket, 'secureConnect')
  socket.on('error', () => undefined) // it is cut while we write
  socket.write('POST /admit HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n')
  const drip = setInterval(() => socket.write('x'), 200)
  socket.resume()
  const started = performance.now()
  await once(socket, 'close')
  clearInterval(drip)
  assert.ok(performance.now() - started < 15_000)
})
