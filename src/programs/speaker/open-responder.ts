// SPDX-License-Identifier: Apache-2.0
import { type Conflict, Responder } from '../../l2/responder.ts'
import type { NamePattern } from '../../l2/scan.ts'
import { systemClock } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import type { Links } from '../../lib/net.ts'
import { openLinks } from '../../os/links.ts'
import { openNeighborReflex } from '../../os/neighbor-reflex.ts'

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
  /** Above which time without running it was stopped; unset: 1,000 ms, 0: never. */
  pauseMs?: number
  /** Another station says it has an address of ours. */
  onConflict(conflict: Conflict): void
}>

/** ARP and neighbour discovery on this machine's links. Throws Fault `noCapability` or `noAddon`. */
export function openResponder(options: OpenResponderOptions): {
  responder: Responder
  links: Links
} {
  const { log, excludeInterfaces, onSuspended, pauseMs = PAUSE_MS } = options
  const links = openLinks((fault) => log.warn(`${fault.message}; the interfaces known so far stay in use`))
  const responder = new Responder({
    reflex: openNeighborReflex({ pauseMs }),
    links,
    clock: systemClock,
    log,
    excludeInterfaces,
    onSuspended: (pausedMs) => {
      log.warn('this process did not run for a while and is silent until it knows what it owns', { pausedMs })
      onSuspended()
    },
    onConflict: (conflict) => options.onConflict(conflict),
  })
  return { responder, links }
}
