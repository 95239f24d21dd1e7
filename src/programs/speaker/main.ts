// SPDX-License-Identifier: Apache-2.0
import { Responder } from '../../l2/responder.ts'
import { systemClock } from '../../lib/clock.ts'
import { Fault } from '../../lib/fault.ts'
import type { Log } from '../../lib/log.ts'
import { supervise } from '../../lib/supervise.ts'
import { openArpReflex } from '../../os/arp-reflex.ts'
import { openLinks } from '../../os/links.ts'
import { DEFAULT_NAMESPACE, openLog, stopSignal } from '../daemon.ts'
import type { SpeakerFlags } from '../flags/daemon-flags.ts'
import { Speaker } from './speaker.ts'

/**
 * A process that did not run for this long checks what it owns before it answers again. Shorter than the time in which
 * others find a node dead, longer than a busy machine's scheduling gaps.
 */
const PAUSE_MS = 1000

/** `metallb speaker`: runs until SIGTERM or SIGINT, then withdraws. Throws a Fault when it cannot start. */
export async function main(flags: SpeakerFlags, warnings: readonly string[]): Promise<void> {
  const log = openLog('speaker', flags['log-level'], warnings)
  const node = flags['node-name']
  if (node === '')
    throw new Fault({ code: 'noNodeName' }, 'the speaker has to know its Node: give --node-name or METALLB_NODE_NAME')
  if (flags.manifests === '') throw new Fault({ code: 'noManifests' }, '--manifests names the directory of manifests')
  await runOnDirectory(flags, log)
}

async function runOnDirectory(flags: SpeakerFlags, log: Log): Promise<void> {
  const namespace = flags.namespace || DEFAULT_NAMESPACE
  const node = flags['node-name']
  const { openDirectory } = await import('../../manifests/directory.ts')
  const responder = new Responder({
    reflex: openArpReflex({ pauseMs: PAUSE_MS }),
    links: openLinks(),
    clock: systemClock,
    log,
    excludeInterfaces: [],
    onSuspended: (pausedMs) => {
      log.warn('this process did not run for a while and is silent until it knows what it owns', { pausedMs })
      supervise('planning after a pause', speaker.replan())
    },
  })
  const speaker = new Speaker({
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
