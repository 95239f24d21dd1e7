// SPDX-License-Identifier: Apache-2.0
import { systemClock } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import { DEFAULT_NAMESPACE, openLog, stopSignal } from '../daemon.ts'
import type { ControllerFlags } from '../flags/daemon-flags.ts'
import { Controller } from './controller.ts'

/** `metallb controller`: runs until SIGTERM or SIGINT. Throws a Fault when it cannot start. */
export async function main(flags: ControllerFlags, warnings: readonly string[]): Promise<void> {
  const log = openLog('controller', flags['log-level'], warnings)
  if (flags.manifests === '') await runInCluster(flags, log)
  else await runOnDirectory(flags, log)
}

async function runInCluster(flags: ControllerFlags, log: Log): Promise<void> {
  const { startInCluster } = await import('./cluster.ts')
  const stopped = stopSignal(log)
  const cluster = await startInCluster({
    log,
    kubeconfig: flags.kubeconfig,
    namespace: flags.namespace,
    podName: flags['pod-name'],
    classes: flags['lb-class'],
    mlSecretName: flags['ml-secret-name'],
    deployment: flags.deployment,
    allocates: flags['webhook-mode'] !== 'onlywebhook',
  })
  await stopped
  await cluster.stop()
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
