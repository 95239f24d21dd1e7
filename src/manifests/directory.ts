// SPDX-License-Identifier: Apache-2.0
/**
 * A directory of manifests as object source and sink: controller and speakers without Kubernetes.
 *
 * Read are `*.yaml`, `*.yml` and `*.json` below the directory. What the controller writes goes to `.status` in it
 * (status-files.ts) and is laid over the Services for everybody who reads the directory. tree.ts hears of changes,
 * manifest-files.ts reads files, catalog.ts finds which objects that changes; here all meets, once per turn of the loop.
 */
import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { type Clock, systemClock, type Timer } from '../lib/clock.ts'
import { Fault } from '../lib/fault.ts'
import type { Log } from '../lib/log.ts'
import { Loop } from '../lib/loop.ts'
import type {
  EventWrite,
  ObjectEvent,
  ObjectListener,
  ObjectSink,
  ObjectSource,
  StatusWrite,
  WriteOutcome,
} from '../lib/object.ts'
import type { Problem } from '../lib/problem.ts'
import { Catalog } from './catalog.ts'
import { type DirectoryFault, errnoOf, whyOf } from './faults.ts'
import { lock } from './lock.ts'
import { ManifestFiles } from './manifest-files.ts'
import { overlay } from './overlay.ts'
import { Places } from './places.ts'
import { StatusFiles } from './status-files.ts'
import { StatusSink } from './status-sink.ts'
import { Tree } from './tree.ts'
import { WrittenServices } from './written-services.ts'

export type DirectoryOptions = Readonly<{
  /** Where metallb.io objects count, and where they are when they name no namespace. */
  namespace: string
  log: Log
  /** Only the controller writes, and only one controller may. */
  role: 'controller' | 'speaker'
  clock?: Clock
}>

/**
 * Files are read when nothing changed for this long: an editor's or copier's writes come within a millisecond or two,
 * and a file that is read half-written would be reported as broken.
 */
const SETTLE_MS = 25
/** Read at the latest this long after the first change, however busy the directory is. */
const SETTLE_AT_MOST_MS = 250

/** Opens a directory; nothing is read or written before `start`, which throws a Fault when the directory is no use. */
export function openDirectory(dir: string, options: DirectoryOptions): ObjectSource & ObjectSink {
  return new Directory(dir, options)
}

class Directory implements ObjectSource, ObjectSink {
  readonly #dir: string
  readonly #options: DirectoryOptions
  readonly #clock: Clock
  readonly #loop = new Loop(() => this.#work())
  readonly #tree: Tree
  readonly #catalog: Catalog
  readonly #manifests: ManifestFiles
  readonly #places: Places
  readonly #status: StatusFiles
  readonly #written: WrittenServices
  readonly #sink: StatusSink
  #listener: ObjectListener | null = null
  #problems: readonly Problem[] = []
  #swept = false
  #delivered = false
  #settled = true
  #settling: { timer: Timer; sinceMs: number } | null = null

  constructor(dir: string, options: DirectoryOptions) {
    this.#dir = dir
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#status = new StatusFiles(dir)
    this.#written = new WrittenServices(dir, this.#status, () => this.#loop.poke())
    this.#catalog = new Catalog((key, object) => overlay(object, this.#written.get(key)))
    this.#tree = new Tree(dir, () => this.#settle())
    this.#manifests = new ManifestFiles({ tree: this.#tree, catalog: this.#catalog, namespace: options.namespace })
    this.#places = new Places(this.#catalog, (file) => this.#manifests.placesId(file))
    this.#sink = new StatusSink({ files: this.#status, written: this.#written, catalog: this.#catalog })
  }

