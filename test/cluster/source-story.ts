// SPDX-License-Identifier: Apache-2.0
/** A source that follows the Services of an API server while that, or the way to it, has its troubles. */
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ApiServer } from '../../lab/cluster/api-server.ts'
import { type KubeApi } from '../../src/kube/api.ts'
import { openClient } from '../../src/kube/client.ts'
import type { KubeConfig } from '../../src/kube/config.ts'
import { pathOf, SERVICES } from '../../src/kube/resource.ts'
import { type Connection, type KubeSource, openSource } from '../../src/kube/source.ts'
import { Versions } from '../../src/kube/versions.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { createLog } from '../../src/lib/log.ts'
import { keyOfObject, type ObjectEvent, type ObjectListener } from '../../src/lib/object.ts'

export const WANTED = { resource: SERVICES, fieldSelector: 'spec.type=LoadBalancer' } as const

/** How a program is told of an API server; without a file, the system's authorities count. */
export function configOf(url: string, token: string, caFile: string | null): KubeConfig {
  return {
    server: new URL(url),
    authority: caFile === null ? null : { file: caFile },
    insecure: false,
    serverName: null,
    token: { text: token },
    certificate: null,
    namespace: 'default',
  }
}

/** Keeps what it was told, and every version that it was told of. */
export class Listener implements ObjectListener {
  readonly objects = new Map<string, string>()
  readonly versions: string[] = []
  batches = 0

  onEvents(events: readonly ObjectEvent[]): void {
    this.batches++
    for (const { type, object } of events) {
      const { name, resourceVersion = '' } = object.metadata
      this.versions.push(`${type} ${keyOfObject(object)} ${resourceVersion}`)
      if (type === 'applied') this.objects.set(name, resourceVersion)
      else this.objects.delete(name)
    }
  }

  onProblems(): void {}
}

/** What a story can look at. */
export type Scene = Readonly<{ source: KubeSource; listener: Listener; connections: Connection[]; log: string[] }>

/** Plays a story with a source at `url`, the API server's or a proxy's, that has started; in the end it knows exactly what the API server has. */
export async function play(
  server: ApiServer,
  { url = server.url, random = Math.random }: Readonly<{ url?: string; random?: () => number }>,
  story: (scene: Scene) => Promise<void>,
): Promise<void> {
  const api: KubeApi = openClient(configOf(url, server.adminToken, server.caFile), { userAgent: 'faults/1' })
  const listener = new Listener()
  const connections: Connection[] = []
  const log: string[] = []
  const source = openSource({
    api,
    wanted: [WANTED],
    versions: new Versions(),
    log: createLog('info', (line) => log.push(line)),
    clock: systemClock,
    random,
    onConnection: (connection) => connections.push(connection),
  })
  try {
    await source.start(listener)
    await story({ source, listener, connections, log })
    await agree(server, listener)
    const twice = listener.versions.filter((told, index) => listener.versions.indexOf(told) !== index)
    assert.deepEqual(twice, [], 'nothing is told twice')
  } finally {
    await source.stop()
    api.close()
  }
}

/** Waits until the listener knows what the API server has. */
export async function agree(server: ApiServer, listener: Listener): Promise<void> {
  const path = `${pathOf(SERVICES)}?fieldSelector=spec.type%3DLoadBalancer`
  const expected = async () => {
    const { items } = await server.client.list(path)
    return items.map(({ metadata }) => `${metadata.name} ${metadata.resourceVersion}`).toSorted()
  }
  const told = () => [...listener.objects].map((entry) => entry.join(' ')).toSorted()
  for (const end = performance.now() + 60_000; told().join() !== (await expected()).join(); await sleep(20)) {
    if (performance.now() > end) assert.deepEqual(told(), await expected())
  }
}
