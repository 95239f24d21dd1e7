// SPDX-License-Identifier: Apache-2.0
/**
 * A source that outlives its API server: what it delivers is kept in the run directory, and after a restart in which
 * nobody answers, what was kept is delivered instead, until the first fresh objects replace all of it.
 *
 * Nothing is held in memory for this but the news of the last second, and after such a restart the keys of what was
 * delivered from the file.
 */
import type { Clock, Timer } from '../../lib/clock.ts'
import { Fault } from '../../lib/fault.ts'
import type { Log } from '../../lib/log.ts'
import {
  type KubeObject,
  keyOfObject,
  type ObjectEvent,
  type ObjectListener,
  type ObjectSource,
} from '../../lib/object.ts'
import type { Problem } from '../../lib/problem.ts'
import { supervise } from '../../lib/supervise.ts'
import { fieldsOf } from '../../lib/unchecked.ts'
import type { Entry, Journal, Loaded } from './journal.ts'
import { type Trimming, trimForRestart } from './last-state.ts'

/** An API server that answers within this time spares us announcing what may be old. */
const GRACE_MS = 1000
/** The longest wait for a look at everything anew, which may be ten thousand objects long. */
const REFRESH_MS = 5000
/** News wait this long to be written together, the latest of each object; longer after a fault of the disk. */
const WRITE_MS = 1000
const RETRY_MS = 30_000
/** News of more objects than this are not held while the disk refuses them: the file is given up instead. */
const MOST_WAITING = 20_000

export type RememberingOptions = Readonly<{
  /** null: there is no place for it. */
  journal: Journal | null
  trimming: Trimming
  clock: Clock
  log: Log
  /** The source itself has answered; what was remembered is no longer in use. */
  onFresh(): void
}>

/** Delivers what `source` does; `start` resolves with the first objects, whether fresh or remembered. */
export function rememberingSource(source: ObjectSource, options: RememberingOptions): ObjectSource {
  return new RememberingSource(source, options)
}

class RememberingSource implements ObjectSource {
  readonly #source: ObjectSource
  readonly #options: RememberingOptions
  /** News that the file does not have yet, the latest of each object. */
  #waiting = new Map<string, ObjectEvent>()
  /** The first fresh objects, until they are written. */
  #snapshot: readonly ObjectEvent[] | null = null
  #timer: Timer | undefined
  #writing: Promise<void> = Promise.resolve()
  #gaveUp = false
  #fresh = false
  #stopped = false
  /** Objects delivered from the file. */
  #remembered: Map<string, KubeObject> | null = null

  constructor(source: ObjectSource, options: RememberingOptions) {
    this.#source = source
    this.#options = options
  }

