// SPDX-License-Identifier: Apache-2.0
import { type KubeApi, KubeFault, MERGE_PATCH } from '../../kube/api.ts'
import { pathOf } from '../../kube/resource.ts'
import type { Owner } from '../../kube/sink.ts'
import { textAt } from '../../lib/unchecked.ts'
import { NAMESPACE_LABEL, NODE_LABEL, SERVICE_LABEL, type StatusForm, statusBody } from './service-status.ts'
import type { ServiceStatusApi } from './service-statuses.ts'

export type StatusApiOptions = Readonly<{
  api: KubeApi
  namespace: string
  node: string
  /** The own Pod, as far as it is known: with it the API server removes what it left behind. */
  owner(): Owner | null
}>

/** Requests for the objects of one form. */
export function openStatusApi<Answer>(
  form: StatusForm<Answer>,
  { api, namespace, node, owner }: StatusApiOptions,
): ServiceStatusApi<Answer> {
  const { resource, generateName } = form
  return {
    async create(service) {
      const [serviceNamespace = '', serviceName = ''] = service.split('/')
      const labels = { [NODE_LABEL]: node, [SERVICE_LABEL]: serviceName, [NAMESPACE_LABEL]: serviceNamespace }
      const pod = owner()
      const metadata = { generateName, namespace, labels, ...(pod ? { ownerReferences: [pod] } : {}) }
      const apiVersion = `${resource.group}/${resource.version}`
      const body = { apiVersion, kind: resource.kind, metadata, spec: {} }
      return textAt(
        await api.request({ method: 'POST', path: pathOf(resource, { namespace }), body }),
        'metadata',
        'name',
      )
    },
    async write(service, name, answer) {
      const path = pathOf(resource, { namespace, name, subresource: 'status' })
      const body = { status: statusBody(form, service, { node, answer }) }
      return unlessGone(api.request({ method: 'PATCH', path, contentType: MERGE_PATCH, body }))
    },
    async delete(name) {
      await unlessGone(api.request({ method: 'DELETE', path: pathOf(resource, { namespace, name }) }))
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
