// SPDX-License-Identifier: Apache-2.0
import { Fault } from '../../lib/fault.ts'
import type { Log } from '../../lib/log.ts'
import { supervise } from '../../lib/supervise.ts'
import { DEFAULT_NAMESPACE, openLog, stopSignal } from '../daemon.ts'
import type { SpeakerFlags } from '../flags/daemon-flags.ts'
import { openResponder } from './open-responder.ts'
import { Speaker } from './speaker.ts'

/** `metallb speaker`: runs until SIGTERM or SIGINT, then withdraws. Throws a Fault when it cannot start. */
export async function main(flags: SpeakerFlags, warnings: readonly string[]): Promise<void> {
  const log = openLog('speaker', flags['log-level'], warnings)
  const node = flags['node-name']
  if (node === '')
    throw new Fault({ code: 'noNodeName' }, 'the speaker has to know its Node: give --node-name or METALLB_NODE_NAME')
  if (flags.manifests !== '') return runOnDirectory(flags, log)
  const { runInCluster } = await import('./run-in-cluster.ts')
  await runInCluster(flags, log)
}

async function runOnDirectory(flags: SpeakerFlags, log: Log): Promise<void> {
  const namespace = flags.namespace || DEFAULT_NAMESPACE
  const node = flags['node-name']
  const { openDirectory } = await import('../../manifests/directory.ts')
  const replan = () => supervise('planning after a pause', speaker.replan())
  const { responder } = openResponder({ log, excludeInterfaces: [], onSuspended: replan })
  const speaker: Speaker = new Speaker({
    source: openDirectory(flags.manifests, { namespace, log, role: 'speaker' }),
    responder,
    log,
    namespace,
    node,
    classes: flags['lb-class'],
    ignoreExcludeLabel: flags['ignore-exclude-lb'],
    fillDefaults: true,
  })
  const stopped = stopSignal(log)
  await speaker.start()
  log.info('ready', { node })
  await stopped
  await speaker.stop()
}