  async start(listener: ObjectListener): Promise<void> {
    const started = this.#source.start({
      onEvents: (events) => this.#take(events, listener),
      onProblems: (problems) => listener.onProblems(problems),
    })
    const grace = Promise.withResolvers<void>()
    const timer = this.#options.clock.after(GRACE_MS, grace.resolve)
    await Promise.race([started, grace.promise])
    timer.cancel()
    if (this.#fresh || this.#stopped || !(await this.#remember(listener))) return started
    supervise('the first objects of the API server', started)
  }

  /** Waits for an API server that is there, and not for one that is away: nothing can change in that one. */
  async refresh(): Promise<void> {
    if (!this.#fresh) return
    const patience = Promise.withResolvers<void>()
    const timer = this.#options.clock.after(REFRESH_MS, patience.resolve)
    await Promise.race([this.#source.refresh(), patience.promise])
    timer.cancel()
  }

  locate(problem: Problem): Problem {
    return this.#source.locate(problem)
  }

  /** Writes what is still waiting. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.#source.stop()
    this.#timer?.cancel()
    await this.#writing
    await this.#write()
    await this.#options.journal?.close()
  }

  #take(events: readonly ObjectEvent[], listener: ObjectListener): void {
    if (this.#fresh) {
      listener.onEvents(events)
      if (this.#isKept()) for (const event of events) this.#waiting.set(keyOfObject(event.object), event)
    } else {
      this.#fresh = true
      listener.onEvents(this.#replacing(events))
      if (this.#isKept()) this.#snapshot = events
      this.#options.onFresh()
    }
    this.#writeSoon(WRITE_MS)
  }

  /** What was remembered and is not among the first fresh objects has gone meanwhile. */
  #replacing(events: readonly ObjectEvent[]): readonly ObjectEvent[] {
    const gone = this.#remembered
    if (!gone) return events
    this.#remembered = null
    for (const { object } of events) gone.delete(keyOfObject(object))
    this.#options.log.info('the API server answers; its objects replace the last known state', { gone: gone.size })
    return [...[...gone.values()].map((object): ObjectEvent => ({ type: 'deleted', object })), ...events]
  }

  /** Delivers what the file holds; false: nothing, and why is in the log. */
  async #remember(listener: ObjectListener): Promise<boolean> {
    const { journal, log, clock } = this.#options
    const loaded: Loaded = journal ? await journal.load() : { state: 'absent' }
    if (this.#fresh || this.#stopped) return false
    const objects = loaded.state === 'read' ? loaded.values.filter(isObject) : []
    const why =
      loaded.state === 'absent'
        ? 'there is no last known state'
        : loaded.state === 'unusable'
          ? `the last known state ${loaded.why}`
          : objects.length < loaded.values.length
            ? 'the last known state holds something other than objects'
            : null
    if (loaded.state !== 'read' || why !== null) {
      log.warn(`the API server does not answer and ${why}: nothing is announced until it does`)
      return false
    }
    const ageSeconds = Math.max(0, Math.round((clock.wallMs() - loaded.writtenMs) / 1000))
    log.warn('the API server does not answer: announcing from the last known state until it does', {
      objects: objects.length,
      ageSeconds,
    })
    this.#remembered = new Map(objects.map((object) => [keyOfObject(object), stub(object)]))
    listener.onEvents(objects.map((object) => ({ type: 'applied', object })))
    return true
  }

  #isKept(): boolean {
    return this.#options.journal !== null && !this.#gaveUp
  }

  #writeSoon(delayMs: number): void {
    if (!this.#isKept()) return
    this.#timer ??= this.#options.clock.after(delayMs, () => {
      this.#timer = undefined
      this.#writing = this.#write()
      supervise('writing the last known state', this.#writing)
    })
  }

  async #write(): Promise<void> {
    const { journal, trimming, log } = this.#options
    const [snapshot, news] = [this.#snapshot, this.#waiting]
    this.#snapshot = null
    this.#waiting = new Map()
    try {
      if (snapshot) await journal?.rewrite(wholeState(snapshot, trimming))
      if (news.size > 0) await journal?.append(changes(news.values(), trimming))
    } catch (thrown) {
      if (!(thrown instanceof Fault)) throw thrown
      log.warn('the last known state could not be kept for a restart without an API server', { error: thrown.message })
      for (const [key, event] of this.#waiting) news.set(key, event)
      this.#waiting = news
      if (snapshot || news.size > MOST_WAITING) await this.#giveUp()
      else this.#writeSoon(RETRY_MS)
    }
  }

  /** A file that misses deletions would make a restart announce what is gone: better none. */
  async #giveUp(): Promise<void> {
    this.#gaveUp = true
    this.#waiting.clear()
    await this.#options.journal?.remove()
    this.#options.log.warn('from now on the last known state is in memory only')
  }
}

function* wholeState(events: readonly ObjectEvent[], trimming: Trimming): Generator<Entry> {
  for (const { object } of events) {
    const trimmed = trimForRestart(object, trimming)
    if (trimmed) yield { key: keyOfObject(object), json: JSON.stringify(trimmed) }
  }
}

function* changes(events: Iterable<ObjectEvent>, trimming: Trimming): Generator<Entry> {
  for (const { type, object } of events) {
    const trimmed = type === 'applied' ? trimForRestart(object, trimming) : null
    yield { key: keyOfObject(object), json: trimmed && JSON.stringify(trimmed) }
  }
}

/** Enough to say that it is gone. */
function stub({ apiVersion, kind, metadata: { name, namespace } }: KubeObject): KubeObject {
  return { apiVersion, kind, metadata: { name, namespace, labels: {}, annotations: {} } }
}

/** Whether it is as trimForRestart made it, as far as anybody relies on without looking. */
function isObject(value: unknown): value is KubeObject {
  const { apiVersion, kind, metadata } = fieldsOf(value)
  const { name, namespace, labels, annotations } = fieldsOf(metadata)
  return [apiVersion, kind, name, namespace].every(isText) && [labels, annotations].every(isTextMap)
}

function isTextMap(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.values(value).every(isText)
}

function isText(value: unknown): boolean {
  return typeof value === 'string'
}
