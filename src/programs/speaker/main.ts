// SPDX-License-Identifier: Apache-2.0
import { Fault } from '../../lib/fault.ts'
import { openLog } from '../daemon.ts'
import type { SpeakerFlags } from '../flags/daemon-flags.ts'

/**
 * `metallb speaker`: runs until SIGTERM or SIGINT, then withdraws. Throws a Fault when it cannot start. With
 * --memberlist-debug it asks the one that runs, and throws a Fault where there is none.
 */
export async function main(flags: SpeakerFlags, warnings: readonly string[]): Promise<void> {
  if (flags['memberlist-debug']) {
    const { printMembers } = await import('./memberlist-debug.ts')
    return await printMembers({ program: 'speaker', runDirectory: flags['run-dir'] })
  }
  const log = openLog('speaker', flags['log-level'], warnings)
  if (flags['node-name'] === '')
    throw new Fault({ code: 'noNodeName' }, 'the speaker has to know its Node: give --node-name or METALLB_NODE_NAME')
  if (flags.manifests !== '') {
    const { runOnDirectory } = await import('./run-on-directory.ts')
    return await runOnDirectory(flags, log)
  }
  const { runInCluster } = await import('./run-in-cluster.ts')
  await runInCluster(flags, log)
}
