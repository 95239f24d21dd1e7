// SPDX-License-Identifier: Apache-2.0
import { systemClock } from '../../lib/clock.ts'
import { createLog } from '../../lib/log.ts'
import { VERSION } from '../../lib/version.ts'
import { type DaemonOptions, stopSignal } from '../daemon.ts'
import { Controller } from './controller.ts'

/** `metallb controller`: runs until SIGTERM or SIGINT. Throws a Fault when it cannot start. */
export async function main(options: DaemonOptions): Promise<void> {
  const log = createLog(options.logLevel)
  log.info('starting', { program: 'controller', version: VERSION, manifests: options.manifests })
  const { namespace } = options
  const { openDirectory } = await import('../../manifests/directory.ts')
  const directory = openDirectory(options.manifests, { namespace, log, role: 'controller' })
  const controller = new Controller({
    source: directory,
    sink: directory,
    log,
    clock: systemClock,
    namespace,
    classes: options.lbClass,
    fillDefaults: true,
  })
  const stopped = stopSignal(log)
  await controller.start()
  await stopped
  await controller.stop()
}
