// SPDX-License-Identifier: Apache-2.0
/** Requests to the API server as the tests make them; on purpose none of the code that is being tested. */
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { Agent, request } from 'node:https'
import { createInterface } from 'node:readline'
import { Fault } from '../../src/lib/fault.ts'

export type Refused = Fault<{ code: 'refused'; status: number }>

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
export type Content = Readonly<{ body: unknown; type?: string }>
export type Answer = Readonly<{ status: number; body: unknown }>

/** An object as the API server sends it: what a test asserts is read by the test itself. */
export type Manifest = Readonly<{
  apiVersion: string
  kind: string
  metadata: Readonly<{
    name: string
    namespace?: string
    labels?: Readonly<Record<string, string>>
    annotations?: Readonly<Record<string, string>>
    resourceVersion?: string
    uid?: string
  }>
  [section: string]: unknown
}>

export type List = Readonly<{ metadata: { resourceVersion: string }; items: Manifest[] }>

export type WatchEvent = Readonly<{ type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'; object: Manifest }>

const CONNECTIONS = 16

export class ApiClient {
  readonly #url: string
  readonly #token: string
  readonly #agent: Agent
  readonly #plurals = new Map<string, Promise<Map<string, { name: string; namespaced: boolean }>>>()

  constructor({ url, ca, token }: { url: string; ca: Buffer; token: string }) {
    this.#url = url
    this.#token = token
    this.#agent = new Agent({ ca, keepAlive: true, maxSockets: CONNECTIONS })
  }

  /** Status and parsed body, whatever the status. Throws what node:https throws when there is no answer. */
  async send(method: Method, path: string, content?: Content): Promise<Answer> {
    const { status, text, isJson } = await this.#exchange(method, path, content)
    const body: unknown = isJson ? JSON.parse(text) : text
    return { status, body }
  }

  /** The object in an answer with status 2xx; throws Refused with the server's sentence for any other. */
  async request(method: Method, path: string, content?: Content): Promise<Manifest> {
    const object: Manifest = JSON.parse(await this.#accepted(method, path, content))
    return object
  }

  async get(path: string): Promise<Manifest> {
    return await this.request('GET', path)
  }

  /** A collection; its items carry no kind. */
  async list(path: string): Promise<List> {
    const list: List = JSON.parse(await this.#accepted('GET', path))
    return list
  }

  /** Server-side apply: creates or changes it; `query` may ask for `dryRun=All` or `fieldValidation=Strict`. */
  async apply(object: Manifest, query = ''): Promise<Manifest> {
    const path = `${await this.pathOf(object)}?fieldManager=lab&force=true${query === '' ? '' : `&${query}`}`
    return await this.request('PATCH', path, { body: object, type: 'application/apply-patch+yaml' })
  }

  async create(object: Manifest, query = ''): Promise<Manifest> {
    const collection = (await this.pathOf(object)).replace(/\/[^/]*$/, '')
    return await this.request('POST', query === '' ? collection : `${collection}?${query}`, { body: object })
  }

  /** Merges into the status subresource. */
  async patchStatus(object: Manifest, status: unknown): Promise<Manifest> {
    const content = { body: { status }, type: 'application/merge-patch+json' }
    return await this.request('PATCH', `${await this.pathOf(object)}/status`, content)
  }

  async delete(object: Manifest): Promise<void> {
    await this.request('DELETE', await this.pathOf(object))
  }

  /** Events after `resourceVersion`, until the signal aborts or the server ends them. */
  async *watch(path: string, resourceVersion: string, signal: AbortSignal): AsyncGenerator<WatchEvent> {
    const query = `watch=true&allowWatchBookmarks=true&resourceVersion=${resourceVersion}`
    const response = await this.#open('GET', `${path}${path.includes('?') ? '&' : '?'}${query}`)
    const end = () => response.destroy()
    signal.addEventListener('abort', end)
    try {
      if (response.statusCode !== 200) throw new Fault({ code: 'refused', status: response.statusCode ?? 0 }, path)
      const lines = createInterface({ input: response })
      response.on('error', () => lines.close()) // cut: as much an end as any other
      for await (const line of lines) yield JSON.parse(line)
    } finally {
      signal.removeEventListener('abort', end)
      end()
    }
  }

  /** Where an object stands, as discovery says. */
  async pathOf({ apiVersion, kind, metadata }: Manifest): Promise<string> {
    const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
    let resource = (await this.#discover(root)).get(kind)
    if (!resource) {
      this.#plurals.delete(root) // a CRD may have come meanwhile
      resource = (await this.#discover(root)).get(kind)
    }
    if (!resource) throw new Fault({ code: 'refused', status: 404 }, `the API server has no ${kind} of ${apiVersion}`)
    const within = resource.namespaced ? `/namespaces/${metadata.namespace ?? 'default'}` : ''
    return `${root}${within}/${resource.name}/${metadata.name}`
  }

  close(): void {
    this.#agent.destroy()
  }

  async #accepted(method: Method, path: string, content?: Content): Promise<string> {
    const { status, text, isJson } = await this.#exchange(method, path, content)
    if (status >= 200 && status < 300) return text
    const answer: { message?: string } = isJson ? JSON.parse(text) : { message: text }
    throw new Fault({ code: 'refused', status }, `${method} ${path}: ${status} ${answer.message}`)
  }

  async #exchange(method: Method, path: string, content?: Content) {
    const response = await this.#open(method, path, content)
    const chunks: Buffer[] = []
    for await (const chunk of response) chunks.push(chunk)
    const isJson = response.headers['content-type']?.startsWith('application/json') ?? false
    return { status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString(), isJson }
  }

  async #open(method: Method, path: string, content?: Content): Promise<IncomingMessage> {
    const headers: Record<string, string> = { Authorization: `Bearer ${this.#token}`, Accept: 'application/json' }
    const body = content === undefined ? undefined : JSON.stringify(content.body)
    if (body !== undefined) {
      headers['Content-Type'] = content?.type ?? 'application/json'
      headers['Content-Length'] = String(Buffer.byteLength(body))
    }
    const sent = request(this.#url + path, { method, headers, agent: this.#agent })
    sent.end(body)
    const [response] = await once(sent, 'response')
    return response
  }

  async #discover(root: string): Promise<Map<string, { name: string; namespaced: boolean }>> {
    const known = this.#plurals.get(root) ?? this.#resourcesOf(root)
    this.#plurals.set(root, known)
    return await known
  }

  async #resourcesOf(root: string): Promise<Map<string, { name: string; namespaced: boolean }>> {
    const { status, text } = await this.#exchange('GET', root)
    const { resources }: { resources: Listed[] } = status === 200 ? JSON.parse(text) : { resources: [] }
    return new Map(resources.filter(({ name }) => !name.includes('/')).map((listed) => [listed.kind, listed]))
  }
}

type Listed = Readonly<{ name: string; kind: string; namespaced: boolean }>
