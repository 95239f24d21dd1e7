// SPDX-License-Identifier: Apache-2.0
/** A process with the native part at work that ends in the way argv names; for native-cases.ts. */
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { isMainThread, Worker } from 'node:worker_threads'
import { openLinks } from '../../src/os/links.ts'
import { openNeighborReflex } from '../../src/os/neighbor-reflex.ts'

const [, , how] = process.argv
if (how === 'worker' && isMainThread) {
  const worker = new Worker(import.meta.filename, { argv: ['worker'] })
  await once(worker, 'online')
  await sleep(500)
  await worker.terminate()
} else {
  const links = openLinks()
  const near = links.list().find(({ name }) => name === 'near')
  if (!near) throw new Error('there is no interface near')
  const reflex = openNeighborReflex({ pauseMs: 100 })
  reflex.listen({ onSuspended: () => reflex.confirm(), onConflict: () => undefined })
  reflex.attach('arp', near)
  reflex.update([{ ip: '198.51.100.1', reach: 'all' }])
  await sleep(100)
  if (how === 'exit') process.exit()
  if (how === 'close') {
    reflex.close()
    links.close()
  }
  if (how === 'worker') await sleep(60_000)
}
