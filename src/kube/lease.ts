// SPDX-License-Identifier: Apache-2.0
/**
 * Leader election by a Lease: carries out what lease-state.ts decides. Whoever follows watches the Lease, so that a
 * release is noticed at once and nobody polls; whoever leads renews it.
 *
 * A Lease does not fence: a request that was under way when we lost it may still land. Two things make that harmless:
 * `mayWrite` is asked right before each request, and each write carries the version that it was decided on (sink.ts).
 */
import type { Clock, Timer } from '../lib/clock.ts'
import { Fault } from '../lib/fault.ts'
import { supervise } from '../lib/supervise.ts'
import { fieldAt, fieldsOf, textAt } from '../lib/unchecked.ts'
import { type KubeApi, KubeFault, type KubeRequest } from './api.ts'
import { LineScanner, parseItem } from './json-items.ts'
import {
  DURATION_MS,
  initialState,
  isSure,
  type LeaseAction,
  type LeaseEvent,
  type LeaseRecord,
  type LeaseState,
  RETRY_MS,
  step,
} from './lease-state.ts'
import { LEASES, pathOf } from './resource.ts'

/** Two attempts fit into the time between a failed renewal and its end. */
const REQUEST_TIMEOUT_MS = 2500
/** Spreads the attempts of those who waited for the same moment. */
const JITTER_MS = 200
/** How long the API server lets a watch live, and how long we wait for it to say so. */
const WATCH_SECONDS = 300
const WATCH_SILENCE_MS = (WATCH_SECONDS + 30) * 1000

export type LeaseOptions = Readonly<{
  api: KubeApi
  namespace: string
  name: string
  /** Unlike that of any other process, a former one of the same Pod included. */
  identity: string
  clock: Clock
  /** Milliseconds on a clock that also counts while the machine sleeps. */
  bootMs(): number
  /** 0 ≤ x < 1. */
  random(): number
  onLead(): void
  /** At the latest when `mayWrite` becomes false, or as soon after as this process runs again. */
  onFollow(): void
  /** Something went wrong that is tried again. */
  onFault(fault: Error): void
}>

export class Lease {
  readonly #options: LeaseOptions
  #state: LeaseState
  #timer: Timer | null = null
  #releasing = false
  readonly #stopped = Promise.withResolvers<void>()
  /** Ends the watch: whoever leads, or stops, has nothing to watch. */
  #watching = new AbortController()
  /** Called when we begin to follow, and when we stop. */
  #resume: () => void = () => {}

  /** Does nothing before `start`. */
  constructor(options: LeaseOptions) {
    this.#options = options
    this.#state = initialState(options.identity)
  }

  start(): void {
    supervise('watch of the Lease', this.#follow())
  }

  /** Whether the Lease is surely ours at this very moment. */
  mayWrite(): boolean {
    return isSure(this.#state, this.#options.bootMs())
  }

  /** Who holds the Lease as far as is known; '' is nobody. */
  get holder(): string {
    return this.#state.record?.holder ?? ''
  }

  /** Gives the Lease back, if it is ours, and ends. Whoever leads has to have finished its writes. */
  async stop(): Promise<void> {
    this.#apply({ type: 'stop', atMs: this.#options.bootMs() })
    await this.#stopped.promise
  }

  #apply(event: LeaseEvent): void {
    const [state, actions] = step(this.#state, event)
    this.#state = state
    for (const action of actions) this.#carryOut(action)
  }

  #carryOut(action: LeaseAction): void {
    switch (action.type) {
      case 'read':
        return supervise('reading the Lease', this.#read())
      case 'take':
        return supervise('taking the Lease', this.#take(action.over))
      case 'release':
        return supervise('releasing the Lease', this.#release(action.record))
      case 'lead':
        this.#watching.abort()
        return this.#options.onLead()
      case 'follow':
        this.#resume()
        return this.#options.onFollow()
      case 'wake':
        return this.#wake(action.atMs)
      case 'stopped':
        this.#timer?.cancel()
        this.#watching.abort()
        this.#resume()
        if (!this.#releasing) this.#stopped.resolve()
    }
  }

  #wake(atMs: number): void {
    this.#timer?.cancel()
    this.#timer = null
    if (atMs === Number.POSITIVE_INFINITY) return
    const { clock, bootMs, random } = this.#options
    const delayMs = atMs - bootMs()
    this.#timer = clock.after(delayMs > 0 ? delayMs + random() * JITTER_MS : 0, () => {
      this.#apply({ type: 'due', atMs: bootMs() })
    })
  }

  /** Undefined: it could not be read. */
  async #read(): Promise<LeaseRecord | null | undefined> {
    const { bootMs } = this.#options
    try {
      const record = await this.#get()
      this.#apply({ type: 'seen', record, atMs: bootMs() })
      return record
    } catch (thrown) {
      this.#fault(thrown)
      this.#apply({ type: 'unread', atMs: bootMs() })
      return undefined
    }
  }

  async #get(): Promise<LeaseRecord | null> {
    try {
      return recordOf(await this.#request({ method: 'GET', path: this.#path() }))
    } catch (thrown) {
      if (thrown instanceof KubeFault && thrown.kind.code === 'notFound') return null
      throw thrown
    }
  }

  async #take(over: LeaseRecord | null): Promise<void> {
    const { identity, bootMs } = this.#options
    const sentMs = bootMs()
    const renews = over?.holder === identity
    const transitions = over ? Math.min(over.transitions + (renews ? 0 : 1), MOST_TRANSITIONS) : 0
    try {
      const acquireTime = (renews && over.acquireTime) || this.#now()
      const answer = await this.#write(over, { holder: identity, durationMs: DURATION_MS, transitions, acquireTime })
      this.#apply({ type: 'written', record: recordOf(answer), sentMs, atMs: bootMs() })
    } catch (thrown) {
      if (thrown instanceof KubeFault && OUTRUN.has(thrown.kind.code)) {
        return this.#apply({ type: 'outrun', atMs: bootMs() })
      }
      this.#fault(thrown)
      this.#apply({ type: 'failed', atMs: bootMs() })
    }
  }

