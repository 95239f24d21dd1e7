// SPDX-License-Identifier: Apache-2.0
import { hostname } from 'node:os'
import { systemClock } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import { supervise } from '../../lib/supervise.ts'
import { registerClientMetrics } from '../client-metrics.ts'
import { CountedSource } from '../counted-source.ts'
import { stopSignal } from '../daemon.ts'
import type { ControllerFlags } from '../flags/daemon-flags.ts'
import { openListeners, tlsSettingsOf } from '../listeners/open-listeners.ts'
import { type Preparation, prepareListeners } from '../listeners/preparation.ts'
import { type ClusterController, openInCluster } from './cluster.ts'
import { controllerDocuments } from './documents.ts'
import { registerAllocatorMetrics } from './metrics.ts'
import type { Webhooks } from './webhooks/webhooks.ts'

/** Until everybody who sends calls here has heard that this replica is going. */
const DRAIN_MS = 2000
/** For all of it, with an API server that is away, too: less than the ten seconds that the Pod is given. */
const FAREWELL_MS = 8000

/** Runs in a cluster until SIGTERM or SIGINT, then gives the Lease back. Throws a Fault when it cannot start. */
export async function runInCluster(flags: ControllerFlags, plainLog: Log): Promise<void> {
  const stopped = stopSignal(plainLog)
  const clock = systemClock
  const prepared = prepareListeners({ program: 'controller', runDirectory: flags['run-dir'], clock, log: plainLog })
  const { log, metrics, readiness, history } = prepared
  readiness.waitFor('objects', 'waits for the API server to say what there is')
  let counted: CountedSource | undefined
  const cluster = await openInCluster({
    log,
    kubeconfig: flags.kubeconfig,
    namespace: flags.namespace,
    // The name of a Pod is its host name, unless it has the host's network.
    podName: flags['pod-name'] || (flags.kubeconfig === '' ? hostname() : ''),
    classes: flags['lb-class'],
    mlSecretName: flags['ml-secret-name'],
    deployment: flags.deployment,
    allocates: flags['webhook-mode'] !== 'onlywebhook',
    wrap: (source) => (counted = new CountedSource(source)),
  })
  const { view } = cluster.controller
  const { errors, configuration } = view
  registerAllocatorMetrics(metrics, view)
  registerClientMetrics(metrics, { updates: () => counted?.updates ?? 0, errors, configuration })
  const documents = controllerDocuments({ view, history, leader: () => cluster.lease.holder })
  const listeners = await openListeners({
    ...prepared,
    documents: () => documents,
    program: 'controller',
    flags,
    api: () => cluster.api,
    clock,
  })
  const webhooks = await openWebhooks(flags, cluster, prepared)
  const begin = async () => {
    await cluster.start()
    readiness.met('objects')
  }
  supervise('starting', begin()) // asked to stop while the API server is away, it stops
  await stopped
  readiness.waitFor('running', 'is stopping')
  const end = async () => {
    await Promise.all([cluster.stop(), drained(webhooks)])
    await webhooks?.close()
    cluster.api.close()
    await listeners.close()
  }
  await Promise.race([end(), pause(FAREWELL_MS)])
  await history.close()
}

async function openWebhooks(
  flags: ControllerFlags,
  { api, namespace }: Pick<ClusterController, 'api' | 'namespace'>,
  { log, readiness }: Preparation,
): Promise<Webhooks | null> {
  if (flags['webhook-mode'] === 'disabled') return null
  const { startWebhooks, WEBHOOK_PORT } = await import('./webhooks/webhooks.ts')
  return await startWebhooks({
    api,
    log,
    clock: systemClock,
    random: Math.random,
    namespace,
    certificate: flags['disable-cert-rotation']
      ? { directory: flags['cert-dir'] }
      : { secretName: flags['webhook-secret'], serviceName: flags['cert-service-name'] },
    tls: tlsSettingsOf(flags),
    port: WEBHOOK_PORT,
    readiness,
  })
}

/** A replica that serves goes on doing so for a while: calls fail nowhere while the Pods of a Deployment are replaced. */
async function drained(webhooks: Webhooks | null): Promise<void> {
  if (webhooks?.ready() === true) await pause(DRAIN_MS)
}

function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    systemClock.after(delayMs, resolve)
  })
}
