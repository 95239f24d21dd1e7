// SPDX-License-Identifier: Apache-2.0
import type { KubeApi } from '../../../kube/api.ts'
import { pathOf, type Resource } from '../../../kube/resource.ts'
import { Trimmer } from '../../../kube/trim.ts'
import type { KubeObject } from '../../../lib/object.ts'

/** So that an answer of Nodes with hundreds of images each stays small. */
const PAGE = 100
/** Of one request. */
const TIMEOUT_MS = 4_000
/** Of all requests for one answer: the API server waits 10 s for it, and a sentence in time says more than silence. */
const ANSWER_MS = 8_000

/** Whom to ask, and until when on the monotonic clock. */
export type Asking = Readonly<{ api: KubeApi; untilMs: number }>

/** For one answer, from now on. */
export function askFor(api: KubeApi): Asking {
  return { api, untilMs: performance.now() + ANSWER_MS }
}

/**
 * All objects of a resource as they are stored at this moment. A watch would be cheaper and a little behind: of two
 * objects applied one after the other, the second has to be compared with the first. Throws KubeFault.
 */
export async function listLive({ api, untilMs }: Asking, resource: Resource, namespace: string): Promise<KubeObject[]> {
  const trimmer = new Trimmer(resource)
  const path = pathOf(resource, resource.namespaced ? { namespace } : {})
  const objects: KubeObject[] = []
  for (let token: string | null = ''; token !== null; ) {
    const query = { limit: String(PAGE), ...(token !== '' && { continue: token }) }
    const timeoutMs = Math.max(1, Math.min(TIMEOUT_MS, untilMs - performance.now()))
    const page = readPage(await api.request({ method: 'GET', path, query, timeoutMs }))
    for (const item of page.items) {
      const object = trimmer.trim(item)
      if (object) objects.push(object)
    }
    token = page.next
  }
  return objects
}

type Page = Readonly<{ items: readonly unknown[]; next: string | null }>

function readPage(list: unknown): Page {
  if (typeof list !== 'object' || list === null) return { items: [], next: null }
  const items: readonly unknown[] = 'items' in list && Array.isArray(list.items) ? list.items : []
  const metadata = 'metadata' in list ? list.metadata : null
  const next = typeof metadata === 'object' && metadata !== null && 'continue' in metadata ? metadata.continue : null
  return { items, next: typeof next === 'string' && next !== '' ? next : null }
}
