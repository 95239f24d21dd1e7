// SPDX-License-Identifier: Apache-2.0
import type { Fault } from '../../src/lib/fault.ts'
import type { KubeObject, ObjectEvent } from '../../src/lib/object.ts'
import { type StatusForm, statusBody } from '../../src/programs/speaker/service-status.ts'
import type { ServiceStatusApi } from '../../src/programs/speaker/service-statuses.ts'

/** The objects of one form in a cluster, as node `me` sees them; test/cluster has the API server's own. */
export class StatusObjects<Answer> {
  readonly objects = new Map<string, KubeObject>()
  /** Requests that came, in words. */
  readonly calls: string[] = []
  /** What the next requests meet. */
  faults: Fault<{ code: string }>[] = []
  readonly #form: StatusForm<Answer>
  #take: ((event: ObjectEvent) => void) | null = null
  #made = 0

  constructor(form: StatusForm<Answer>) {
    this.#form = form
  }

  /** Puts one there; null: without its status. */
  put(
    name: string,
    service: string,
    { node = 'me', answer }: Readonly<{ node?: string; answer: Answer | null }>,
  ): void {
    const [namespace = '', bare = ''] = service.split('/')
    const labels = {
      'metallb.io/node': node,
      'metallb.io/service-name': bare,
      'metallb.io/service-namespace': namespace,
    }
    const { group, version, kind } = this.#form.resource
    const object: KubeObject = {
      apiVersion: `${group}/${version}`,
      kind,
      metadata: { name, namespace: 'metallb-system', labels, annotations: {} },
      ...(answer === null ? {} : { status: statusBody(this.#form, service, { node, answer }) }),
    }
    this.objects.set(name, object)
    const take = this.#take
    if (node === 'me') setImmediate(() => take?.({ type: 'applied', object }))
  }

  /** Takes one away, as somebody else may. */
  remove(name: string): void {
    const object = this.objects.get(name)
    this.objects.delete(name)
    if (object) setImmediate(() => this.#take?.({ type: 'deleted', object }))
  }

  /** As a list and watch by this node's label. */
  follow(take: (event: ObjectEvent) => void): void {
    this.#take = take
    for (const object of this.objects.values()) {
      if (object.metadata.labels['metallb.io/node'] === 'me') take({ type: 'applied', object })
    }
  }

  /** Requests of node `me`, and the list of others' that Layer 2 needs. */
  api(): ServiceStatusApi<Answer> & { others(service: string | null): Promise<readonly KubeObject[]> } {
    return {
      create: async (service) => {
        this.#call(`create ${service}`)
        const name = `${this.#form.generateName}${++this.#made}`
        this.put(name, service, { answer: null })
        return name
      },
      write: async (service, name, answer) => {
        this.#call(`write ${service}`)
        if (!this.objects.has(name)) return false
        this.put(name, service, { answer })
        return true
      },
      delete: async (name) => {
        this.#call(`delete ${name}`)
        this.remove(name)
      },
      others: async (service) => {
        this.#call(`list ${service ?? 'all'}`)
        return [...this.objects.values()].filter(({ metadata: { labels } }) => {
          const of = `${labels['metallb.io/service-namespace']}/${labels['metallb.io/service-name']}`
          return labels['metallb.io/node'] !== 'me' && (service === null || service === of)
        })
      },
    }
  }

  #call(what: string): void {
    this.calls.push(what)
    const fault = this.faults.shift()
    if (fault) throw fault
  }

  /** Service and node of each, sorted. */
  nodes(): string[] {
    return [...this.objects.values()]
      .map(({ metadata: { labels }, status }) => {
        return `${labels['metallb.io/service-name']} ${labels['metallb.io/node']}${status ? '' : ' incomplete'}`
      })
      .toSorted()
  }
}
