// SPDX-License-Identifier: Apache-2.0
/** Waiting for something to be true of objects in the API server: by a watch, so that no poll adds to what is measured. */
import { notObserved } from '../wait.ts'
import type { ApiClient, Manifest } from './api-client.ts'

/** One object of a collection; the path is the collection's. */
export type Place = Readonly<{ path: string; name: string }>

const DEADLINE_MS = 30_000

/**
 * Resolves with the object once `holds` is true of it, undefined standing for its absence; throws NotObserved with
 * `what` and the object as it was last seen.
 */
export async function observed(
  client: ApiClient,
  { path, name }: Place,
  holds: (object: Manifest | undefined) => boolean,
  what: string,
): Promise<Manifest | undefined> {
  const query = `fieldSelector=${encodeURIComponent(`metadata.name=${name}`)}`
  const isTrue = (all: Objects) => holds(all.get(name))
  return (await observedAll(client, `${path}?${query}`, { holds: isTrue, what })).get(name)
}

/** What a collection holds, by name; objects of different namespaces should not have the same one. */
export type Objects = ReadonlyMap<string, Manifest>

type Expectation = Readonly<{ holds: (objects: Objects) => boolean; what: string; deadlineMs?: number }>

/** The same for a whole collection, whose path may have a selector as its query. */
export async function observedAll(client: ApiClient, path: string, expectation: Expectation): Promise<Objects> {
  const { holds, what, deadlineMs = DEADLINE_MS } = expectation
  const objects = new Map<string, Manifest>()
  const { promise: late, resolve: giveUp } = Promise.withResolvers<'late'>()
  const timer = setTimeout(giveUp, deadlineMs, 'late')
  const list = await client.list(path)
  for (const item of list.items) objects.set(item.metadata.name, item)
  const leaving = new AbortController()
  const events = client.watch(path, list.metadata.resourceVersion, leaving.signal)
  try {
    while (!holds(objects)) {
      const next = await Promise.race([events.next(), late])
      if (next === 'late') throw notObserved(`${what}: not within ${deadlineMs / 1000} s; it is ${shown(objects)}`)
      if (next.done) throw notObserved(`${what}: the API server ended the watch; it is ${shown(objects)}`)
      const { type, object } = next.value
      if (type === 'DELETED') objects.delete(object.metadata.name)
      else if (type === 'ADDED' || type === 'MODIFIED') objects.set(object.metadata.name, object)
      else if (type === 'ERROR') throw notObserved(`${what}: the watch says ${JSON.stringify(object)}`)
    }
    return objects
  } finally {
    clearTimeout(timer)
    leaving.abort()
  }
}

function shown(objects: Objects): string {
  return JSON.stringify(
    [...objects.values()].map(({ metadata, ...sections }) => ({ name: metadata.name, ...sections })),
  ).slice(0, 2000)
}
