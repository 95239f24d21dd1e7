// SPDX-License-Identifier: Apache-2.0
import { systemClock } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import { openDirectory } from '../../manifests/directory.ts'
import { registerClientMetrics } from '../client-metrics.ts'
import { CountedSource } from '../counted-source.ts'
import { DEFAULT_NAMESPACE, stopSignal } from '../daemon.ts'
import type { ControllerFlags } from '../flags/daemon-flags.ts'
import { openListeners } from '../listeners/open-listeners.ts'
import { prepareListeners } from '../listeners/preparation.ts'
import { Controller } from './controller.ts'
import { controllerDocuments } from './documents.ts'
import { registerAllocatorMetrics } from './metrics.ts'

/** Runs on a directory of manifests until SIGTERM or SIGINT. Throws a Fault when it cannot start. */
export async function runOnDirectory(flags: ControllerFlags, plainLog: Log): Promise<void> {
  const stopped = stopSignal(plainLog)
  const clock = systemClock
  const prepared = prepareListeners({ program: 'controller', runDirectory: flags['run-dir'], clock, log: plainLog })
  const { log, metrics, readiness, history } = prepared
  readiness.waitFor('objects', 'reads the directory')
  const namespace = flags.namespace || DEFAULT_NAMESPACE
  const directory = openDirectory(flags.manifests, { namespace, log, role: 'controller' })
  const source = new CountedSource(directory)
  const classes = flags['lb-class']
  const controller = new Controller({ source, sink: directory, log, clock, namespace, classes, fillDefaults: true })
  const { view } = controller
  const { errors, configuration } = view
  registerAllocatorMetrics(metrics, view)
  registerClientMetrics(metrics, { updates: () => source.updates, errors, configuration })
  const documents = controllerDocuments({ view, history, leader: () => null })
  const told = { documents: () => documents, program: 'controller', flags, api: null, clock } as const
  const listeners = await openListeners({ ...prepared, ...told })
  await controller.start()
  readiness.met('objects')
  await stopped
  await controller.stop()
  await listeners.close()
  await history.close()
}
