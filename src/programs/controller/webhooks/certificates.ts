// SPDX-License-Identifier: Apache-2.0
/**
 * Keeps the certificate of the webhooks: in a Secret that all replicas read, in the server, and its authority where the
 * API server looks for it. Each look does what is missing then, in this order; every change of one of the three objects
 * and every twelve hours there is a look.
 *
 *   Secret ──lacks something──► make it, write it     whoever is first wins (resourceVersion), the others read theirs
 *     └──usable──► the server shows it
 *          └──► caBundle of webhooks and CRD differs──► patch it
 */
import { JSON_PATCH, type KubeApi, KubeFault, MERGE_PATCH } from '../../../kube/api.ts'
import { pathOf, SECRETS } from '../../../kube/resource.ts'
import { type KubeSource, openSource } from '../../../kube/source.ts'
import { Versions } from '../../../kube/versions.ts'
import type { Clock, Timer } from '../../../lib/clock.ts'
import { Fault } from '../../../lib/fault.ts'
import type { Log } from '../../../lib/log.ts'
import type { KubeObject, ObjectEvent } from '../../../lib/object.ts'
import { supervise } from '../../../lib/supervise.ts'
import { bundleOf, needOf, SECRET_KEYS, type Stored, type Usable, usableOf } from './certificate-state.ts'
import { CONFIGURATION_NAME, CRD_NAME, CRDS, injectionOf, trusts, WEBHOOK_CONFIGURATIONS } from './injection.ts'

const LOOK_MS = 12 * 3_600_000
/** After a call that failed; a change that somebody else made comes by the watch, and sooner. */
const AGAIN_MS = 5_000
/** As MetalLB's, so that what it wrote there is what we write. */
const FIELD_MANAGER = 'MetalLB'
const EMPTY: Stored = { 'ca.crt': '', 'ca.key': '', 'tls.crt': '', 'tls.key': '' }

export type CertificatesOptions = Readonly<{
  api: KubeApi
  clock: Clock
  random(): number
  log: Log
  namespace: string
  secretName: string
  /** Under which the API server calls: SERVICE.NAMESPACE.svc */
  host: string
  /** To be shown from now on. */
  onIdentity(identity: Usable['identity']): void
  /** Null: the API server trusts what is shown. Else what is still missing, for people. */
  onState(missing: string | null): void
}>

export class Certificates {
  readonly #options: CertificatesOptions
  readonly #source: KubeSource
  /** By kind; a kind that is not here does not exist in the cluster. */
  readonly #objects = new Map<string, KubeObject>()
  #usable: Usable | null = null
  #timer: Timer | null = null
  #looking = false
  #poked = false
  #stopped = false

