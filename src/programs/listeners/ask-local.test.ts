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
import { type Documents, documentAnswer, fieldsAsked } from './documents.ts'
import { openLocalSocket } from './local-socket.ts'
import { locally } from './reading.ts'

const scratch = mkdtempSync(join(tmpdir(), 'metallb-ask-'))
after(() => rmSync(scratch, { recursive: true }))

const log = createLog('none')
const nothing = () => ({})
const DOCUMENTS: Documents = {
  state: () => ({ answer: 42, question: null }),
  plan: nothing,
  peers: nothing,
  members: nothing,
  history: nothing,
}
const LONG: Documents = { ...DOCUMENTS, plan: () => ({ short: 1, long: unread() }) }
function* unread(): Generator<number> {
  yield 1
  assert.fail('somebody reads it')
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
    assert.deepEqual(JSON.parse(text), { answer: 42, question: null })
    const part = await askLocal({ program, runDirectory: directory.path }, 'state', ['answer', 'of'])
    assert.deepEqual(JSON.parse(part), { answer: 42 })
    await socket?.close()
  })
}

const pieces = (only: readonly string[]) => [...documentAnswer(LONG, 'plan', new Set(only)).pieces].join('')

test('a list that is not asked for is not made', () => {
  assert.deepEqual(JSON.parse(pieces(['short'])), { short: 1 })
  assert.deepEqual(JSON.parse(pieces([])), {})
  assert.throws(() => pieces(['long']), /somebody reads it/)
})

const ASKED: readonly (readonly [string, readonly string[] | null])[] = [
  ['/api/v1/peers', null],
  ['/api/v1/peers?', null],
  ['/api/v1/peers?x=only', null],
  ['/api/v1/peers?only=', ['']],
  ['/api/v1/peers?only=a,b&only=c', ['a', 'b']],
  ['/api/v1/peers?only=%', ['%']],
]
for (const [url, expected] of ASKED) {
  test(`fields asked for by ${url}`, () => {
    const fields = fieldsAsked(url)
    assert.deepEqual(fields && [...fields], expected)
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
