// SPDX-License-Identifier: Apache-2.0
import { pathOf, SERVICE_L2_STATUSES } from '../../kube/resource.ts'
import type { KubeObject } from '../../lib/object.ts'
import { fieldAt, fieldsOf, listAt, textAt } from '../../lib/unchecked.ts'
import { L2_STATUS } from './l2-status.ts'
import type { L2StatusApi } from './l2-statuses.ts'
import { NAMESPACE_LABEL, NODE_LABEL, SERVICE_LABEL } from './service-status.ts'
import { openStatusApi, type StatusApiOptions } from './service-status-api.ts'

const PAGE_SIZE = 500

/** Requests for ServiceL2Status objects. */
export function openL2StatusApi(options: StatusApiOptions): L2StatusApi {
  return { ...openStatusApi(L2_STATUS, options), others: (service) => listOthers(options, service) }
}

async function listOthers({ api, namespace, node }: StatusApiOptions, service: string | null): Promise<KubeObject[]> {
  const [serviceNamespace = '', serviceName = ''] = service?.split('/') ?? []
  const ofService = service === null ? '' : `,${SERVICE_LABEL}=${serviceName},${NAMESPACE_LABEL}=${serviceNamespace}`
  const query = { labelSelector: `${NODE_LABEL}!=${node}${ofService}`, limit: String(PAGE_SIZE) }
  const path = pathOf(SERVICE_L2_STATUSES, { namespace })
  const objects: KubeObject[] = []
  let token = ''
  do {
    const page = await api.request({ method: 'GET', path, query: { ...query, ...(token && { continue: token }) } })
    for (const item of listAt(page, 'items')) objects.push(bare(item))
    token = textAt(page, 'metadata', 'continue')
  } while (token !== '')
  return objects
}

/** Name and labels are all that anybody wants of those of other nodes. */
function bare(item: unknown): KubeObject {
  const labels = Object.keys(fieldsOf(fieldAt(item, 'metadata', 'labels'))).map((key) => {
    return [key, textAt(item, 'metadata', 'labels', key)] as const
  })
  const { group, version, kind } = SERVICE_L2_STATUSES
  const [name, namespace] = [textAt(item, 'metadata', 'name'), textAt(item, 'metadata', 'namespace')]
  const metadata = { name, namespace, labels: Object.fromEntries(labels), annotations: {} }
  return { apiVersion: `${group}/${version}`, kind, metadata }
}
