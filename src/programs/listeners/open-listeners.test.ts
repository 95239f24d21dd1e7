// SPDX-License-Identifier: Apache-2.0
/** All listeners on loopback, with real TLS and real sockets; the API server is scripted (test/cluster has a real one). */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { request as plainRequest } from 'node:http'
import { request as secureRequest } from 'node:https'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { connect } from 'node:tls'
import type { KubeApi } from '../../kube/api.ts'
import { systemClock } from '../../lib/clock.ts'
import { Fault } from '../../lib/fault.ts'
import { createLog } from '../../lib/log.ts'
import { Metrics } from '../../lib/metrics.ts'
import { isAdmitted } from './local-socket.ts'
import { type ListenerOptions, type Listeners, openListeners } from './open-listeners.ts'
import { Readiness } from './readiness.ts'
import { openRunDirectory } from './run-directory.ts'
import { makeSelfSigned } from './self-signed.ts'

const scratch = mkdtempSync(join(tmpdir(), 'metallb-listeners-'))
after(() => rmSync(scratch, { recursive: true }))

const FLAGS = {
  port: 0,
  'metrics-secure': null,
  'metrics-cert-dir': '',
  'tls-min-version': '',
  'tls-cipher-suites': '',
  'tls-curve-preferences': '',
  'health-probe-port': 0,
}

/** Knows the token `reader`, who may get /metrics and /api/v1/state. */
const API: KubeApi = {
  request: async ({ path, body }) => {
    const text = JSON.stringify(body)
    if (path.endsWith('tokenreviews')) {
      return { status: { authenticated: text.includes('"token":"reader"'), user: { username: 'reader' } } }
    }
    return { status: { allowed: /"path":"\/(metrics|api\/v1\/state)"/.test(text) } }
  },
  stream: () => assert.fail('a review is one request'),
  close: () => {},
}

let runs = 0
type Given = Partial<Omit<ListenerOptions, 'flags'>> & { flags?: Partial<ListenerOptions['flags']> }

function* services(): Generator {
  yield { service: 'default/web' }
  yield { service: 'default/api' }
}

async function open(given: Given = {}): Promise<Listeners & { lines: string[]; readiness: Readiness }> {
  const lines: string[] = []
  const readiness = new Readiness()
  const metrics = new Metrics()
  metrics.gauge('answer', 'A.').set({}, 42)
  const documents = {
    state: () => ({ leader: 'me', services: services() }),
    plan: () => ({ services: [] }),
    peers: () => ({ peers: [] }),
    members: () => ({ members: [] }),
    history: () => ({ keptIn: 'memory', entries: [] }),
  }
  const listeners = await openListeners({
    program: 'controller',
    readiness,
    metrics,
    documents: () => documents,
    directory: openRunDirectory(join(scratch, `run-${++runs}`)),
    api: () => API,
    clock: systemClock,
    log: createLog('all', (line) => lines.push(line)),
    ...given,
    flags: { ...FLAGS, ...given.flags },
  })
  return { ...listeners, lines, readiness }
}

type Got = { status: number; body: string; type: string }
type Asking = { secure?: boolean; port?: number | null; socketPath?: string; token?: string; method?: string }

async function get(path: string, { secure = false, port, token, ...rest }: Asking): Promise<Got> {
  const { promise, resolve, reject } = Promise.withResolvers<Got>()
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const options = {
    host: '127.0.0.1',
    ...(port && { port }),
    ...rest,
    path,
    headers,
    rejectUnauthorized: false,
    agent: false,
  }
  const request = (secure ? secureRequest : plainRequest)(options, (response) => {
    let body = ''
    response.setEncoding('utf8').on('data', (text: string) => (body += text))
    response.on('end', () =>
      resolve({ status: response.statusCode ?? 0, body, type: response.headers['content-type'] ?? '' }),
    )
  })
  request.on('error', reject).end()
  return await promise
}

/** A port that was free a moment ago; 0 means "off" to the flags. */
async function freePort(): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>()
  const server = createServer().listen(0, () => {
    const address = server.address()
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0
    server.close(() => resolve(port))
  })
  return await promise
}

