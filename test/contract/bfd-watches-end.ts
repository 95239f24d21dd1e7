// SPDX-License-Identifier: Apache-2.0
/**
 * A process that watches another, for bfd-watches.test.ts: argv has its address, the other's, and the key in hex. It
 * prints what it is told, a line each, and does what it reads: `busy` (no turn of the loop for a second), `close`,
 * `exit` (with all open). As a worker it does nothing but watch.
 */
import { createInterface } from 'node:readline'
import { isMainThread } from 'node:worker_threads'
import { Watches } from '../../src/bfd/watches.ts'
import { fromHex } from '../../src/lib/bytes.ts'
import { createLog } from '../../src/lib/log.ts'
import { openBfdReflex } from '../../src/os/bfd-reflex.ts'

const [, , address = '', other = '', key = ''] = process.argv
const say = (line: string) => void (isMainThread && process.stdout.write(`${line}\n`))
const watches = new Watches({
  reflex: openBfdReflex(),
  local: { address, port: 7947 },
  intervalMs: 100,
  multiplier: 4,
  key: fromHex(key),
  random: Math.random,
  log: createLog('none'),
  onUp: () => say('up'),
  onLost: ({ why }) => say(why),
  onPaused: () => say('paused'),
})
watches.set([{ name: 'other', address: other, port: 7947 }])
say('ready')

function busy(ms: number): void {
  const endMs = performance.now() + ms
  while (performance.now() < endMs);
}

const stillAlive = setInterval(() => undefined, 60_000)
if (isMainThread) {
  const lines = createInterface({ input: process.stdin })
  lines.on('line', (line) => {
    if (line === 'busy') {
      busy(1000)
      say('done')
    } else if (line === 'close') watches.close()
    else if (line === 'exit') process.exit(0)
  })
  lines.on('close', () => {
    clearInterval(stillAlive)
    watches.close()
  })
}
