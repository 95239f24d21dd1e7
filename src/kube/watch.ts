// SPDX-License-Identifier: Apache-2.0
import type { KubeObject, ObjectEvent } from '../lib/object.ts'
import { fieldAt } from '../lib/unchecked.ts'
import { errorEventOf } from './answer.ts'
import type { KubeApi, KubeRequest } from './api.ts'
import { LineScanner, parseItem } from './json-items.ts'
import type { Known } from './known.ts'
import { named } from './list.ts'
import type { Slices } from './slices.ts'

/** How long a watch may last before the server ends it: each takes its own, so that they do not all come at once. */
const MIN_WATCH_S = 300
const MAX_WATCH_S = 600
/** How much later than that we end it ourselves. */
const GRACE_MS = 30_000
/**
 * Longest silence of a server that sends bookmarks. They come every minute, but a server that has just been started
 * leaves out the first (seen with 1.34), so two may be missed.
 */
const SILENCE_MS = 150_000

export type WatchOptions = Readonly<{
  api: KubeApi
  slices: Slices
  signal: AbortSignal
  path: string
  query: Readonly<Record<string, string>>
  known: Known
  /** This server is known to send bookmarks: one that is silent for longer is not there. */
  hasBookmarks: boolean
  /** 0 ≤ x < 1. */
  random: number
  /** What an object comes to; null: it is none of ours (any more). */
  take(object: unknown): KubeObject | null
  /** What remains of an object that is gone, or none of ours any more; null: nothing that has a name. */
  trim(object: unknown): KubeObject | null
  onOpen(): void
  onEvents(events: readonly ObjectEvent[]): void
}>

/**
 * One watch, from a version on until the server ends it. Throws the KubeFault of what ended it before its time: the
 * connection, the signal, or an event of type ERROR.
 */
export class Watch {
  readonly #options: WatchOptions
  readonly #request: KubeRequest
  #position: string
  #bookmarks = false

  constructor(options: WatchOptions, position: string) {
    const { path, query, signal, hasBookmarks, random, onOpen } = options
    const seconds = Math.round(MIN_WATCH_S + random * (MAX_WATCH_S - MIN_WATCH_S))
    this.#options = options
    this.#position = position
    this.#request = {
      method: 'GET',
      path,
      query: {
        ...query,
        watch: '1',
        allowWatchBookmarks: 'true',
        resourceVersion: position,
        timeoutSeconds: String(seconds),
      },
      timeoutMs: hasBookmarks ? SILENCE_MS : seconds * 1000 + GRACE_MS,
      signal,
      onOpen,
    }
  }

  /** The version up to which everything was told. */
  get position(): string {
    return this.#position
  }

  /** There was a bookmark. */
  get sawBookmark(): boolean {
    return this.#bookmarks
  }

  async run(): Promise<void> {
    const scanner = new LineScanner()
    try {
      for await (const chunk of this.#options.api.stream(this.#request)) await this.#takeLines(scanner.feed(chunk))
    } catch (thrown) {
      throw named(thrown, this.#request)
    }
  }

  /** Tells what stands in them in one batch, or in several where it is a lot of work. */
  async #takeLines(lines: readonly Buffer[]): Promise<void> {
    const { slices, onEvents } = this.#options
    let batch: ObjectEvent[] = []
    let position = this.#position
    const flush = (): void => {
      this.#position = position
      if (batch.length > 0) onEvents(batch)
      batch = []
    }
    try {
      for (const line of lines) {
        const { event, version } = this.#read(parseItem(line))
        if (event) batch.push(event)
        if (version !== '') position = version
        if (!slices.isOver) continue
        flush()
        await slices.rest()
      }
    } finally {
      flush()
    }
  }

  #read(line: unknown): { event: ObjectEvent | null; version: string } {
    const type = fieldAt(line, 'type')
    const object = fieldAt(line, 'object')
    if (type === 'ERROR') throw errorEventOf(this.#request, object)
    const version = fieldAt(object, 'metadata', 'resourceVersion')
    if (type === 'BOOKMARK') this.#bookmarks = true
    const event = type === 'BOOKMARK' ? null : this.#eventOf(object, type === 'DELETED')
    return { event, version: typeof version === 'string' ? version : '' }
  }

  #eventOf(object: unknown, isGone: boolean): ObjectEvent | null {
    const { known, take, trim } = this.#options
    const ours = isGone ? null : take(object)
    if (ours) return known.apply(ours)
    const other = trim(object)
    return other && known.delete(other)
  }
}
