// SPDX-License-Identifier: Apache-2.0
/** The suite for sources and sinks of objects, on the source and the sink of a real API server. */
import { after, before } from 'node:test'
import type { Manifest as Stored } from '../../lab/cluster/api-client.ts'
import { type ApiServer, startApiServer } from '../../lab/cluster/api-server.ts'
import { apply, applyCrds } from '../../lab/cluster/apply.ts'
import { namespace } from '../../lab/cluster/objects.ts'
import type { KubeApi } from '../../src/kube/api.ts'
import { openClient } from '../../src/kube/client.ts'
import { readKubeconfig } from '../../src/kube/kubeconfig.ts'
import { IP_ADDRESS_POOLS, pathOf, SERVICES } from '../../src/kube/resource.ts'
import { openSink } from '../../src/kube/sink.ts'
import { openSource } from '../../src/kube/source.ts'
import { Versions } from '../../src/kube/versions.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { createLog } from '../../src/lib/log.ts'
import type { ObjectSink, ObjectSource } from '../../src/lib/object.ts'
import { asObject, type Manifest, objectSourceContract } from '../contract/object-source.ts'

let server: ApiServer
let api: KubeApi

before(async () => {
  server = await startApiServer({ audit: false })
  await applyCrds(server.client)
  await apply(server.client, [namespace()])
  api = openClient(await readKubeconfig(server.kubeconfig), { userAgent: 'contract/1' })
})
after(async () => {
  api.close()
  await server.stop()
})

const WANTED = [
  { resource: SERVICES, fieldSelector: 'spec.type=LoadBalancer' },
  { resource: IP_ADDRESS_POOLS, namespace: 'metallb-system' },
]
const log = createLog('none')

function openController(): ObjectSource & ObjectSink {
  const versions = new Versions()
  const source = openSource({ api, wanted: WANTED, versions, log, clock: systemClock, random: Math.random })
  const sink = openSink({
    api,
    versions,
    mayWrite: () => true,
    clock: systemClock,
    component: 'controller',
    nodeName: '',
    owner: () => null,
  })
  return {
    start: (listener) => source.start(listener),
    refresh: () => source.refresh(),
    locate: (problem) => source.locate(problem),
    stop: () => source.stop(),
    writeStatus: (write) => sink.writeStatus(write),
    writeEvent: (event) => sink.writeEvent(event),
  }
}

/** As users write it here: a Service has ports, and what the suite leaves out goes to the namespace default. */
function written(manifest: Manifest): Stored {
  const { metadata, ...rest } = asObject(manifest)
  const { labels, annotations, name, namespace: place } = metadata
  const object = { ...rest, metadata: { name, namespace: place, labels, annotations } }
  if (object.kind !== 'Service') return object
  const spec = { allocateLoadBalancerNodePorts: false, ports: [{ name: 'http', port: 80, protocol: 'TCP' }] }
  return { ...object, spec: { ...spec, ...Object(manifest['spec']) } }
}

/** One API server serves all tests, one after the other; each leaves it empty. */
async function clear(): Promise<void> {
  const services = `${pathOf(SERVICES)}?${new URLSearchParams({ fieldSelector: 'spec.type=LoadBalancer' }).toString()}`
  for (const path of [services, pathOf(IP_ADDRESS_POOLS)]) {
    const resource = path === services ? SERVICES : IP_ADDRESS_POOLS
    for (const { metadata } of (await server.client.list(path)).items) {
      const { name, namespace: place = '' } = metadata
      await server.client.request('DELETE', pathOf(resource, { namespace: place, name }))
    }
  }
}

objectSourceContract('API server', async () => ({
  openController,
  openSpeaker: () =>
    openSource({ api, wanted: WANTED, versions: new Versions(), log, clock: systemClock, random: Math.random }),
  apply: async (manifest) => void (await server.client.apply(written(manifest))),
  delete: async (manifest) => await server.client.delete(written(manifest)),
  close: clear,
}))
