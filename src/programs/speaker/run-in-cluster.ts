// SPDX-License-Identifier: Apache-2.0
import { systemClock } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import { registerClientMetrics } from '../client-metrics.ts'
import { CountedSource } from '../counted-source.ts'
import { stopSignal } from '../daemon.ts'
import type { SpeakerFlags } from '../flags/daemon-flags.ts'
import { openListeners } from '../listeners/open-listeners.ts'
import { prepareListeners } from '../listeners/preparation.ts'
import { registerPeerMetrics } from './bgp-metrics.ts'
import { openInCluster } from './cluster.ts'
import { speakerDocuments } from './documents.ts'
import { registerSpeakerMetrics } from './metrics.ts'
import { peeringFlags } from './open-peering.ts'
import { readRingConfig } from './ring-config.ts'

/** Runs in a cluster until SIGTERM or SIGINT, then withdraws. Throws a Fault when it cannot start. */
export async function runInCluster(flags: SpeakerFlags, plainLog: Log): Promise<void> {
  const stopped = stopSignal(plainLog)
  const clock = systemClock
  const prepared = prepareListeners({ program: 'speaker', runDirectory: flags['run-dir'], clock, log: plainLog })
  const { log, metrics, readiness, directory, history } = prepared
  readiness.waitFor('objects', 'waits for the API server, and for what it knows of this node')
  let counted: CountedSource | undefined
  const cluster = await openInCluster({
    log,
    kubeconfig: flags.kubeconfig,
    namespace: flags.namespace,
    node: flags['node-name'],
    podName: flags['pod-name'],
    podLabels: flags['ml-labels'],
    ring: await readRingConfig(flags, process.env, { log }),
    classes: flags['lb-class'],
    bgp: peeringFlags(flags),
    statusRate: flags['status-rate'],
    directory,
    wrap: (source) => (counted = new CountedSource(source)),
  })
  const { view } = cluster.speaker
  const { errors, configuration } = view
  registerSpeakerMetrics(metrics, view)
  registerClientMetrics(metrics, { updates: () => counted?.updates ?? 0, errors, configuration })
  registerPeerMetrics(metrics, cluster.peers)
  const documents = speakerDocuments({ view, history, members: () => cluster.members(), peers: cluster.peers })
  const listeners = await openListeners({
    ...prepared,
    documents: () => documents,
    orders: () => cluster.orders,
    program: 'speaker',
    flags,
    api: () => cluster.api,
    clock,
  })
  let isStopping = false
  const begin = async () => {
    await cluster.start()
    if (isStopping) return // it began with nothing, as there was no time for more
    readiness.met('objects')
    log.info('ready', { node: flags['node-name'] })
  }
  await Promise.race([begin(), stopped]) // asked to stop while the API server is away, it stops
  await stopped
  isStopping = true
  readiness.waitFor('running', 'is stopping')
  await cluster.stop()
  await listeners.close()
  await prepared.history.close()
}