  constructor(options: CertificatesOptions) {
    const { api, clock, random, log, namespace, secretName } = options
    this.#options = options
    this.#source = openSource({
      api,
      clock,
      random,
      log,
      versions: new Versions(),
      wanted: [
        { resource: SECRETS, namespace, fieldSelector: named(secretName) },
        { resource: WEBHOOK_CONFIGURATIONS, fieldSelector: named(CONFIGURATION_NAME) },
        { resource: CRDS, fieldSelector: named(CRD_NAME) },
      ],
    })
  }

  /** Resolves when the three objects were looked at for the first time, however long the API server is away. */
  async start(): Promise<void> {
    await this.#source.start({ onEvents: (events) => this.#take(events), onProblems: () => undefined })
    this.#poke()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#timer?.cancel()
    await this.#source.stop()
  }

  #take(events: readonly ObjectEvent[]): void {
    for (const { type, object } of events) {
      if (type === 'deleted') this.#objects.delete(object.kind)
      else this.#objects.set(object.kind, slim(object))
    }
    this.#poke()
  }

  #poke(): void {
    this.#poked = true
    if (!this.#looking && !this.#stopped) supervise('looking after the certificate', this.#lookUntilDone())
  }

  /** One look at a time; what changes meanwhile is looked at afterwards. */
  async #lookUntilDone(): Promise<void> {
    this.#looking = true
    let nextMs = LOOK_MS
    while (this.#poked && !this.#stopped) {
      this.#poked = false
      nextMs = (await this.#look()) ? LOOK_MS : AGAIN_MS
    }
    this.#looking = false
    this.#timer?.cancel()
    if (!this.#stopped) this.#timer = this.#options.clock.after(nextMs, () => this.#poke())
  }

  /** False: something failed and has to be tried again. */
  async #look(): Promise<boolean> {
    const { log, onState } = this.#options
    try {
      await this.#refreshSecret()
      this.#show()
      await this.#inject()
      onState(this.#missing())
      return this.#usable !== null
    } catch (thrown) {
      if (!(thrown instanceof Fault)) throw thrown
      if (this.#stopped) return true
      // Another replica was faster. Its work comes by the watch.
      const isRace = thrown instanceof KubeFault && ['conflict', 'alreadyExists'].includes(thrown.kind.code)
      if (!isRace) log.warn('the certificate of the webhooks cannot be kept now', { error: thrown.message })
      // What is shown and trusted already stays so.
      onState(this.#missing() === null ? null : thrown.message)
      return false
    }
  }

  async #refreshSecret(): Promise<void> {
    const { host, clock, log } = this.#options
    const at = { nowMs: clock.wallMs(), host }
    const stored = this.#stored()
    const need = needOf(stored, at)
    if (need === 'nothing') return
    const { makeCertificates } = await import('./make-certificates.ts')
    await this.#write(await makeCertificates(stored, need, at))
    log.info('certificate of the webhooks made', { made: need, host })
  }

  /** Throws KubeFault, of code `conflict` or `alreadyExists` where somebody else wrote first. */
  async #write(stored: Stored): Promise<void> {
    const { api, namespace, secretName } = this.#options
    const data = Object.fromEntries(SECRET_KEYS.map((key) => [key, Buffer.from(stored[key]).toString('base64')]))
    const before = this.#objects.get(SECRETS.kind)
    const place = { namespace, name: secretName }
    const fresh = { apiVersion: 'v1', kind: 'Secret', type: 'Opaque', metadata: place, data }
    const patch = { metadata: { resourceVersion: before?.metadata.resourceVersion }, data }
    const query = { fieldManager: FIELD_MANAGER }
    await api.request(
      before
        ? { method: 'PATCH', path: pathOf(SECRETS, place), query, body: patch, contentType: MERGE_PATCH }
        : { method: 'POST', path: pathOf(SECRETS, { namespace }), query, body: fresh },
    )
    // The watch tells the same a little later, with the version that the next write is decided on.
    this.#objects.set(SECRETS.kind, {
      ...fresh,
      metadata: { labels: {}, annotations: {}, ...before?.metadata, ...place },
    })
  }

  #show(): void {
    const { host, clock, onIdentity } = this.#options
    const usable = usableOf(this.#stored(), { nowMs: clock.wallMs(), host })
    if (usable && usable.identity.cert !== this.#usable?.identity.cert) onIdentity(usable.identity)
    this.#usable = usable ?? this.#usable
  }

  async #inject(): Promise<void> {
    const { api, clock, log } = this.#options
    const bundle = bundleOf(this.#stored(), clock.wallMs())
    for (const resource of [WEBHOOK_CONFIGURATIONS, CRDS]) {
      const object = this.#objects.get(resource.kind)
      const patch = object && bundle !== '' ? injectionOf(object, bundle) : null
      if (!object || patch === null) continue
      const { name } = object.metadata
      const path = pathOf(resource, { name })
      const query = { fieldManager: FIELD_MANAGER }
      await api.request({ method: 'PATCH', path, query, body: patch, contentType: JSON_PATCH })
      log.info('authority of the webhooks made known', { object: `${resource.kind}/${name}` })
    }
  }

  #missing(): string | null {
    const usable = this.#usable
    if (usable === null) return 'there is no certificate yet'
    for (const { kind } of [WEBHOOK_CONFIGURATIONS, CRDS]) {
      const object = this.#objects.get(kind)
      if (object && !trusts(object, usable.issuer)) return `${kind} ${object.metadata.name} lacks the authority`
    }
    return null
  }

  #stored(): Stored {
    const secret = this.#objects.get(SECRETS.kind)
    const data: unknown = secret?.data
    if (typeof data !== 'object' || data === null) return EMPTY
    const entries = SECRET_KEYS.map((key): [string, string] => {
      const value: unknown = Object.hasOwn(data, key) ? Reflect.get(data, key) : ''
      return [key, typeof value === 'string' ? Buffer.from(value, 'base64').toString() : '']
    })
    return { ...EMPTY, ...Object.fromEntries(entries) }
  }
}

const named = (name: string) => `metadata.name=${name}`

/** A CRD is mostly schema, which nobody here reads. */
function slim(object: KubeObject): KubeObject {
  const { spec } = object
  if (object.kind !== CRDS.kind || typeof spec !== 'object' || spec === null) return object
  return { ...object, spec: 'conversion' in spec ? { conversion: spec.conversion } : {} }
}
