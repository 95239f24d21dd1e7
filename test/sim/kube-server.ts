// SPDX-License-Identifier: Apache-2.0
/**
 * An API server of few words for what the real one does not do at will: it serves lists in pages and watches from any
 * version it still has, and can be told to refuse, to forget, and to cut its answers anywhere.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { pathOf, type Resource } from '../../src/kube/resource.ts'

type Stored = Readonly<{ metadata: Readonly<{ name: string; resourceVersion: string }>; [section: string]: unknown }>
type Change = Readonly<{ version: number; type: 'ADDED' | 'MODIFIED' | 'DELETED'; object: Stored }>
export type Refusal = Readonly<{ status: number; headers?: Readonly<Record<string, string>>; message?: string }>

export class KubeServer {
  /** Every request as `list`, `list+` (a further page) or `watch VERSION`, refused ones included. */
  readonly requests: string[] = []
  readonly url: string
  /** How many objects a page has at most, whatever the client wants. */
  pageSize = 500
  /** Asked of each request before it is served. */
  refuse: (what: string, query: URLSearchParams) => Refusal | null = () => null
  /** Bytes of each watch after which its connection is cut; null: never. */
  cutAfterBytes: number | null = null
  readonly #server: Server
  readonly #path: string
  readonly #objects = new Map<string, Stored>()
  #changes: Change[] = []
  #watches = new Set<{ response: ServerResponse; written: number }>()
  #version = 100
  #compacted = 0

  static async start(resource: Resource): Promise<KubeServer> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    assert(address !== null && typeof address === 'object')
    return new KubeServer(resource, server, `http://127.0.0.1:${address.port}`)
  }

  constructor(resource: Resource, server: Server, url: string) {
    this.url = url
    this.#path = pathOf(resource)
    this.#server = server.on('request', (request, response) => this.#serve(request, response))
  }

  close(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }

  get version(): number {
    return this.#version
  }

  get watches(): number {
    return this.#watches.size
  }

  apply(name: string, sections: object = {}): void {
    const type = this.#objects.has(name) ? 'MODIFIED' : 'ADDED'
    const metadata = { name, namespace: 'default', resourceVersion: String(++this.#version) }
    const object: Stored = { metadata, ...sections }
    this.#objects.set(name, object)
    this.#change({ version: this.#version, type, object })
  }

  delete(name: string): void {
    const object = this.#objects.get(name)
    assert(object)
    this.#objects.delete(name)
    const metadata = { ...object.metadata, resourceVersion: String(++this.#version) }
    this.#change({ version: this.#version, type: 'DELETED', object: { ...object, metadata } })
  }

  /** Watches can begin at the present version or later only. */
  compact(): void {
    this.#compacted = this.#version
    this.#changes = []
  }

  /** As from a backup: nothing is there, and versions begin anew far below. */
  restore(): void {
    this.#version = 10
    this.#compacted = 0
    this.#changes = []
    this.#objects.clear()
  }

  /** To all watches, as it is. */
  write(text: string): void {
    for (const watch of this.#watches) this.#writeTo(watch, text)
  }

  /** Ends all watches: with their connection, or in good order. */
  end({ cut }: { cut: boolean }): void {
    for (const { response } of this.#watches) {
      if (cut) response.destroy()
      else response.end()
    }
    this.#watches.clear()
  }

  #change(change: Change): void {
    this.#changes.push(change)
    this.write(lineOf(change))
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '', this.url)
    const query = url.searchParams
    const what = query.has('watch') ? `watch ${query.get('resourceVersion')}` : query.has('continue') ? 'list+' : 'list'
    this.requests.push(what)
    const refusal = url.pathname === this.#path ? this.refuse(what, query) : { status: 404 }
    if (refusal) {
      const { status, headers, message = `refused with ${status}` } = refusal
      response.writeHead(status, headers).end(JSON.stringify({ kind: 'Status', code: status, message }))
    } else if (query.has('watch')) this.#watch(response, Number(query.get('resourceVersion')))
    else this.#list(response, query)
  }

  #list(response: ServerResponse, query: URLSearchParams): void {
    const [version = String(this.#version), from = '0'] = query.get('continue')?.split('/') ?? []
    if (Number(version) < this.#compacted) {
      response.writeHead(410).end(JSON.stringify({ kind: 'Status', code: 410, message: 'continue token expired' }))
      return
    }
    const end = Number(from) + Math.min(this.pageSize, Number(query.get('limit')))
    const all = [...this.#objects.values()]
    const metadata = { resourceVersion: version, ...(end < all.length && { continue: `${version}/${end}` }) }
    response.end(JSON.stringify({ kind: 'List', metadata, items: all.slice(Number(from), end) }))
  }

  #watch(response: ServerResponse, from: number): void {
    response.flushHeaders()
    if (from < this.#compacted) {
      response.end(`${JSON.stringify({ type: 'ERROR', object: { kind: 'Status', code: 410, message: 'too old' } })}\n`)
      return
    }
    if (from > this.#version) {
      const message = `Too large resource version: ${from}, current: ${this.#version}`
      response.end(`${JSON.stringify({ type: 'ERROR', object: { kind: 'Status', code: 504, message } })}\n`)
      return
    }
    const watch = { response, written: 0 }
    this.#watches.add(watch)
    response.on('close', () => this.#watches.delete(watch))
    for (const change of this.#changes) if (change.version > from) this.#writeTo(watch, lineOf(change))
  }

  #writeTo(watch: { response: ServerResponse; written: number }, text: string): void {
    const { response } = watch
    if (response.destroyed) return
    const bytes = Buffer.from(text)
    const left = (this.cutAfterBytes ?? Number.POSITIVE_INFINITY) - watch.written
    watch.written += bytes.length
    if (bytes.length < left) response.write(bytes)
    else response.write(bytes.subarray(0, left), () => response.destroy())
  }
}

function lineOf({ type, object }: Change): string {
  return `${JSON.stringify({ type, object })}\n`
}
