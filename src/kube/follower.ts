// SPDX-License-Identifier: Apache-2.0
/**
 * One resource, followed for ever: a list, then watches from where it ended, each from where the one before ended.
 *
 *   list ──ok──► watch ──the server ended it──► watch        at once
 *     ▲            │──cut──────────────────────► watch        at once, the second time in a row after a pause
 *     │            └──410, "too old"────────────► list
 *     └── failed: again, after a pause that grows; Retry-After counts
 */
import type { Clock } from '../lib/clock.ts'
import { Fault } from '../lib/fault.ts'
import type { Log } from '../lib/log.ts'
import type { KubeObject, ObjectEvent } from '../lib/object.ts'
import { type KubeApi, KubeFault, type KubeFaultCode } from './api.ts'
import { pauseMs, sleep } from './backoff.ts'
import { Known } from './known.ts'
import { listAll } from './list.ts'
import { pathOf, type Resource } from './resource.ts'
import { fieldFilter } from './selector.ts'
import type { Slices } from './slices.ts'
import { Trimmer } from './trim.ts'
import { compareVersions, type Versions } from './versions.ts'
import { Watch } from './watch.ts'

/** What a source follows. */
export type Wanted = Readonly<{
  resource: Resource
  /** All namespaces where it is not given. */
  namespace?: string
  labelSelector?: string
  fieldSelector?: string
  /** A CRD that is not there, or a right that is missing, is said and does not hold up the start. */
  optional?: boolean
}>

export type FollowerOptions = Readonly<{
  api: KubeApi
  wanted: Wanted
  versions: Versions
  slices: Slices
  log: Log
  clock: Clock
  random(): number
  /** The first list may be told; watching begins after it. */
  told: Promise<void>
  onEvents(events: readonly ObjectEvent[]): void
  /** It lists or watches. */
  onUp(): void
  /** It failed for the second time or more since it was up. */
  onDown(reason: string): void
}>

/** A watch that lasted this long was none of the failures in a row. */
const STEADY_MS = 5000
/** A watch from a version that this server never had: it lags behind another one, or was restored from a backup. */
const FUTURE = /too large resource version/i
/** In a row. An API server that has just come up refuses for a second or two all whose roles it has not read yet. */
const PASSING_REFUSALS = 4
/** What will not go away by asking again soon, and what to do about it. */
const REFUSED: Readonly<Partial<Record<KubeFaultCode, string>>> = {
  unauthorized: 'the API server does not know our credentials',
  forbidden: 'our service account lacks a right; check the ClusterRole and Role that it is bound to',
  notFound: 'the API server does not know this resource; apply the CRDs',
}

export class Follower {
  readonly #options: FollowerOptions
  readonly #path: string
  readonly #trimmer: Trimmer
  readonly #known: Known
  readonly #stop = new AbortController()
  /** Ends what is being waited for: a watch, or a pause. */
  #interrupt = new AbortController()
  #filter: ((object: unknown) => boolean) | null = null
  /** From where to watch; null: list first. */
  #position: string | null = null
  /** Version of the last list. */
  #listed = ''
  /** In a row; a list that no watch can go on from does not end the row. */
  #failures = 0
  #failuresSinceUp = 0
  #refused: KubeFaultCode | null = null
  /** Of that kind, in a row. */
  #refusals = 0
  #isRefusalSaid = false
  #awaitsApi = false
  #hasBookmarks = false
  readonly #first = Promise.withResolvers<void>()
  #relisting: (() => void)[] = []

  constructor(options: FollowerOptions) {
    const { resource, namespace } = options.wanted
    this.#options = options
    this.#path = pathOf(resource, namespace === undefined ? {} : { namespace })
    this.#trimmer = new Trimmer(resource)
    this.#known = new Known(options.versions, this.#trimmer)
  }

  /** Resolves when the first list was handed to `onEvents`, or there will be none for now. */
  get ready(): Promise<void> {
    return this.#first.promise
  }