test('health: alive at once, ready when every condition is met, and it says what is missing', async () => {
  const port = await freePort()
  const { close, readiness } = await open({ flags: { 'health-probe-port': port } })
  readiness.waitFor('objects', 'is waiting for the API server')
  readiness.waitFor('webhooks', 'has no certificate yet')
  readiness.met('webhooks')
  assert.deepEqual(await get('/healthz', { port }), { status: 200, body: 'ok\n', type: 'text/plain; charset=utf-8' })
  const missing = await get('/readyz', { port })
  assert.equal(missing.status, 503)
  assert.equal(missing.body, '[-]objects is waiting for the API server\n[+]webhooks ok\nreadyz check failed\n')
  readiness.met('objects')
  assert.equal((await get('/readyz', { port })).body, 'ok\n')
  assert.equal((await get('/readyz?verbose', { port })).body, '[+]objects ok\n[+]webhooks ok\nreadyz check passed\n')
  assert.equal((await get('/readyz?verbose=1', { port, method: 'HEAD' })).body, '')
  assert.equal((await get('/', { port })).status, 404)
  assert.equal((await get('/healthz', { port, method: 'POST' })).status, 405)
  await close()
  await assert.rejects(get('/healthz', { port }), { code: 'ECONNREFUSED' })
})

test('metrics by plain HTTP, without the documents', async () => {
  const port = await freePort()
  const { close } = await open({ flags: { port } })
  const { status, body, type } = await get('/metrics', { port })
  assert.deepEqual([status, type], [200, 'text/plain; version=0.0.4; charset=utf-8'])
  assert.equal(body, '# HELP answer A.\n# TYPE answer gauge\nanswer 42\n')
  assert.equal((await get('/api/v1/state', { port, token: 'reader' })).status, 404)
  assert.equal((await get('/', { port })).status, 404)
  await close()
})

const GUARDED: [string, string, string | undefined, number][] = [
  ['metrics for a token that may', '/metrics', 'reader', 200],
  ['metrics for an unknown token', '/metrics', 'nobody', 401],
  ['metrics without a token', '/metrics', undefined, 401],
  ['a document for a token that may', '/api/v1/state', 'reader', 200],
  ['a document without the right to it', '/api/v1/plan', 'reader', 403],
  ['another spelling of a path does not get around the right', '/api/v1/../v1/plan', 'reader', 403],
  ['a path that does not exist, without the right', '/secret', 'reader', 403],
]
test('metrics and documents by HTTPS, for those who may', async (t) => {
  const port = await freePort()
  const { close } = await open({ flags: { port, 'metrics-secure': true } })
  for (const [name, path, token, status] of GUARDED) {
    await t.test(name, async () => {
      const got = await get(path, { secure: true, port, ...(token !== undefined && { token }) })
      assert.equal(got.status, status, got.body)
    })
  }
  await t.test('a document is JSON, its lists line by line', async () => {
    const { body, type } = await get('/api/v1/state', { secure: true, port, token: 'reader' })
    assert.equal(type, 'application/json')
    assert.equal(
      body,
      '{\n"leader": "me",\n"services": [\n{"service":"default/web"},\n{"service":"default/api"}\n]\n}\n',
    )
  })
  await t.test('plain HTTP is no way in', async () => {
    await assert.rejects(get('/metrics', { port, token: 'reader' }))
  })
  await close()
})

test('an API server that does not answer lets nobody in, and the log says so', async () => {
  const port = await freePort()
  const api: KubeApi = { ...API, request: async () => Promise.reject(new Fault({ code: 'unavailable' }, 'it is away')) }
  const { close, lines } = await open({ api: () => api, flags: { port, 'metrics-secure': true } })
  const { status } = await get('/metrics', { secure: true, port, token: 'reader' })
  assert.equal(status, 503)
  assert.match(lines.join(''), /cannot tell who may read \/metrics: it is away/)
  await close()
})

