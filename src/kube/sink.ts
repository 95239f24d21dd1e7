// SPDX-License-Identifier: Apache-2.0
/**
 * Where results go in a cluster. A Service's address, condition and annotation travel in one merge patch on its status
 * subresource, with the resourceVersion they were decided on: whatever changed meanwhile, be it by a leader that was
 * paused, refuses the write instead of being overwritten.
 *
 *   Service             PATCH services/NAME/status             merge patch
 *   IPAddressPool       PATCH ipaddresspools/NAME/status       merge patch
 *   ConfigurationState  PATCH configurationstates/NAME/status  server-side apply; POST where there is none yet
 *   events              POST, then PATCH for repetitions       events.ts
 */
import type { Clock } from '../lib/clock.ts'
import { Fault } from '../lib/fault.ts'
import { type EventWrite, keyOf, type ObjectSink, type StatusWrite, type WriteOutcome } from '../lib/object.ts'
import { APPLY_PATCH, type KubeApi, KubeFault, type KubeRequest, MERGE_PATCH } from './api.ts'
import { EventRecorder } from './events.ts'
import { CONFIGURATION_STATES, IP_ADDRESS_POOLS, pathOf, type Resource, SERVICES } from './resource.ts'

/** As in metadata.ownerReferences; the API server removes what belongs to a Pod or Deployment that is gone. */
export type Owner = Readonly<{ apiVersion: string; kind: string; name: string; uid: string }>

export type SinkOptions = Readonly<{
  api: KubeApi
  /** Told of the version that each of our writes made, so that the source knows our own news. */
  versions: Readonly<{ wrote(key: string, resourceVersion: string): void }>
  /** Asked right before each request; while it says no, nothing is sent and writes throw a Fault. */
  mayWrite(): boolean
  clock: Clock
  component: 'controller' | 'speaker'
  /** Name of a speaker's node. */
  nodeName?: string
  /** The own Pod, null while it is not known. */
  owner(): Owner | null
}>

/** Without the right to write: the lease is not, or not surely, ours. */
export type SinkFaultKind = Readonly<{ code: 'notLeading' }>

/** Longest pause that one Retry-After can make, whatever the server says. */
const MAX_RETRY_AFTER_MS = 60_000
const RESOURCES: Readonly<Record<string, Resource>> = Object.fromEntries(
  [SERVICES, IP_ADDRESS_POOLS, CONFIGURATION_STATES].map((resource) => [resource.kind, resource]),
)
/** MetalLB's, so that after a switch-over nobody else owns a field of ours. */
const FIELD_MANAGERS = { controller: 'poolReconciler', speaker: 'configReconciler' }

/** Opens the writing side. All its calls throw KubeFault or SinkFaultKind when the write did not happen. */
export function openSink(options: SinkOptions): ObjectSink {
  return new Sink(options)
}

class Sink implements ObjectSink {
  readonly #options: SinkOptions
  readonly #events: EventRecorder
  /** Kind → until when, on the monotonic clock, the API server asked for silence about it. */
  readonly #silentUntilMs = new Map<string, number>()