  /** Follows until `stop`; what it rejects with is a bug. */
  async run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        if (this.#position === null || this.#relisting.length > 0) await this.#list()
        else await this.#watch(this.#position)
      } catch (thrown) {
        if (!(thrown instanceof Fault)) throw thrown
        await this.#recover(thrown)
      }
    }
  }

  /** Lists anew; resolves when the difference was told, or when the resource is refused. */
  relist(): Promise<void> {
    if (this.#stop.signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      this.#relisting.push(resolve)
      this.#interrupt.abort()
    })
  }

  /** The API server answers others: do not wait longer. */
  wake(): void {
    if (!this.#awaitsApi) return
    this.#failures = 0 // they were those of a server that was away
    this.#interrupt.abort()
  }

  stop(): void {
    this.#stop.abort()
    this.#interrupt.abort()
    this.#release()
  }

  async #list(): Promise<void> {
    const { api, slices } = this.#options
    const waiting = this.#relisting.splice(0)
    try {
      const { objects, resourceVersion } = await listAll({
        api,
        slices,
        signal: this.#stop.signal,
        path: this.#path,
        query: this.#query(),
        take: (object) => this.#take(object),
      })
      this.#comesUp()
      if (compareVersions(resourceVersion, this.#listed) < 0) this.#known.rewind()
      this.#listed = resourceVersion
      await this.#tellAll(objects)
      this.#position = resourceVersion
    } catch (thrown) {
      this.#relisting.push(...waiting)
      throw thrown
    }
    this.#accepted()
    for (const resolve of waiting) resolve()
    this.#first.resolve()
    await this.#options.told
  }

  async #tellAll(objects: readonly KubeObject[]): Promise<void> {
    const { slices } = this.#options
    const events: ObjectEvent[] = []
    for (const event of this.#known.replace(objects)) {
      if (event) events.push(event)
      if (slices.isOver) await slices.rest()
    }
    this.#tell(events)
  }

  async #watch(position: string): Promise<void> {
    const { api, slices, clock, random } = this.#options
    this.#interrupt = new AbortController()
    let openedAtMs: number | null = null
    let isSteady = false
    const watch = new Watch(
      {
        api,
        slices,
        signal: this.#interrupt.signal,
        path: this.#path,
        query: this.#query(),
        known: this.#known,
        hasBookmarks: this.#hasBookmarks,
        random: random(),
        take: (object) => this.#take(object),
        trim: (object) => this.#trimmer.trim(object),
        onOpen: () => {
          openedAtMs = clock.monotonicMs()
          this.#comesUp()
          this.#accepted()
        },
        onEvents: (events) => this.#tell(events),
      },
      position,
    )
    try {
      await watch.run()
    } finally {
      this.#position = watch.position
      this.#hasBookmarks ||= watch.sawBookmark
      isSteady = openedAtMs !== null && clock.monotonicMs() - openedAtMs >= STEADY_MS
      if (isSteady) this.#failures = 0
    }
    const kind = { code: 'unavailable', status: 200, retryAfterMs: null } as const
    if (!isSteady) throw new KubeFault(kind, `GET ${this.#path}: the watch ended at once`)
  }

  async #recover(fault: Fault<{ code: string }>): Promise<void> {
    const { log, wanted, clock, random, onDown } = this.#options
    const kind = fault instanceof KubeFault ? fault.kind : null
    if (this.#stop.signal.aborted || kind?.code === 'aborted') return
    if (kind?.code === 'expired' || FUTURE.test(fault.message)) this.#position = null
    if (kind?.status === 400 && wanted.fieldSelector !== undefined && !this.#filter) {
      log.debug('the API server does not know this field; all objects are read', { error: fault.message })
      this.#filter = fieldFilter(wanted.fieldSelector)
      this.#position = null
      return
    }
    this.#failures++
    this.#failuresSinceUp++
    log.debug('a list or watch failed', { error: fault.message, failures: this.#failures })
    if (kind && REFUSED[kind.code] !== undefined) this.#refuse(kind.code, fault.message)
    else if (this.#failuresSinceUp > 1) onDown(fault.message)
    this.#awaitsApi = kind === null || kind.code === 'unavailable' || kind.code === 'timeout'
    this.#interrupt = new AbortController()
    await sleep(clock, pauseMs(this.#failures, kind?.retryAfterMs ?? null, random()), this.#interrupt.signal)
    this.#awaitsApi = false
  }

  #refuse(code: KubeFaultCode, message: string): void {
    const { wanted } = this.#options
    if (this.#refused !== code) {
      this.#refusals = 0
      this.#isRefusalSaid = false
    }
    this.#refused = code
    this.#refusals++
    const wasAccepted = this.#listed !== ''
    if (!this.#isRefusalSaid && this.#refusals > (wasAccepted ? PASSING_REFUSALS : 0)) this.#sayRefused(code, message)
    if (wanted.optional) this.#release()
  }

  #sayRefused(code: KubeFaultCode, message: string): void {
    const { log, wanted } = this.#options
    this.#isRefusalSaid = true
    const verb = this.#position === null ? 'list' : 'watch'
    const why = REFUSED[code]
    log[wanted.optional ? 'warn' : 'error'](`cannot ${verb} ${wanted.resource.plural}: ${why}`, { error: message })
  }

  /** Nobody has to wait for this resource. */
  #release(): void {
    this.#first.resolve()
    for (const resolve of this.#relisting.splice(0)) resolve()
  }

  #comesUp(): void {
    this.#failuresSinceUp = 0
    this.#options.onUp()
  }

  /** The next refusal is said again. */
  #accepted(): void {
    const { log, wanted } = this.#options
    if (this.#isRefusalSaid) log.info(`${wanted.resource.plural} can be read now`)
    this.#refused = null
    this.#isRefusalSaid = false
  }

  #tell(events: readonly ObjectEvent[]): void {
    if (events.length > 0 && !this.#stop.signal.aborted) this.#options.onEvents(events)
  }

  #take(object: unknown): KubeObject | null {
    return !this.#filter || this.#filter(object) ? this.#trimmer.trim(object) : null
  }

  #query(): Record<string, string> {
    const { labelSelector, fieldSelector } = this.#options.wanted
    return {
      ...(labelSelector !== undefined && { labelSelector }),
      ...(fieldSelector !== undefined && !this.#filter && { fieldSelector }),
    }
  }
}