  async #release(record: LeaseRecord): Promise<void> {
    this.#releasing = true
    try {
      await this.#write(record, { ...record, holder: '', durationMs: 1000 })
    } catch (thrown) {
      this.#fault(thrown) // the others wait for its end, then
    }
    this.#stopped.resolve()
  }

  #write(over: LeaseRecord | null, record: Omit<LeaseRecord, 'resourceVersion'>): Promise<unknown> {
    const { name, namespace } = this.#options
    const resourceVersion = over ? { resourceVersion: over.resourceVersion } : {}
    const body = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name, namespace, ...resourceVersion },
      spec: {
        holderIdentity: record.holder,
        leaseDurationSeconds: Math.round(record.durationMs / 1000),
        leaseTransitions: record.transitions,
        acquireTime: record.acquireTime,
        renewTime: this.#now(),
      },
    }
    return over
      ? this.#request({ method: 'PUT', path: this.#path(), body })
      : this.#request({ method: 'POST', path: pathOf(LEASES, { namespace }), body })
  }

  /** Watches the Lease for as long as we follow. */
  async #follow(): Promise<void> {
    const { clock, random } = this.#options
    while (this.#state.role !== 'stopped') {
      if (this.#state.role === 'leader') {
        await new Promise<void>((resolve) => (this.#resume = resolve))
        continue
      }
      try {
        const record = await this.#read()
        if (record !== undefined && this.#isFollowing) await this.#watch(record)
      } catch (thrown) {
        this.#fault(thrown)
      }
      if (!this.#isFollowing) continue
      const pauseMs = (RETRY_MS / 2) * (1 + random())
      await new Promise<void>((resolve) => {
        this.#resume = resolve
        clock.after(pauseMs, resolve)
      })
    }
  }

  /** Ends when the API server ends it, or when there is nothing to follow any more. */
  async #watch(from: LeaseRecord | null): Promise<void> {
    const { api, name, namespace, bootMs } = this.#options
    const query = {
      watch: 'true',
      fieldSelector: `metadata.name=${name}`,
      timeoutSeconds: String(WATCH_SECONDS),
      ...(from ? { resourceVersion: from.resourceVersion } : {}),
    }
    const lines = new LineScanner()
    const path = pathOf(LEASES, { namespace })
    this.#watching = new AbortController()
    const { signal } = this.#watching
    for await (const chunk of api.stream({ method: 'GET', path, query, timeoutMs: WATCH_SILENCE_MS, signal })) {
      for (const line of lines.feed(chunk)) {
        const event = fieldsOf(parseItem(line))
        if (event['type'] === 'ERROR') return
        const seen = event['type'] === 'DELETED' ? null : recordOf(event['object'])
        this.#apply({ type: 'seen', record: seen, atMs: bootMs() })
      }
    }
  }

  get #isFollowing(): boolean {
    return this.#state.role === 'follower'
  }

  #request(request: KubeRequest): Promise<unknown> {
    return this.#options.api.request({ ...request, timeoutMs: REQUEST_TIMEOUT_MS })
  }

  #path(): string {
    const { name, namespace } = this.#options
    return pathOf(LEASES, { namespace, name })
  }

  /** MicroTime, which has to have six digits. */
  #now(): string {
    return new Date(this.#options.clock.wallMs()).toISOString().replace('Z', '000Z')
  }

  #fault(thrown: unknown): void {
    if (!(thrown instanceof Fault)) throw thrown
    if (thrown instanceof KubeFault && thrown.kind.code === 'aborted') return
    this.#options.onFault(thrown)
  }
}

/** An int32 at the API server: with one more, as somebody's edit may have left it, nobody could take the Lease. */
const MOST_TRANSITIONS = 2 ** 31 - 1

/** Somebody else wrote, created or deleted it meanwhile. */
const OUTRUN: ReadonlySet<string> = new Set(['conflict', 'alreadyExists', 'notFound'])

/** Reads what anybody may have written into it; nonsense counts as nobody's. */
function recordOf(lease: unknown): LeaseRecord {
  const spec = fieldsOf(fieldAt(lease, 'spec'))
  const seconds = spec['leaseDurationSeconds']
  const transitions = spec['leaseTransitions']
  return {
    holder: textAt(spec, 'holderIdentity'),
    durationMs: typeof seconds === 'number' && seconds > 0 ? seconds * 1000 : DURATION_MS,
    transitions: typeof transitions === 'number' ? transitions : 0,
    acquireTime: textAt(spec, 'acquireTime'),
    resourceVersion: textAt(lease, 'metadata', 'resourceVersion'),
  }
}