  constructor(options: SinkOptions) {
    this.#options = options
    this.#events = new EventRecorder({
      clock: options.clock,
      component: `metallb-${options.component}`,
      host: options.nodeName ?? '',
      send: (request) => this.#send('Event', request),
    })
  }

  async writeStatus(write: StatusWrite): Promise<WriteOutcome> {
    const { kind, namespace, name } = write.object
    try {
      const answer = kind === 'ConfigurationState' ? await this.#applyState(write) : await this.#patchStatus(write)
      const resourceVersion = versionOf(answer)
      if (resourceVersion === '') return { type: 'written' }
      this.#options.versions.wrote(keyOf(kind, namespace, name), resourceVersion)
      return { type: 'written', resourceVersion }
    } catch (thrown) {
      if (hasCode(thrown, 'notFound')) return { type: 'gone' }
      if (hasCode(thrown, 'conflict')) return { type: 'outdated' }
      throw thrown
    }
  }

  writeEvent(event: EventWrite): Promise<void> {
    return this.#events.write(event)
  }

  #patchStatus(write: StatusWrite): Promise<unknown> {
    const { object, annotations, resourceVersion } = write
    const metadata = {
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    }
    return this.#send(object.kind, {
      method: 'PATCH',
      path: statusPath(write),
      contentType: MERGE_PATCH,
      body: { metadata, status: object.kind === 'Service' ? replacing(write.status) : write.status },
    })
  }

  /** The object is ours alone, so it is made where it is missing, and its status is what we say. */
  async #applyState(write: StatusWrite): Promise<unknown> {
    const { name, namespace } = write.object
    const apply: KubeRequest = {
      method: 'PATCH',
      path: statusPath(write),
      query: { fieldManager: FIELD_MANAGERS[this.#options.component], force: 'true' },
      contentType: APPLY_PATCH,
      body: {
        apiVersion: 'metallb.io/v1beta1',
        kind: 'ConfigurationState',
        metadata: { name, namespace },
        status: write.status,
      },
    }
    try {
      return await this.#send('ConfigurationState', apply)
    } catch (thrown) {
      if (!hasCode(thrown, 'notFound')) throw thrown
    }
    await this.#createState(write)
    return this.#send('ConfigurationState', apply)
  }

  async #createState({ object: { name, namespace } }: StatusWrite): Promise<void> {
    const { component, nodeName } = this.#options
    const labels = {
      'metallb.io/component-type': component,
      ...(nodeName === undefined ? {} : { 'metallb.io/node-name': nodeName }),
    }
    const owner = this.#options.owner()
    const metadata = { name, namespace, labels, ...(owner ? { ownerReferences: [owner] } : {}) }
    const path = pathOf(CONFIGURATION_STATES, { namespace })
    const body = { apiVersion: 'metallb.io/v1beta1', kind: 'ConfigurationState', metadata }
    try {
      await this.#send('ConfigurationState', { method: 'POST', path, body })
    } catch (thrown) {
      if (!hasCode(thrown, 'alreadyExists')) throw thrown
    }
  }

  /** The one way out. Waits while the API server wants silence, and asks for the right to write as late as possible. */
  async #send(kind: string, request: KubeRequest): Promise<unknown> {
    const { api, clock, mayWrite } = this.#options
    for (let leftMs = this.#silentMs(kind); leftMs > 0; leftMs = this.#silentMs(kind)) {
      await new Promise<void>((resolve) => clock.after(leftMs, resolve))
    }
    if (!mayWrite()) {
      throw new Fault<SinkFaultKind>({ code: 'notLeading' }, `${request.method} ${request.path}: not leading any more`)
    }
    try {
      return await api.request(request)
    } catch (thrown) {
      if (thrown instanceof KubeFault && thrown.kind.retryAfterMs !== null) this.#heed(kind, thrown.kind.retryAfterMs)
      throw thrown
    }
  }

  #silentMs(kind: string): number {
    return (this.#silentUntilMs.get(kind) ?? 0) - this.#options.clock.monotonicMs()
  }

  /**
   * Retry-After is meant for all we send of this kind, not only for the request that happened to be answered with it.
   * Other kinds go on: a CRD whose storage is being made ready says 429, too.
   */
  #heed(kind: string, retryAfterMs: number): void {
    const untilMs = this.#options.clock.monotonicMs() + Math.min(retryAfterMs, MAX_RETRY_AFTER_MS)
    this.#silentUntilMs.set(kind, Math.max(this.#silentUntilMs.get(kind) ?? 0, untilMs))
  }
}

function statusPath({ object: { kind, namespace, name } }: StatusWrite): string {
  const resource = RESOURCES[kind]
  if (!resource) throw new TypeError(`nobody writes the status of a ${kind} here`)
  return pathOf(resource, { namespace, name, subresource: 'status' })
}

/** A merge patch keeps what it does not name: what the new status of a Service lacks has to be taken away by name. */
function replacing(status: StatusWrite['status']): Readonly<Record<string, unknown>> {
  const { loadBalancer, conditions, ...others } = status
  const hasIngress = typeof loadBalancer === 'object' && loadBalancer !== null && 'ingress' in loadBalancer
  const hasConditions = Array.isArray(conditions) && conditions.length > 0
  return {
    ...others,
    loadBalancer: hasIngress ? loadBalancer : { ingress: null },
    conditions: hasConditions ? conditions : null,
  }
}

function hasCode(thrown: unknown, code: KubeFault['kind']['code']): boolean {
  return thrown instanceof KubeFault && thrown.kind.code === code
}

function versionOf(answer: unknown): string {
  if (typeof answer !== 'object' || answer === null || !('metadata' in answer)) return ''
  const { metadata } = answer
  if (typeof metadata !== 'object' || metadata === null || !('resourceVersion' in metadata)) return ''
  return typeof metadata.resourceVersion === 'string' ? metadata.resourceVersion : ''
}
