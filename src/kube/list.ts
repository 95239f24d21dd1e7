// SPDX-License-Identifier: Apache-2.0
import { Fault } from '../lib/fault.ts'
import type { KubeObject } from '../lib/object.ts'
import { nameOf } from './answer.ts'
import { type KubeApi, KubeFault, type KubeRequest } from './api.ts'
import { type JsonFaultKind, ListScanner, parseItem } from './json-items.ts'
import type { Slices } from './slices.ts'

/** As kubectl and client-go: large enough to be few requests, small enough for a server's memory. */
const PAGE_SIZE = 500
/** Longest silence within a page. A server that is short of memory takes its time before the first byte. */
const SILENCE_MS = 30_000
/** How often a list is begun anew because it took longer than its continue token lives (5 minutes and more). */
const MAX_RESTARTS = 3

export type Listing = Readonly<{ objects: readonly KubeObject[]; resourceVersion: string }>

export type ListOptions = Readonly<{
  api: KubeApi
  slices: Slices
  signal: AbortSignal
  path: string
  /** labelSelector and fieldSelector. */
  query: Readonly<Record<string, string>>
  /** null: the object does not count. */
  take(object: unknown): KubeObject | null
}>

/**
 * All objects of a collection, in pages of one consistent state, as new as anything that was ever seen (a list without
 * resourceVersion is a quorum read). Parsed while it arrives, in slices. Throws KubeFault, or a Fault of json-items.
 */
export async function listAll(options: ListOptions): Promise<Listing> {
  for (let restarts = 0; ; restarts++) {
    try {
      return await listPages(options)
    } catch (thrown) {
      const isOld = thrown instanceof KubeFault && thrown.kind.code === 'expired'
      if (!isOld || restarts >= MAX_RESTARTS) throw thrown
    }
  }
}

async function listPages(options: ListOptions): Promise<Listing> {
  const objects: KubeObject[] = []
  let token = ''
  for (;;) {
    const { resourceVersion, continueToken } = await listPage(options, token, objects)
    if (continueToken === '') return { objects, resourceVersion }
    token = continueToken
  }
}

async function listPage(options: ListOptions, token: string, into: KubeObject[]) {
  const { api, slices, signal, path } = options
  const query = { ...options.query, limit: String(PAGE_SIZE), ...(token !== '' && { continue: token }) }
  const request: KubeRequest = { method: 'GET', path, query, timeoutMs: SILENCE_MS, signal }
  const scanner = new ListScanner()
  try {
    for await (const chunk of api.stream(request)) {
      for (const bytes of scanner.feed(chunk)) {
        const object = options.take(parseItem(bytes))
        if (object) into.push(object)
        if (slices.isOver) await slices.rest()
      }
    }
    const envelope = scanner.end()
    if (envelope.resourceVersion !== '') return envelope
    throw new Fault<JsonFaultKind>({ code: 'malformed' }, 'it is a list without a version')
  } catch (thrown) {
    throw named(thrown, request)
  }
}

/** What json-items refuses, with what was asked for. */
export function named(thrown: unknown, request: KubeRequest): unknown {
  if (!(thrown instanceof Fault) || thrown instanceof KubeFault) return thrown
  return new Fault(thrown.kind, `${nameOf(request)}: the answer cannot be read: ${thrown.message}`, thrown)
}
