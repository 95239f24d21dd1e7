// SPDX-License-Identifier: Apache-2.0
import { openLog } from '../daemon.ts'
import type { ControllerFlags } from '../flags/daemon-flags.ts'

/** `metallb controller`: runs until SIGTERM or SIGINT. Throws a Fault when it cannot start. */
export async function main(flags: ControllerFlags, warnings: readonly string[]): Promise<void> {
  const log = openLog('controller', flags['log-level'], warnings)
  if (flags.manifests !== '') {
    const { runOnDirectory } = await import('./run-on-directory.ts')
    return await runOnDirectory(flags, log)
  }
  const { runInCluster } = await import('./run-in-cluster.ts')
  await runInCluster(flags, log)
}
