// SPDX-License-Identifier: Apache-2.0
/**
 * core/v1 Events, as `kubectl describe` shows them. What is said again about the same object is counted in the Event
 * that is there already; what is said too often is not said. Needs the rights `create` and `patch`, as MetalLB has them.
 */
import { randomBytes } from 'node:crypto'
import type { Clock } from '../lib/clock.ts'
import type { EventWrite } from '../lib/object.ts'
import { KubeFault, type KubeFaultCode, type KubeRequest, MERGE_PATCH } from './api.ts'
import { EVENTS, pathOf } from './resource.ts'

/** Events that can be counted on: a repetition of one that was forgotten becomes an Event of its own. */
const REMEMBERED = 1000
/** Objects whose rate is known; one that was forgotten starts with a full allowance. */
const WATCHED = 1000
/** Events at once about one object, and how long it takes until one more may follow: client-go's figures. */
const BURST = 25
const REFILL_MS = 300_000
/** The API server refuses more than 1,024 bytes. */
const MAX_MESSAGE_BYTES = 1024
const MAX_REASON_LENGTH = 128
/** Leaves room for the suffix within the 253 characters of a name. */
const MAX_NAME_LENGTH = 200
const SUFFIX_BYTES = 8

/** An Event is for people: what the API server will not have, it will not have later either. */
const HOPELESS: ReadonlySet<KubeFaultCode> = new Set(['invalid', 'forbidden', 'notFound', 'conflict', 'alreadyExists'])

const API_VERSIONS: Readonly<Record<string, string>> = {
  Service: 'v1',
  Node: 'v1',
  Pod: 'v1',
  Secret: 'v1',
  BGPPeer: 'metallb.io/v1beta2',
}

export type RecorderOptions = Readonly<{
  clock: Clock
  /** `metallb-controller` or `metallb-speaker`. */
  component: string
  /** Name of the node that says it; '' where it is not known. */
  host: string
  /** Throws KubeFault. */
  send(request: KubeRequest): Promise<unknown>
}>

type Told = Readonly<{ name: string; namespace: string; count: number }>
type Allowance = Readonly<{ left: number; atMs: number }>

/** Says Events about objects. */
export class EventRecorder {
  readonly #options: RecorderOptions
  readonly #told = new Map<string, Told>()
  readonly #allowances = new Map<string, Allowance>()

  constructor(options: RecorderOptions) {
    this.#options = options
  }

  /** Throws KubeFault where trying again may help. */
  async write(event: EventWrite): Promise<void> {
    const left = this.#allowanceOf(event)
    if (left < 1) return
    const key = fingerprint(event)
    const known = this.#told.get(key)
    try {
      if (!known || !(await this.#repeat(key, known))) await this.#create(key, event)
      this.#spend(event, left)
    } catch (thrown) {
      if (thrown instanceof KubeFault && HOPELESS.has(thrown.kind.code)) return
      throw thrown
    }
  }

  /** False: the Event is not there any more (they live for an hour). */
  async #repeat(key: string, { name, namespace, count }: Told): Promise<boolean> {
    const told = { name, namespace, count: count + 1 }
    const body = { count: told.count, lastTimestamp: this.#now() }
    try {
      await this.#options.send({
        method: 'PATCH',
        path: pathOf(EVENTS, { namespace, name }),
        contentType: MERGE_PATCH,
        body,
      })
    } catch (thrown) {
      if (!(thrown instanceof KubeFault) || thrown.kind.code !== 'notFound') throw thrown
      this.#told.delete(key)
      return false
    }
    remember(this.#told, { key, value: told, most: REMEMBERED })
    return true
  }

  async #create(key: string, event: EventWrite): Promise<void> {
    const { component, host } = this.#options
    const namespace = event.object.namespace || 'default'
    const name = nameFor(event)
    const now = this.#now()
    const body = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name, namespace },
      involvedObject: {
        apiVersion: API_VERSIONS[event.object.kind] ?? 'metallb.io/v1beta1',
        ...event.object,
        ...(event.uid === undefined ? {} : { uid: event.uid }),
      },
      type: event.type,
      reason: event.reason.slice(0, MAX_REASON_LENGTH),
      message: shortened(event.message),
      count: 1,
      firstTimestamp: now,
      lastTimestamp: now,
      source: host === '' ? { component } : { component, host },
      reportingComponent: component,
      reportingInstance: host,
    }
    await this.#options.send({ method: 'POST', path: pathOf(EVENTS, { namespace }), body })
    remember(this.#told, { key, value: { name, namespace, count: 1 }, most: REMEMBERED })
  }

  /** How many Events about this object are allowed now. */
  #allowanceOf({ object }: EventWrite): number {
    const before = this.#allowances.get(nameOf(object))
    return before ? Math.min(BURST, before.left + (this.#options.clock.monotonicMs() - before.atMs) / REFILL_MS) : BURST
  }

  #spend({ object }: EventWrite, left: number): void {
    const value = { left: left - 1, atMs: this.#options.clock.monotonicMs() }
    remember(this.#allowances, { key: nameOf(object), value, most: WATCHED })
  }

  #now(): string {
    return `${new Date(this.#options.clock.wallMs()).toISOString().slice(0, 19)}Z`
  }
}

/** Puts an entry last; the one that was longest not used goes when there are too many. */
function remember<V>(map: Map<string, V>, { key, value, most }: { key: string; value: V; most: number }): void {
  map.delete(key)
  map.set(key, value)
  const [oldest] = map.keys()
  if (map.size > most && oldest !== undefined) map.delete(oldest)
}

function nameOf({ kind, namespace, name }: EventWrite['object']): string {
  return `${kind}/${namespace}/${name}`
}

function fingerprint({ object, uid = '', type, reason, message }: EventWrite): string {
  return JSON.stringify([object.kind, object.namespace, object.name, uid, type, reason, message])
}

/** The object's name and something that no other Event has. */
function nameFor({ object }: EventWrite): string {
  const name = object.name.slice(0, MAX_NAME_LENGTH).replace(/[^a-z0-9]+$/, '')
  return `${name}.${randomBytes(SUFFIX_BYTES).toString('hex')}`
}

function shortened(message: string): string {
  const bytes = Buffer.from(message)
  if (bytes.length <= MAX_MESSAGE_BYTES) return message
  return `${bytes
    .subarray(0, MAX_MESSAGE_BYTES - 4)
    .toString()
    .replace(/\uFFFD+$/, '')}…`
}
