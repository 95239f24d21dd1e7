// SPDX-License-Identifier: Apache-2.0
/**
 * Events as files, aggregated as Kubernetes does it: the same reason and message about the same object is one event
 * that counts. The newest MAX_EVENTS stay, in `.status/events/<namespace>.<name>.<hash>.json`.
 */
import { hash } from 'node:crypto'
import type { EventWrite } from '../lib/object.ts'
import { fileNameOf, type StatusFiles } from './status-files.ts'
import { isFields } from './structural.ts'

/** Kubernetes forgets events after an hour; a bound by number keeps both the disk and a person's listing small. */
export const MAX_EVENTS = 1000

type Seen = Readonly<{ count: number; first: string; last: string }>

export class EventFiles {
  readonly #files: StatusFiles
  /** By file name, the one seen longest ago first; null until it was read from disk. */
  #seen: Map<string, Seen> | null = null

  constructor(files: StatusFiles) {
    this.#files = files
  }

  /** `now`: RFC 3339. Throws a Fault when the write did not happen. */
  write(event: EventWrite, now: string): void {
    this.#seen ??= this.#load()
    const name = eventName(event)
    const before = this.#seen.get(name)
    const seen = { count: (before?.count ?? 0) + 1, first: before?.first ?? now, last: now }
    this.#files.write(this.#files.pathOf('events', name), eventObject(event, name, seen))
    this.#seen.delete(name)
    this.#seen.set(name, seen)
    this.#forgetOldest(this.#seen)
  }

  #forgetOldest(seen: Map<string, Seen>): void {
    for (const name of seen.keys()) {
      if (seen.size <= MAX_EVENTS) return
      this.#files.remove(this.#files.pathOf('events', name))
      seen.delete(name)
    }
  }

  /** A file that is no event of ours, by whatever accident, is the first to go. */
  #load(): Map<string, Seen> {
    const found = this.#files.list('events').map((name): [string, Seen] => [name, this.#read(name)])
    return new Map(found.toSorted(([, a], [, b]) => Date.parse(a.last) - Date.parse(b.last)))
  }

  #read(name: string): Seen {
    const nothing = { count: 0, first: EPOCH, last: EPOCH }
    try {
      const event = this.#files.read(this.#files.pathOf('events', name))
      if (!isFields(event)) return nothing
      const { count, firstTimestamp: first, lastTimestamp: last } = event
      return typeof count === 'number' && isTime(first) && isTime(last) ? { count, first, last } : nothing
    } catch {
      return nothing
    }
  }
}

const EPOCH = '1970-01-01T00:00:00.000Z'

function isTime(value: unknown): value is string {
  return typeof value === 'string' && !Number.isNaN(Date.parse(value))
}

function eventName({ object, type, reason, message }: EventWrite): string {
  const identity = JSON.stringify([object.kind, object.namespace, object.name, type, reason, message])
  return fileNameOf(object, `.${hash('sha256', identity).slice(0, 16)}`)
}

function eventObject(
  { object, type, reason, message }: EventWrite,
  file: string,
  { count, first, last }: Seen,
): unknown {
  const { kind, namespace, name } = object
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: file.slice(namespace.length + 1, -'.json'.length), namespace },
    involvedObject: { kind, namespace, name },
    type,
    reason,
    message,
    count,
    firstTimestamp: first,
    lastTimestamp: last,
    source: { component: 'metallb-controller' },
  }
}
