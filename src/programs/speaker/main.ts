// SPDX-License-Identifier: Apache-2.0
import { Responder } from '../../l2/responder.ts'
import { systemClock } from '../../lib/clock.ts'
import { createLog } from '../../lib/log.ts'
import { supervise } from '../../lib/supervise.ts'
import { VERSION } from '../../lib/version.ts'
import { openArpReflex } from '../../os/arp-reflex.ts'
import { openLinks } from '../../os/links.ts'
import { type SpeakerCliOptions, stopSignal } from '../daemon.ts'
import { Speaker } from './speaker.ts'

/**
 * A process that did not run for this long checks what it owns before it answers again. Shorter than the time in which
 * others find a node dead, longer than a busy machine's scheduling gaps.
 */
const PAUSE_MS = 1000

/** `metallb speaker`: runs until SIGTERM or SIGINT, then withdraws. Throws a Fault when it cannot start. */
export async function main(options: SpeakerCliOptions): Promise<void> {
  const log = createLog(options.logLevel)
  const { namespace, nodeName: node } = options
  log.info('starting', { program: 'speaker', version: VERSION, node, manifests: options.manifests })
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
    source: openDirectory(options.manifests, { namespace, log, role: 'speaker' }),
    responder,
    log,
    namespace,
    node,
    classes: options.lbClass,
    ignoreExcludeLabel: options.ignoreExcludeLb,
    fillDefaults: true,
  })
  const stopped = stopSignal(log)
  await speaker.start()
  log.info('ready', { node })
  await stopped
  await speaker.stop()
}
