// SPDX-License-Identifier: Apache-2.0
import { systemClock } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import { DEFAULT_NAMESPACE, openLog, stopSignal } from '../daemon.ts'
import type { ControllerFlags } from '../flags/daemon-flags.ts'
import { Controller } from './controller.ts'

/** `metallb controller`: runs until SIGTERM or SIGINT. Throws a Fault when it cannot start. */
export async function main(flags: ControllerFlags, warnings: readonly string[]): Promise<void> {
  const log = openLog('controller', flags['log-level'], warnings)
  if (flags.manifests !== '') return runOnDirectory(flags, log)
  const { runInCluster } = await import('./run-in-cluster.ts')
  await runInCluster(flags, log)
}

async function runOnDirectory(flags: ControllerFlags, log: Log): Promise<void> {
  const namespace = flags.namespace || DEFAULT_NAMESPACE
  const { openDirectory } = await import('../../manifests/directory.ts')
  const directory = openDirectory(flags.manifests, { namespace, log, role: 'controller' })
  const controller = new Controller({
    source: directory,
    sink: directory,
    log,
    clock: systemClock,
    namespace,
    classes: flags['lb-class'],
    fillDefaults: true,
  })
  const stopped = stopSignal(log)
  await controller.start()
  await stopped
  await controller.stop()
}
