// SPDX-License-Identifier: Apache-2.0
/**
 * Stands between a client and the API server and does what networks, proxies and overloaded servers do: refuses, falls
 * silent, cuts connections, also in the middle of a line. Clients speak HTTP to it and bring their own token.
 */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { Agent, request } from 'node:https'

type Refusal = Readonly<{ status: number; headers: Readonly<Record<string, string>> }>

export class FlakyProxy {
  readonly url: string
  /** What was asked, refused requests included: method and path with query. */
  readonly requests: string[] = []
  readonly #server: Server
  readonly #target: URL
  readonly #agent: Agent
  readonly #streams = new Set<IncomingMessage>()
  readonly #held: (() => void)[] = []
  #refusal: Refusal | null = null
  #isSilent = false
  #cutAfterBytes = Number.POSITIVE_INFINITY

  /** Listens on a loopback port; `target` is the API server. */
  static async start(target: Readonly<{ url: string; caFile: string }>): Promise<FlakyProxy> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new FlakyProxy(target, server)
  }

  constructor({ url, caFile }: Readonly<{ url: string; caFile: string }>, server: Server) {
    const address = server.address()
    const port = typeof address === 'object' ? address?.port : 0
    this.url = `http://127.0.0.1:${port}`
    this.#target = new URL(url)
    this.#agent = new Agent({ ca: readFileSync(caFile), keepAlive: true })
    this.#server = server.on('request', (incoming, response) => this.#serve(incoming, response))
  }

  /** From now on everything goes through; what was held goes on. */
  pass(): void {
    this.#refusal = null
    this.#isSilent = false
    this.#cutAfterBytes = Number.POSITIVE_INFINITY
    for (const stream of this.#streams) stream.resume()
    for (const go of this.#held.splice(0)) go()
  }

  /** Answers every request with this status. What is under way goes on. */
  refuse(status: number, headers: Readonly<Record<string, string>> = {}): void {
    this.#refusal = { status, headers }
  }

  /** Takes requests and bytes, and hands on neither. */
  stall(): void {
    this.#isSilent = true
    for (const stream of this.#streams) stream.pause()
  }

  /** Closes all connections of clients. */
  cut(): void {
    this.#server.closeAllConnections()
  }

  /** Closes the connection of every answer after this many bytes of it. */
  cutAfter(bytes: number): void {
    this.#cutAfterBytes = bytes
  }

  close(): void {
    this.pass()
    this.cut()
    this.#server.close()
    this.#agent.destroy()
  }

  #serve(incoming: IncomingMessage, response: ServerResponse): void {
    this.requests.push(`${incoming.method} ${incoming.url}`)
    if (this.#refusal) response.writeHead(this.#refusal.status, this.#refusal.headers).end()
    else if (this.#isSilent) this.#held.push(() => this.#forward(incoming, response))
    else this.#forward(incoming, response)
  }

  #forward(incoming: IncomingMessage, response: ServerResponse): void {
    const { hostname, port } = this.#target
    const { host: _, ...headers } = incoming.headers
    const options = { hostname, port, method: incoming.method, path: incoming.url, headers, agent: this.#agent }
    const outgoing = request(options, (answer) => this.#answer(answer, response))
    outgoing.on('error', () => response.destroy())
    response.on('close', () => outgoing.destroy())
    incoming.pipe(outgoing)
  }

  #answer(answer: IncomingMessage, response: ServerResponse): void {
    let bytes = 0
    this.#streams.add(answer)
    response.writeHead(answer.statusCode ?? 502, answer.headers)
    response.flushHeaders()
    answer.on('data', (chunk: Buffer) => {
      const left = this.#cutAfterBytes - bytes
      bytes += chunk.length
      if (chunk.length < left) response.write(chunk)
      else if (left > 0) response.write(chunk.subarray(0, left), () => response.destroy())
    })
    answer.on('end', () => response.end())
    answer.on('error', () => response.destroy())
    answer.on('close', () => {
      this.#streams.delete(answer)
      if (!answer.complete) response.destroy()
    })
    if (this.#isSilent) answer.pause()
  }
}
