// SPDX-License-Identifier: Apache-2.0
/** Serves many Services and EndpointSlices as an API server lists them, in a process of its own; sends its URL. */
import { createServer } from 'node:http'

const COUNT = Number(process.argv[2])
const NODES = 100

/** What nobody reads and everybody has. */
const managedFields = [
  {
    manager: 'kubectl-client-side-apply',
    operation: 'Update',
    apiVersion: 'v1',
    time: '2026-01-01T00:00:00Z',
    fieldsType: 'FieldsV1',
    fieldsV1: {
      'f:metadata': { 'f:annotations': { '.': {} } },
      'f:spec': { 'f:ports': { 'k:{"port":80}': { '.': {} } } },
    },
  },
]

function metadata(name: string, index: number, labels: object) {
  return {
    name,
    namespace: `team-namespace-${index % 50}`,
    uid: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
    resourceVersion: String(100_000 + index),
    creationTimestamp: '2026-01-01T00:00:00Z',
    labels,
    managedFields,
  }
}

function service(index: number): object {
  const labels = { 'app.kubernetes.io/name': `some-application-${index % 200}`, 'helm.sh/chart': 'some-chart-1.2.3' }
  const ip = `10.96.${index >> 8}.${index & 255}`
  return {
    metadata: {
      ...metadata(`service-number-${index}`, index, labels),
      annotations: {
        'metallb.io/ip-allocated-from-pool': 'production-pool',
        'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify({ spec: { ports: [{ port: 80 }] } }).repeat(
          12,
        ),
      },
    },
    spec: {
      type: 'LoadBalancer',
      ports: [{ name: 'http', protocol: 'TCP', port: 80, targetPort: 8080, nodePort: 30_000 + (index % 2000) }],
      selector: { 'app.kubernetes.io/name': `some-application-${index % 200}` },
      clusterIP: ip,
      clusterIPs: [ip],
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
      externalTrafficPolicy: 'Cluster',
      internalTrafficPolicy: 'Cluster',
      sessionAffinity: 'None',
    },
    status: { loadBalancer: { ingress: [{ ip: `198.18.${index >> 8}.${index & 255}`, ipMode: 'VIP' }] } },
  }
}

function slice(index: number): object {
  const labels = {
    'kubernetes.io/service-name': `service-number-${index}`,
    'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
  }
  return {
    metadata: metadata(`service-number-${index}-abcde`, index, labels),
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    endpoints: [0, 1, 2].map((nth) => ({
      addresses: [`10.244.${nth}.${index & 255}`],
      conditions: { ready: true, serving: true, terminating: false },
      nodeName: `worker-node-${(index + nth) % NODES}.example.com`,
      targetRef: { kind: 'Pod', namespace: 'default', name: `pod-${index}-${nth}` },
    })),
  }
}

/** Pages are made before anybody asks, so that the client is what is measured. */
function pagesOf(make: (index: number) => object, size: number): Buffer[] {
  const pages: Buffer[] = []
  for (let from = 0; from < COUNT; from += size) {
    const end = Math.min(COUNT, from + size)
    const items = Array.from({ length: end - from }, (_, index) => make(from + index))
    const list = {
      kind: 'List',
      metadata: { resourceVersion: '200000', ...(end < COUNT && { continue: `${end}` }) },
      items,
    }
    pages.push(Buffer.from(JSON.stringify(list)))
  }
  return pages
}

const PAGE_SIZE = 500
const pages = { services: pagesOf(service, PAGE_SIZE), endpointslices: pagesOf(slice, PAGE_SIZE) }

const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost')
  if (searchParams.has('watch')) response.flushHeaders()
  else {
    const kind = pathname.endsWith('services') ? pages.services : pages.endpointslices
    response.end(kind[Number(searchParams.get('continue') ?? 0) / PAGE_SIZE])
  }
}).listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (typeof address === 'object') process.send?.(`http://127.0.0.1:${address?.port}`)
})
process.on('disconnect', () => process.exit(0))
