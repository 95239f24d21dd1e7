// SPDX-License-Identifier: Apache-2.0
import { Responder } from '../../l2/responder.ts'
import type { NamePattern } from '../../l2/scan.ts'
import { systemClock } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import type { Links } from '../../lib/net.ts'
import { openArpReflex } from '../../os/arp-reflex.ts'
import { openLinks } from '../../os/links.ts'

/**
 * A process that did not run for this long checks what it owns before it answers again. Shorter than the time in which
 * others find a node dead, longer than a busy machine's scheduling gaps.
 */
const PAUSE_MS = 1000

export type OpenResponderOptions = Readonly<{
  log: Log
  excludeInterfaces: readonly NamePattern[]
  /** The process was stopped for a while: find out what this node still owns, then confirm. */
  onSuspended(): void
}>

/** ARP on this machine's links. Throws Fault `noCapability` or `noAddon`. */
export function openResponder({ log, excludeInterfaces, onSuspended }: OpenResponderOptions): {
  responder: Responder
  links: Links
} {
  const links = openLinks((fault) => log.warn(`${fault.message}; the interfaces known so far stay in use`))
  const responder = new Responder({
    reflex: openArpReflex({ pauseMs: PAUSE_MS }),
    links,
    clock: systemClock,
    log,
    excludeInterfaces,
    onSuspended: (pausedMs) => {
      log.warn('this process did not run for a while and is silent until it knows what it owns', { pausedMs })
      onSuspended()
    },
  })
  return { responder, links }
}
