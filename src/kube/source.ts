// SPDX-License-Identifier: Apache-2.0
/** The API server as a source of objects: every resource is followed on its own (follower.ts); here they meet. */
import assert from 'node:assert/strict'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { ObjectEvent, ObjectListener, ObjectSource } from '../lib/object.ts'
import type { Problem } from '../lib/problem.ts'
import { supervise } from '../lib/supervise.ts'
import type { KubeApi } from './api.ts'
import { Follower, type Wanted } from './follower.ts'
import { Slices } from './slices.ts'
import type { Versions } from './versions.ts'

export type { Wanted } from './follower.ts'

/** `sinceMs` on the wall clock. `reason` is the last failure, for people. */
export type Connection = Readonly<{ up: true }> | Readonly<{ up: false; sinceMs: number; reason: string }>

export type SourceOptions = Readonly<{
  api: KubeApi
  wanted: readonly Wanted[]
  versions: Versions
  log: Log
  clock: Clock
  /** 0 ≤ x < 1, for jitter. */
  random(): number
  /** Called when `connection` goes up or down. */
  onConnection?(connection: Connection): void
}>

export interface KubeSource extends ObjectSource {
  /** Down: nothing at all can be read now. What was read before stands. */
  readonly connection: Connection
}

/**
 * Opens a source; nothing is asked before `start`, which resolves when every resource was listed, however long the API
 * server is away. `refresh` waits for it, too.
 */
export function openSource(options: SourceOptions): KubeSource {
  return new Source(options)
}

class Source implements KubeSource {
  readonly #options: SourceOptions
  readonly #followers: readonly Follower[]
  readonly #up = new Set<number>()
  readonly #told = Promise.withResolvers<void>()
  #connection: Connection
  #listener: ObjectListener | null = null
  #initial: ObjectEvent[] | null = []
  #saidAway = false
  #stopped = false

  constructor(options: SourceOptions) {
    const { api, wanted, versions, log, clock, random } = options
    const slices = new Slices()
    this.#options = options
    this.#connection = { up: false, sinceMs: clock.wallMs(), reason: 'it was not asked yet' }
    this.#followers = wanted.map(
      (each, index) =>
        new Follower({
          api,
          wanted: each,
          versions,
          slices,
          log,
          clock,
          random,
          told: this.#told.promise,
          onEvents: (events) => this.#take(events),
          onUp: () => this.#comesUp(index),
          onDown: (reason) => this.#goesDown(index, reason),
        }),
    )
  }

  get connection(): Connection {
    return this.#connection
  }

  async start(listener: ObjectListener): Promise<void> {
    assert(!this.#listener, 'a source is started once')
    this.#listener = listener
    for (const follower of this.#followers) supervise('following the API server', follower.run())
    await Promise.all(this.#followers.map(({ ready }) => ready))
    const events = this.#initial ?? []
    this.#initial = null
    if (!this.#stopped) listener.onEvents(events)
    this.#told.resolve()
  }

  async refresh(): Promise<void> {
    await Promise.all(this.#followers.map((follower) => follower.relist()))
  }

  /** Objects of an API server stand in no file. */
  locate(problem: Problem): Problem {
    return problem
  }

  stop(): Promise<void> {
    this.#stopped = true
    for (const follower of this.#followers) follower.stop()
    this.#told.resolve()
    return Promise.resolve()
  }

  #take(events: readonly ObjectEvent[]): void {
    if (this.#stopped) return
    if (this.#initial) for (const event of events) this.#initial.push(event)
    else this.#listener?.onEvents(events)
  }

  #comesUp(index: number): void {
    this.#up.add(index)
    if (this.#connection.up) return
    const { log, clock } = this.#options
    this.#saidAway = false
    log.info('the API server answers', { awayMs: Math.round(clock.wallMs() - this.#connection.sinceMs) })
    this.#connection = { up: true }
    this.#options.onConnection?.(this.#connection)
    for (const follower of this.#followers) follower.wake()
  }

  #goesDown(index: number, reason: string): void {
    this.#up.delete(index)
    if (this.#up.size > 0 || this.#stopped) return
    const before = this.#connection
    const { log, clock } = this.#options
    const sinceMs = before.up ? clock.wallMs() : before.sinceMs
    if (!this.#saidAway) log.warn('the API server does not answer; what is known stays in use', { error: reason })
    this.#saidAway = true
    this.#connection = { up: false, sinceMs, reason }
    if (before.up) this.#options.onConnection?.(this.#connection)
  }
}