test('a daemon that is still starting says so, and lets nobody in', async () => {
  const port = await freePort()
  const known: { api: KubeApi | null } = { api: null }
  const given = { api: () => known.api, documents: () => null, flags: { port, 'metrics-secure': true } }
  const { close, socketPath } = await open(given)
  const get503 = await get('/metrics', { secure: true, port, token: 'reader' })
  assert.equal(get503.status, 503)
  assert.match(get503.body, /^this is still starting: \/readyz/)
  assert.equal((await get('/api/v1/state', { socketPath: socketPath ?? '' })).status, 503)
  assert.equal((await get('/metrics', { socketPath: socketPath ?? '' })).status, 200)
  known.api = API
  assert.equal((await get('/metrics', { secure: true, port, token: 'reader' })).status, 200)
  await close()
})

type Handshake = Readonly<{ protocol: string | null; cipher: string; subject: string }>
async function handshake(port: number, options: object): Promise<Handshake> {
  const { promise, resolve, reject } = Promise.withResolvers<Handshake>()
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options })
  socket.on('error', reject).on('secureConnect', () => {
    const { fingerprint256 } = socket.getPeerCertificate()
    resolve({ protocol: socket.getProtocol(), cipher: socket.getCipher().name, subject: fingerprint256 })
    socket.destroy()
  })
  return await promise
}

