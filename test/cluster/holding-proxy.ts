// SPDX-License-Identifier: Apache-2.0
/**
 * Between one program and the API server: holds chosen writes back, as a network does with those of a program that was
 * paused or killed right after it sent them. A write that arrived here goes on even when its sender is gone.
 */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { Agent, request } from 'node:https'
import { join } from 'node:path'
import type { ApiServer } from '../../lab/cluster/api-server.ts'
import { writeKubeconfig } from '../../lab/cluster/credentials.ts'

type Exchange = Readonly<{ incoming: IncomingMessage; body: Buffer; response: ServerResponse }>

let proxies = 0

export class HoldingProxy {
  /** Of the administrator, by way of this proxy. */
  readonly kubeconfig: string
  /** `METHOD PATH` of everything that went on to the API server. */
  readonly forwarded: string[] = []
  readonly #target: URL
  readonly #agent: Agent
  readonly #server: Server
  #holds: ((request: string) => boolean) | null = null
  #held: (() => void)[] = []
  #arrived: (() => void)[] = []

  static async start(server: ApiServer): Promise<HoldingProxy> {
    const listening = createServer().listen(0, '127.0.0.1')
    await once(listening, 'listening')
    return new HoldingProxy(server, listening)
  }

  constructor(server: ApiServer, listening: Server) {
    const address = listening.address()
    const port = typeof address === 'object' ? address?.port : 0
    this.#target = new URL(server.url)
    this.#agent = new Agent({ ca: readFileSync(server.caFile), keepAlive: true })
    this.#server = listening.on('request', (incoming, response) => {
      this.#take(incoming, response).catch(() => response.destroy())
    })
    this.kubeconfig = join(server.directory, `proxy-${proxies++}.kubeconfig`)
    const user = { name: 'admin', groups: [], token: server.adminToken }
    writeKubeconfig(this.kubeconfig, { url: `http://127.0.0.1:${port}`, caFile: server.caFile, user })
  }

  /** Holds back what `holds` says yes to (`METHOD PATH`); resolves when the first one is here. */
  hold(holds: (request: string) => boolean): Promise<void> {
    this.#holds = holds
    return new Promise((resolve) => this.#arrived.push(resolve))
  }

  /** Lets go what is held, and holds nothing more. */
  release(): void {
    this.#holds = null
    for (const go of this.#held.splice(0)) go()
  }

  /** What is held never arrives, and nothing more is held. */
  drop(): void {
    this.#holds = null
    this.#held = []
  }

  close(): void {
    this.#server.closeAllConnections()
    this.#server.close()
    this.#agent.destroy()
  }

  async #take(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk)
    const exchange = { incoming, body: Buffer.concat(chunks), response }
    if (this.#holds?.(nameOf(incoming)) !== true) return this.#forward(exchange)
    this.#held.push(() => this.#forward(exchange))
    for (const resolve of this.#arrived.splice(0)) resolve()
  }

  #forward({ incoming, body, response }: Exchange): void {
    this.forwarded.push(nameOf(incoming))
    const { hostname, port } = this.#target
    const { host: _, ...headers } = incoming.headers
    const options = { hostname, port, method: incoming.method, path: incoming.url, headers, agent: this.#agent }
    const outgoing = request(options, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      response.flushHeaders()
      answer.on('error', () => response.destroy())
      answer.pipe(response)
      if (incoming.method === 'GET') response.on('close', () => answer.destroy())
    })
    outgoing.on('error', () => response.destroy())
    outgoing.end(body)
  }
}

function nameOf({ method, url }: IncomingMessage): string {
  return `${method} ${url}`
}
