// SPDX-License-Identifier: Apache-2.0
/**
 * The HTTPS server that an API server asks before it stores an object, and to convert one. HTTP/1.1 only.
 *
 * Every Pod of a cluster can reach this port and none has to say who it is. So a body is bounded, all bodies together
 * are, and who is slow is cut off; what is not a question gets a sentence, and nothing more of us than that.
 */
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import { Fault, reasonOf } from '../lib/fault.ts'
import { supervise } from '../lib/supervise.ts'
import {
  type AdmissionRequest,
  admissionAnswer,
  type Conversion,
  type ConversionRequest,
  conversionAnswer,
  type Reading,
  readAdmission,
  readConversion,
  type Verdict,
} from './admission-review.ts'

/** Longest body; the API server takes no longer request itself. */
export const MAX_BODY_BYTES = 3 * 2 ** 20
/** All bodies that are on their way: a controller may have 128 MiB for everything. */
const MAX_BYTES_TOGETHER = 8 * MAX_BODY_BYTES
const MAX_CONNECTIONS = 256
/** Until a request is here as a whole. The API server itself waits 10 s for the answer by default. */
const REQUEST_MS = 10_000
const HEADERS_MS = 5_000
/** Longer than the 90 s for which an API server keeps an idle connection: it should be the one that closes. */
const IDLE_MS = 120_000
/** What a connection may still take to finish when the server closes. */
const CLOSING_MS = 2_000

/**
 * A path of the server. `decide` may throw a Fault when it cannot tell (the caller then gets a 503 and does what its
 * failurePolicy says); whatever else it throws is a bug.
 */
export type Route =
  | Readonly<{ review: 'admission'; decide(request: AdmissionRequest): Promise<Verdict> }>
  | Readonly<{ review: 'conversion'; decide(request: ConversionRequest): Promise<Conversion> }>

export type Identity = Readonly<{ cert: string; key: string }>

export type AdmissionOptions = Readonly<{
  routes: ReadonlyMap<string, Route>
  /** PEM; null: no connection comes about before `useIdentity`. */
  identity: Identity | null
  tls: Readonly<{ minVersion: 'TLSv1.2' | 'TLSv1.3'; ciphers?: string; ecdhCurve?: string }>
  /** 0: any. */
  port: number
  /** All addresses where it is not given. */
  host?: string
  /** Hears each sentence that is sent in place of an answer. */
  onFailure(failure: Readonly<{ path: string; status: number; message: string }>): void
}>

export class AdmissionServer {
  readonly #options: AdmissionOptions
  readonly #server: Server
  #bytesTogether = 0

  constructor(options: AdmissionOptions) {
    this.#options = options
    const limits = { requestTimeout: REQUEST_MS, headersTimeout: HEADERS_MS, keepAliveTimeout: IDLE_MS }
    const handshake = { ALPNProtocols: ['http/1.1'], handshakeTimeout: HEADERS_MS }
    const contexts = { ...options.tls, ...options.identity, ...handshake }
    this.#server = createServer({ ...contexts, ...limits, connectionsCheckingInterval: 1000 })
    this.#server.maxConnections = MAX_CONNECTIONS
    this.#server.on('request', (request, response) => {
      supervise('a webhook call', this.#serve(request, response))
    })
    this.#server.on('tlsClientError', (_error, socket) => socket.destroy())
  }

  /** Resolves with the port when it listens; throws a Fault `cannotListen`. */
  async listen(): Promise<number> {
    const { port, host } = this.#options
    this.#server.listen({ port, ...(host !== undefined && { host }) })
    try {
      await once(this.#server, 'listening')
    } catch (thrown) {
      throw new Fault(
        { code: 'cannotListen' },
        `webhooks cannot be served on port ${port}: ${reasonOf(thrown)}`,
        thrown,
      )
    }
    const address = this.#server.address()
    return typeof address === 'object' && address !== null ? address.port : port
  }

  /** Connections from now on get this certificate; the open ones go on with theirs. */
  useIdentity(identity: Identity): void {
    this.#server.setSecureContext({ ...this.#options.tls, ...identity })
  }

  /** Takes no more calls, and gives those that are under way a moment. */
  async close(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeIdleConnections()
    const cut = setTimeout(() => this.#server.closeAllConnections(), CLOSING_MS)
    await closed
    clearTimeout(cut)
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = ''] = (request.url ?? '').split('?', 1) // the API server adds its time limit
    const route = this.#options.routes.get(path)
    if (route === undefined) return this.#fail(response, path, 404, 'there is no webhook of this path')
    if (request.method !== 'POST') return this.#fail(response, path, 405, 'a review is sent by POST')
    const body = await this.#read(request)
    if (body === 'gone') return
    if (body === 'tooLong') {
      return this.#fail(response, path, 413, `a review is at most ${MAX_BODY_BYTES} bytes long`)
    }
    if (body === 'busy') return this.#fail(response, path, 503, 'too many reviews at a time, ask again')
    try {
      const answer = await answerTo(route, body.toString())
      if (!answer.ok) return this.#fail(response, path, 400, answer.message)
      response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(answer.request))
    } catch (thrown) {
      if (!(thrown instanceof Fault)) throw thrown
      this.#fail(response, path, 503, `this cannot be checked now: ${reasonOf(thrown)}`)
    }
  }

  async #read(request: IncomingMessage): Promise<Buffer | 'tooLong' | 'busy' | 'gone'> {
    if (Number(request.headers['content-length'] ?? 0) > MAX_BODY_BYTES) return 'tooLong'
    const chunks: Buffer[] = []
    let bytes = 0
    try {
      // Leaving the loop must not destroy the connection: the answer still goes out on it.
      for await (const chunk of request.iterator({ destroyOnReturn: false })) {
        bytes += chunk.length
        this.#bytesTogether += chunk.length
        if (bytes > MAX_BODY_BYTES) return 'tooLong'
        if (this.#bytesTogether > MAX_BYTES_TOGETHER) return 'busy'
        chunks.push(chunk)
      }
      return Buffer.concat(chunks)
    } catch {
      return 'gone' // the caller hung up, or was too slow and was cut off
    } finally {
      this.#bytesTogether -= bytes
    }
  }

  /** Closes the connection: the rest of a body that nobody reads is still under way on it. */
  #fail(response: ServerResponse, path: string, status: number, message: string): void {
    if (response.headersSent || response.destroyed) return
    this.#options.onFailure({ path: path.slice(0, 100), status, message })
    response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', Connection: 'close' }).end(`${message}\n`)
  }
}

async function answerTo(route: Route, body: string): Promise<Reading<unknown>> {
  if (route.review === 'admission') {
    const reading = readAdmission(body)
    if (!reading.ok) return reading
    return { ok: true, request: admissionAnswer(reading.request.uid, await route.decide(reading.request)) }
  }
  const reading = readConversion(body)
  if (!reading.ok) return reading
  return { ok: true, request: conversionAnswer(reading.request, await route.decide(reading.request)) }
}
