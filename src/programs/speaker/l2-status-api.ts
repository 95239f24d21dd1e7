// SPDX-License-Identifier: Apache-2.0
import { type KubeApi, KubeFault, MERGE_PATCH } from '../../kube/api.ts'
import { pathOf, SERVICE_L2_STATUSES } from '../../kube/resource.ts'
import type { Owner } from '../../kube/sink.ts'
import type { KubeObject } from '../../lib/object.ts'
import { fieldsOf } from '../../lib/unchecked.ts'
import { l2StatusBody, NAMESPACE_LABEL, NODE_LABEL, SERVICE_LABEL } from './l2-status.ts'
import type { L2StatusApi } from './l2-statuses.ts'

export type L2StatusApiOptions = Readonly<{
  api: KubeApi
  namespace: string
  node: string
  /** The own Pod, as far as it is known: with it the API server removes what it left behind. */
  owner(): Owner | null
}>

const PAGE_SIZE = 500
const API_VERSION = 'metallb.io/v1beta1'

/** Requests for ServiceL2Status objects. */
export function openL2StatusApi({ api, namespace, node, owner }: L2StatusApiOptions): L2StatusApi {
  const path = (name?: string, subresource?: string) => {
    return pathOf(SERVICE_L2_STATUSES, {
      namespace,
      ...(name === undefined ? {} : { name }),
      ...(subresource === undefined ? {} : { subresource }),
    })
  }
  return {
    async create(service) {
      const [serviceNamespace = '', serviceName = ''] = service.split('/')
      const labels = { [NODE_LABEL]: node, [SERVICE_LABEL]: serviceName, [NAMESPACE_LABEL]: serviceNamespace }
      const pod = owner()
      const metadata = { generateName: 'l2-', namespace, labels, ...(pod ? { ownerReferences: [pod] } : {}) }
      const body = { apiVersion: API_VERSION, kind: 'ServiceL2Status', metadata, spec: {} }
      return metadataOf(await api.request({ method: 'POST', path: path(), body })).name
    },
    async write(service, name, answer) {
      const body = { status: l2StatusBody(service, { node, answer }) }
      return unlessGone(api.request({ method: 'PATCH', path: path(name, 'status'), contentType: MERGE_PATCH, body }))
    },
    async delete(name) {
      await unlessGone(api.request({ method: 'DELETE', path: path(name) }))
    },
    async others(service) {
      const [serviceNamespace = '', serviceName = ''] = service?.split('/') ?? []
      const ofService =
        service === null ? '' : `,${SERVICE_LABEL}=${serviceName},${NAMESPACE_LABEL}=${serviceNamespace}`
      const query = { labelSelector: `${NODE_LABEL}!=${node}${ofService}`, limit: String(PAGE_SIZE) }
      const objects: KubeObject[] = []
      let token = ''
      do {
        const page = await api.request({
          method: 'GET',
          path: path(),
          query: { ...query, ...(token && { continue: token }) },
        })
        const { items, metadata } = fieldsOf(page)
        for (const item of Array.isArray(items) ? items : []) objects.push(bare(item))
        token = textOf(fieldsOf(metadata)['continue'])
      } while (token !== '')
      return objects
    },
  }
}

async function unlessGone(request: Promise<unknown>): Promise<boolean> {
  try {
    await request
    return true
  } catch (thrown) {
    if (thrown instanceof KubeFault && thrown.kind.code === 'notFound') return false
    throw thrown
  }
}

/** Name and labels are all that anybody wants of those of other nodes. */
function bare(item: unknown): KubeObject {
  return { apiVersion: API_VERSION, kind: 'ServiceL2Status', metadata: metadataOf(item) }
}

function metadataOf(object: unknown): KubeObject['metadata'] {
  const { name, namespace, labels } = fieldsOf(fieldsOf(object)['metadata'])
  const texts = Object.entries(fieldsOf(labels)).map(([key, value]) => [key, textOf(value)] as const)
  return { name: textOf(name), namespace: textOf(namespace), labels: Object.fromEntries(texts), annotations: {} }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