  async start(listener: ObjectListener): Promise<void> {
    assert(!this.#listener, 'a directory is started once')
    requireDirectory(this.#dir)
    if (this.#options.role === 'controller') {
      this.#status.prepare()
      lock(this.#status.root)
      this.#status.clean()
    }
    this.#listener = listener
    this.#loop.poke()
    await this.#loop.idle()
    const fault = this.#tree.faults.get(this.#dir)
    if (fault !== undefined) throw new Fault<DirectoryFault>({ code: 'noDirectory', path: this.#dir }, fault)
  }

  async refresh(): Promise<void> {
    this.#settling?.timer.cancel()
    this.#settling = null
    this.#settled = true
    this.#tree.suspectAll()
    this.#written.suspectAll()
    this.#loop.poke()
    await this.#loop.idle()
  }

  locate(problem: Problem): Problem {
    return this.#places.locate(problem)
  }

  /** Writing goes on to work, for what is still under way. */
  stop(): Promise<void> {
    this.#settling?.timer.cancel()
    this.#tree.close()
    this.#written.close()
    this.#loop.close()
    return Promise.resolve()
  }

  async writeStatus(write: StatusWrite): Promise<WriteOutcome> {
    this.#assertWriter()
    return { type: this.#sink.status(write) ? 'written' : 'gone' }
  }

  async writeEvent(event: EventWrite): Promise<void> {
    this.#assertWriter()
    this.#sink.event(event, new Date(this.#clock.wallMs()).toISOString())
  }

  #assertWriter(): void {
    assert.equal(this.#options.role, 'controller', 'only the controller writes')
  }

  #settle(): void {
    const nowMs = this.#clock.monotonicMs()
    const sinceMs = this.#settling?.sinceMs ?? nowMs
    this.#settling?.timer.cancel()
    const delayMs = Math.max(0, Math.min(SETTLE_MS, sinceMs + SETTLE_AT_MOST_MS - nowMs))
    const timer = this.#clock.after(delayMs, () => {
      this.#settling = null
      this.#settled = true
      this.#loop.poke()
    })
    this.#settling = { timer, sinceMs }
  }

  *#work(): Generator<void> {
    if (this.#settled) {
      this.#settled = false
      yield* this.#manifests.refresh()
    }
    for (const key of yield* this.#written.refresh()) this.#catalog.touch(key)
    this.#publish(yield* this.#catalog.drain())
  }

  #publish(events: readonly ObjectEvent[]): void {
    if (this.#options.role === 'controller') this.#tidy(events)
    const problems = this.#currentProblems()
    if (!isDeepStrictEqual(problems, this.#problems)) {
      this.#problems = problems
      this.#listener?.onProblems(problems)
    }
    if (events.length > 0 || !this.#delivered) this.#listener?.onEvents(events)
    this.#delivered = true
  }

  #currentProblems(): Problem[] {
    const faults = this.#tree.faults.values().map((message): Problem => {
      const object = { kind: '', namespace: '', name: '' }
      return { severity: 'error', object, field: '', code: 'unreadable', message, transient: false }
    })
    return [...faults, ...this.#catalog.problems(), ...this.#places.duplicates(), ...this.#written.problems()]
  }

  /** A file that cannot be read may hold what seems to be gone, so leftovers are swept when all is readable. */
  #tidy(events: readonly ObjectEvent[]): void {
    try {
      for (const { type, object } of events) if (type === 'deleted') this.#sink.forget(object)
      if (this.#swept || this.#catalog.hasBroken || this.#tree.faults.size > 0) return
      this.#sink.sweep()
      this.#swept = true
    } catch (thrown) {
      if (!(thrown instanceof Fault)) throw thrown
      this.#options.log.warn('a status of a deleted object stays behind', { error: thrown.message })
    }
  }
}

function requireDirectory(dir: string): void {
  const expected = 'expected a directory of manifests (--manifests)'
  const refuse = (why: string, cause?: unknown): never => {
    throw new Fault<DirectoryFault>({ code: 'noDirectory', path: dir }, `${dir}: ${why}; ${expected}`, cause)
  }
  try {
    if (!statSync(dir).isDirectory()) refuse('it is not a directory')
  } catch (thrown) {
    if (errnoOf(thrown) === '') throw thrown
    refuse(whyOf(thrown), thrown)
  }
}
