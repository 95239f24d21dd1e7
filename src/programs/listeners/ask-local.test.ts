// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { Fault } from '../../lib/fault.ts'
import { createLog } from '../../lib/log.ts'
import { Metrics } from '../../lib/metrics.ts'
import { askLocal } from './ask-local.ts'
import type { Documents } from './documents.ts'
import { openLocalSocket } from './local-socket.ts'
import { locally } from './reading.ts'

const scratch = mkdtempSync(join(tmpdir(), 'metallb-ask-'))
after(() => rmSync(scratch, { recursive: true }))

const log = createLog('none')
const nothing = () => ({})
const DOCUMENTS: Documents = {
  state: () => ({ answer: 42 }),
  plan: nothing,
  peers: nothing,
  members: nothing,
  history: nothing,
}
/** A name of our own: others may run daemons on this machine. */
const program = `test-${process.pid}`

const PLACES = [
  ['a file in the run directory', { usable: true, path: scratch }],
  ['the abstract namespace', { usable: false, path: '/nowhere', why: '' }],
] as const
for (const [name, directory] of PLACES) {
  test(`a daemon that listens in ${name}`, async () => {
    const readable = { metrics: new Metrics(), documents: () => DOCUMENTS }
    const socket = await openLocalSocket({ program, directory }, locally(readable), log)
    const text = await askLocal({ program, runDirectory: directory.path }, 'state')
    assert.deepEqual(JSON.parse(text), { answer: 42 })
    await socket?.close()
  })
}

test('no daemon: where it was looked for is said', async () => {
  const asked = askLocal({ program, runDirectory: scratch }, 'state')
  await assert.rejects(asked, (error) => {
    assert.ok(error instanceof Fault)
    assert.match(error.message, new RegExp(`^no ${program} answers on this machine: .*${scratch}.*@metallb-${program}`))
    return true
  })
})

test('a daemon that has nothing to tell yet is not silent about it', async () => {
  const directory = { usable: true, path: scratch } as const
  const readable = { metrics: new Metrics(), documents: () => null }
  const socket = await openLocalSocket({ program, directory }, locally(readable), log)
  await assert.rejects(askLocal({ program, runDirectory: scratch }, 'plan'), /says: this is still starting/)
  await socket?.close()
})
