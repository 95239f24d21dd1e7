// SPDX-License-Identifier: Apache-2.0
/**
 * A process with nothing but the responder, for the tests of the wire: `wire-responder.ts IP [INTERFACE…]`.
 * Prints a line of JSON per log line and event; SIGTERM withdraws and ends it; SIGUSR1 confirms after a pause.
 */

import { Responder } from '../../src/l2/responder.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { reasonOf } from '../../src/lib/fault.ts'
import { createLog } from '../../src/lib/log.ts'
import { openLinks } from '../../src/os/links.ts'
import { openNeighborReflex } from '../../src/os/neighbor-reflex.ts'

const [ip = '', ...interfaces] = process.argv.slice(2)
const log = createLog('all')
try {
  const responder = new Responder({
    reflex: openNeighborReflex({ pauseMs: 400 }),
    links: openLinks(),
    clock: systemClock,
    log,
    excludeInterfaces: [/^(far|later)$/], // the stations' ends of the wires
    onSuspended: (pausedMs) => log.warn('suspended', { pausedMs, counters: responder.counters() }),
    onConflict: (conflict) => log.warn('conflict', conflict),
  })
  responder.set('ns/s', [{ ip, interfaces: interfaces.length > 0 ? interfaces : 'all' }])
  process.on('SIGTERM', () => {
    responder.close()
    log.info('withdrawn')
    process.exit(0)
  })
  process.on('SIGUSR1', () => responder.confirm())
  process.on('SIGUSR2', () => log.info('counters', { counters: responder.counters() }))
  setImmediate(() => log.info('ready'))
  setInterval(() => undefined, 60_000)
} catch (error) {
  process.stderr.write(`${reasonOf(error)}\n`)
  process.exitCode = 1
}
