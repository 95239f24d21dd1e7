// SPDX-License-Identifier: Apache-2.0
/** A controller reduced to its writes: for tests that need one in another process, to be killed or to be in the way. */
import { writeSync } from 'node:fs'
import { createLog } from '../../src/lib/log.ts'
import { openDirectory } from '../../src/manifests/directory.ts'

const [dir = '', first = '0', names = '0'] = process.argv.slice(2)
const directory = openDirectory(dir, { namespace: 'metallb-system', log: createLog('none'), role: 'controller' })
await directory.start({ onEvents: () => {}, onProblems: () => {} })
writeSync(1, 'ready\n')

// Each line says what the caller of writeStatus was told to be written. Without names: only hold the lock.
for (let turn = Number(first); Number(names) > 0; turn++) {
  const object = { kind: 'Service', namespace: 'default', name: `svc-${turn % Number(names)}` }
  const status = { loadBalancer: { ingress: [{ ip: `192.0.2.${turn % Number(names)}` }] }, turn }
  await directory.writeStatus({ object, status, annotations: { 'metallb.io/ip-allocated-from-pool': 'a' } })
  writeSync(1, `${object.name} ${turn}\n`)
  await directory.writeEvent({ object, type: 'Normal', reason: 'IPAllocated', message: 'Assigned IP' })
}
setInterval(() => {}, 60_000)
