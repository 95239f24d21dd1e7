// SPDX-License-Identifier: Apache-2.0
import type { KubeApi } from '../../kube/api.ts'
import { ENDPOINT_SLICES, pathOf } from '../../kube/resource.ts'
import { fieldAt, listAt } from '../../lib/unchecked.ts'
import { type Endpoint, parseEndpointSlice } from '../../model/endpoint.ts'
import type { Service } from '../../model/service.ts'
import { type Unannounced, whyUnannounced } from '../../plan/unannounced.ts'
import type { World } from '../../plan/world.ts'

const SERVICE_LABEL = 'kubernetes.io/service-name'

/**
 * Finds out why no node announces a Service. Its endpoints are asked for only now: a controller does not follow those
 * of a whole cluster for the few Services that are silent. Throws KubeFault.
 */
export async function diagnose(service: Service, { api, world }: { api: KubeApi; world: World }): Promise<Unannounced> {
  const path = pathOf(ENDPOINT_SLICES, { namespace: service.namespace })
  const answer = await api.request({
    method: 'GET',
    path,
    query: { labelSelector: `${SERVICE_LABEL}=${service.name}` },
  })
  const endpoints = listAt(answer, 'items').flatMap((slice) => endpointsOf(slice, service))
  return whyUnannounced(service, endpoints, world)
}

/** The list was selected by the label, so only the endpoints matter. */
function endpointsOf(slice: unknown, { name, namespace }: Service): readonly Endpoint[] {
  const metadata = { name: '', namespace, labels: { [SERVICE_LABEL]: name }, annotations: {} }
  const endpoints = fieldAt(slice, 'endpoints')
  const object = { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata, endpoints }
  return parseEndpointSlice(object)?.endpoints ?? []
}