test('TLS as the flags say', async (t) => {
  await t.test('1.3 alone by default', async () => {
    const port = await freePort()
    const { close } = await open({ flags: { port, 'metrics-secure': true } })
    assert.equal((await handshake(port, {})).protocol, 'TLSv1.3')
    await assert.rejects(handshake(port, { maxVersion: 'TLSv1.2' }))
    await close()
  })
  await t.test('1.2 with the suites given, 1.3 with its own', async () => {
    const port = await freePort()
    const suites = 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256'
    const flags = { 'tls-min-version': 'VersionTLS12', 'tls-cipher-suites': suites, 'tls-curve-preferences': '24' }
    const { close } = await open({ flags: { port, 'metrics-secure': true, ...flags } })
    const { cipher } = await handshake(port, { maxVersion: 'TLSv1.2' })
    assert.equal(cipher, 'ECDHE-RSA-AES256-GCM-SHA384')
    await assert.rejects(handshake(port, { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' }))
    assert.equal((await handshake(port, {})).protocol, 'TLSv1.3')
    await assert.rejects(handshake(port, { ecdhCurve: 'X25519' }))
    await close()
  })
})

/** A mounted Secret: files behind links, of which one is swapped. */
async function mount(directory: string, version: string): Promise<void> {
  const { cert, key } = await makeSelfSigned(systemClock)
  mkdirSync(join(directory, version), { recursive: true })
  writeFileSync(join(directory, version, 'tls.crt'), cert)
  writeFileSync(join(directory, version, 'tls.key'), key)
  swap(directory, version)
}

function swap(directory: string, version: string): void {
  symlinkSync(version, join(directory, 'next'))
  renameSync(join(directory, 'next'), join(directory, '..data'))
  for (const name of ['tls.crt', 'tls.key']) {
    if (!existsSync(join(directory, name))) symlinkSync(`..data/${name}`, join(directory, name))
  }
}

async function until(what: string, happened: () => boolean): Promise<void> {
  const endMs = performance.now() + 10_000
  while (!happened()) {
    assert.ok(performance.now() < endMs, `not within 10 s: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

test('a certificate that changes is used at once, and a broken one is not', async () => {
  const directory = join(scratch, 'secret')
  await mount(directory, 'v1')
  const port = await freePort()
  const { close, lines } = await open({ flags: { port, 'metrics-secure': true, 'metrics-cert-dir': directory } })
  const first = await handshake(port, {})
  await mount(directory, 'v2')
  await until('the new certificate', () => lines.some((line) => line.includes('certificate changed')))
  const second = await handshake(port, {})
  assert.notEqual(second.subject, first.subject)
  mkdirSync(join(directory, 'v3'))
  writeFileSync(join(directory, 'v3/tls.crt'), 'no certificate')
  writeFileSync(join(directory, 'v3/tls.key'), 'no key')
  swap(directory, 'v3')
  await until('the complaint', () => lines.some((line) => line.includes('the one before stays in use')))
  assert.equal((await handshake(port, {})).subject, second.subject)
  await close()
})

test('the local socket: a file for its owner alone, which a crash may leave behind', async () => {
  const directory = openRunDirectory(join(scratch, 'socket'))
  const first = await open({ directory })
  const path = join(scratch, 'socket/controller.sock')
  assert.equal(first.socketPath, path)
  assert.equal(statSync(path).mode & 0o777, 0o600)
  assert.equal((await get('/api/v1/history', { socketPath: path })).status, 200)
  assert.equal((await get('/metrics', { socketPath: path })).status, 200)
  assert.match((await get('/api/v2', { socketPath: path })).body, /there are \/metrics, \/api\/v1\/state, /)
  const second = await open({ directory, program: 'speaker' })
  assert.equal(second.socketPath, join(scratch, 'socket/speaker.sock'), 'each daemon has its own')
  await Promise.all([first.close(), second.close()])
  // A process that is killed leaves the file.
  const dead = createServer().listen(path)
  await new Promise((resolve) => dead.once('listening', resolve))
  renameSync(path, `${path}.kept`)
  await new Promise((resolve) => dead.close(resolve))
  renameSync(`${path}.kept`, path)
  // Of several that start at once somebody has the place, and none fails for it.
  const several = await Promise.all([1, 2, 3].map(async () => await open({ directory })))
  assert.ok(several.some(({ socketPath }) => socketPath === path))
  assert.equal((await get('/metrics', { socketPath: path })).status, 200)
  await Promise.all(several.map(async (each) => await each.close()))
})

test('where nothing can be written, a name in the abstract namespace; where that is taken, none', async () => {
  const directory = openRunDirectory('/proc/metallb')
  const first = await open({ directory })
  assert.equal(first.socketPath, '\0metallb-controller')
  assert.equal((await get('/api/v1/plan', { socketPath: '\0metallb-controller' })).status, 200)
  const second = await open({ directory })
  assert.equal(second.socketPath, null)
  assert.match(second.lines.join(''), /there is no local socket: local socket @metallb-controller: another process/)
  await Promise.all([first.close(), second.close()])
})

const VISITORS: [string, number | null, number, boolean][] = [
  ['root', 0, 65_534, true],
  ['our own user', 65_534, 65_534, true],
  ['root, where we are root', 0, 0, true],
  ['another user', 1000, 65_534, false],
  ['another user, where we are root', 65_534, 0, false],
  ['nobody knows who', null, 0, false],
]
for (const [name, user, own, admitted] of VISITORS) {
  test(`the local socket admits ${name}: ${admitted}`, () => assert.equal(isAdmitted(user, own), admitted))
}

const FAULTS: [string, (taken: number) => Partial<ListenerOptions['flags']>, RegExp][] = [
  ['a health port in use', (taken) => ({ 'health-probe-port': taken }), /^port \d+ for health probes: another process/],
  ['a metrics port in use', (taken) => ({ port: taken }), /^port \d+ for metrics: another process listens there$/],
  ['TLS flags that are wrong', (taken) => ({ port: taken, 'tls-curve-preferences': '1' }), /^--tls-curve-preferences /],
  [
    'a directory without certificate',
    (taken) => ({ port: taken, 'metrics-secure': true, 'metrics-cert-dir': join(scratch, 'none') }),
    /^the certificate in .*none cannot be used: ENOENT/,
  ],
]
test('what keeps a daemon from starting', async (t) => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, resolve))
  const address = server.address()
  const taken = typeof address === 'object' ? (address?.port ?? 0) : 0
  for (const [name, flags, message] of FAULTS) {
    await t.test(name, async () => {
      await assert.rejects(
        open({ flags: flags(taken) }),
        (error) => error instanceof Fault && message.test(error.message),
      )
    })
  }
  await t.test('HTTPS without an API server to ask', async () => {
    await assert.rejects(open({ api: null, flags: { port: 9120 } }), /--metrics-secure=false/)
  })
  await new Promise((resolve) => server.close(resolve))
})
