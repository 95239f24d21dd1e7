// SPDX-License-Identifier: Apache-2.0
/**
 * The API server over HTTP/1.1: one connection to a request, kept for the next one. Nothing is repeated here, except
 * once after a 401 when there is another token by now; whoever asks knows whether asking again makes sense.
 *
 * Silent connections: what is lost on the way is found by TCP keepalive within KEEPALIVE_MS and 10 s more, a server
 * that is there and says nothing by `timeoutMs`.
 */
import { type ClientRequest, Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { failureOf, isDistrust, nameOf, refusalOf } from './answer.ts'
import { JSON_TYPE, type KubeApi, KubeFault, type KubeRequest } from './api.ts'
import type { KubeConfig } from './config.ts'
import { Credentials } from './credentials.ts'

export type ClientOptions = Readonly<{
  /** Tells the API server's operators who we are: program/version. */
  userAgent: string
  /** Milliseconds that never go back. */
  nowMs?(): number
}>

/** Of a request that names none. */
const TIMEOUT_MS = 10_000
/** An answer that is not streamed: one object, or a short list. */
const MAX_ANSWER_BYTES = 8 * 2 ** 20
/** Of a refusal; the rest is not read. */
const MAX_REFUSAL_BYTES = 64 * 2 ** 10
/** Idle time before the first probe; Node sends ten, a second apart, before it gives up. */
const KEEPALIVE_MS = 15_000
/** A connection that nobody used for this long is closed before the server does so under a request of ours. */
const UNUSED_MS = 30_000

/** Opens nothing yet, but reads the files of `config`: throws a Fault that names the one it cannot. */
export function openClient(config: KubeConfig, options: ClientOptions): KubeApi {
  return new Client(config, options)
}

class Client implements KubeApi {
  readonly #server: URL
  readonly #userAgent: string
  readonly #nowMs: () => number
  readonly #credentials: Credentials
  readonly #calls = new Set<ClientRequest>()
  #agent: HttpAgent
  #agentEpoch = 0
  #closed = false

  constructor(config: KubeConfig, { userAgent, nowMs = () => performance.now() }: ClientOptions) {
    this.#server = config.server
    this.#userAgent = userAgent
    this.#nowMs = nowMs
    this.#credentials = new Credentials(config, nowMs())
    this.#agent = this.#makeAgent()
  }

  async request(request: KubeRequest): Promise<unknown> {
    const { timeoutMs = TIMEOUT_MS } = request
    const call = new Limit(request, timeoutMs)
    try {
      const response = await this.#accepted(request, call)
      const text = await readText(response, MAX_ANSWER_BYTES)
      if (text === null) throw this.#unusable(request, `the answer is larger than ${MAX_ANSWER_BYTES / 2 ** 20} MiB`)
      if (text === '') return null
      const value: unknown = JSON.parse(text)
      return value
    } catch (thrown) {
      if (thrown instanceof SyntaxError) throw this.#unusable(request, 'the answer is not JSON')
      throw this.#faultOf(request, call, thrown)
    } finally {
      call.end()
    }
  }

  async *stream(request: KubeRequest): AsyncGenerator<Buffer> {
    const call = new Limit(request, request.timeoutMs ?? TIMEOUT_MS)
    let response: IncomingMessage | null = null
    try {
      response = await this.#accepted(request, call)
      call.pause()
      request.onOpen?.()
      call.resume()
      for await (const chunk of response) {
        call.pause()
        yield chunk
        call.resume()
      }
    } catch (thrown) {
      throw this.#faultOf(request, call, thrown)
    } finally {
      call.end()
      response?.destroy()
    }
  }

  close(): void {
    this.#closed = true
    for (const call of this.#calls) call.destroy()
    this.#agent.destroy()
  }

  /** The answer if it is 2xx; every other one is thrown. */
  async #accepted(request: KubeRequest, call: Limit): Promise<IncomingMessage> {
    this.#credentials.refresh(this.#nowMs())
    const { authorization } = this.#credentials
    const first = await this.#send(request, call)
    if (first.statusCode !== 401) return await accept(request, first)
    this.#credentials.reread(this.#nowMs())
    // Another request that was refused at the same time may have read the new one before us.
    if (this.#credentials.authorization === authorization) return await accept(request, first)
    first.destroy()
    return await accept(request, await this.#send(request, call))
  }

  #send(request: KubeRequest, call: Limit): Promise<IncomingMessage> {
    if (this.#closed) throw abortedBy(request, 'the client is closed')
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    const body = request.body === undefined ? undefined : Buffer.from(JSON.stringify(request.body))
    const send = this.#server.protocol === 'https:' ? httpsRequest : httpRequest
    const sent = send({ ...this.#place(request), headers: this.#headers(request, body), agent: this.#currentAgent() })
    this.#calls.add(sent)
    call.watch(sent)
    sent.on('socket', (socket) => socket.setKeepAlive(true, KEEPALIVE_MS))
    sent.on('response', resolve)
    sent.on('error', reject)
    sent.on('close', () => {
      this.#calls.delete(sent)
      reject(new Error('the connection was closed'))
    })
    sent.end(body)
    return promise
  }

  #place({ method, path, query }: KubeRequest) {
    const { hostname, port, pathname, protocol } = this.#server
    const prefix = pathname.replace(/\/$/, '')
    const suffix = query ? `?${new URLSearchParams(query).toString()}` : ''
    const host = hostname.replace(/^\[(.*)\]$/, '$1')
    return { method, host, port: port || (protocol === 'https:' ? 443 : 80), path: prefix + path + suffix }
  }

  #headers({ contentType = JSON_TYPE }: KubeRequest, body: Buffer | undefined): Record<string, string> {
    const { authorization } = this.#credentials
    return {
      Accept: JSON_TYPE,
      'User-Agent': this.#userAgent,
      ...(authorization === null ? {} : { Authorization: authorization }),
      ...(body && { 'Content-Type': contentType, 'Content-Length': String(body.length) }),
    }
  }

  /** Watches go on over the connections of an agent that was replaced. */
  #currentAgent(): HttpAgent {
    if (this.#agentEpoch !== this.#credentials.tlsEpoch) {
      this.#agentEpoch = this.#credentials.tlsEpoch
      this.#agent = this.#makeAgent()
    }
    return this.#agent
  }

  #makeAgent(): HttpAgent {
    const options = { keepAlive: true, timeout: UNUSED_MS }
    return this.#server.protocol === 'https:'
      ? new HttpsAgent({ ...options, ...this.#credentials.tls() })
      : new HttpAgent(options)
  }

  #faultOf(request: KubeRequest, call: Limit, thrown: unknown): unknown {
    if (call.fault) return call.fault
    if (this.#closed) return abortedBy(request, 'the client is closed')
    // Anything but an error of the world has no code: it is a bug of ours or of whoever consumes the stream.
    if (thrown instanceof TypeError || thrown instanceof RangeError) return thrown
    if (isDistrust(thrown)) this.#credentials.reread(this.#nowMs())
    return failureOf(request, this.#server.host, thrown)
  }

  #unusable(request: KubeRequest, why: string): KubeFault {
    return new KubeFault({ code: 'unavailable', status: 200, retryAfterMs: null }, `${nameOf(request)}: ${why}`)
  }
}

/** Ends a call that takes too long or that nobody wants any more, and remembers why. */
class Limit {
  readonly #request: KubeRequest
  readonly #timeoutMs: number
  #timer: NodeJS.Timeout | null = null
  #sent: ClientRequest | null = null
  #fault: KubeFault | null = null

  constructor(request: KubeRequest, timeoutMs: number) {
    this.#request = request
    this.#timeoutMs = timeoutMs
    request.signal?.addEventListener('abort', this.#onAbort)
    this.resume()
  }

  /** Why the call was ended from here; null: it was not. */
  get fault(): KubeFault | null {
    return this.#fault
  }

  watch(sent: ClientRequest): void {
    this.#sent = sent
    if (this.#request.signal?.aborted) this.#onAbort()
  }

  /** Stops counting: whoever reads is busy with what there is. */
  pause(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
  }

  resume(): void {
    this.#timer = setTimeout(() => {
      const message = `${nameOf(this.#request)}: nothing came for ${this.#timeoutMs / 1000} s`
      this.#stop(new KubeFault({ code: 'timeout', status: 0, retryAfterMs: null }, message))
    }, this.#timeoutMs)
  }

  end(): void {
    this.pause()
    this.#request.signal?.removeEventListener('abort', this.#onAbort)
  }

  readonly #onAbort = (): void => this.#stop(abortedBy(this.#request, 'it is not wanted any more'))

  #stop(fault: KubeFault): void {
    this.#fault ??= fault
    this.#sent?.destroy(fault)
  }
}

async function accept(request: KubeRequest, response: IncomingMessage): Promise<IncomingMessage> {
  const { statusCode: status = 0, headers } = response
  if (status >= 200 && status < 300) return response
  const body = (await readText(response, MAX_REFUSAL_BYTES)) ?? ''
  throw refusalOf(request, { status, headers, body })
}

/** All of it; null when it is longer than that. */
async function readText(response: IncomingMessage, limitBytes: number): Promise<string | null> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response) {
    if (!Buffer.isBuffer(chunk)) throw new TypeError('a response without encoding gives buffers')
    bytes += chunk.length
    if (bytes > limitBytes) return null // leaving the loop closes the connection
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, bytes).toString()
}

function abortedBy(request: KubeRequest, why: string): KubeFault {
  return new KubeFault({ code: 'aborted', status: 0, retryAfterMs: null }, `${nameOf(request)}: ${why}`)
}
