// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { promisify } from 'node:util'
import * as fc from 'fast-check'
import { Fault } from '../../lib/fault.ts'
import { createLog } from '../../lib/log.ts'
import { Metrics } from '../../lib/metrics.ts'
import type { Documents } from '../listeners/documents.ts'
import { openLocalSocket } from '../listeners/local-socket.ts'
import { locally } from '../listeners/reading.ts'
import { type MembersDocument, membersText, printMembers } from './memberlist-debug.ts'

const RING: MembersDocument = {
  ring: true,
  settings: { bind: '192.0.2.1:7946', suspicionMult: 4 },
  members: [
    { ...member('node-2', '2001:db8::2'), state: 'suspect', speaker: 'memberlist', watch: '' },
    { ...member('node-1', '192.0.2.1'), incarnation: 12 },
  ],
  leaders: [
    { ip: '2001:db8::9', service: 'default/six', leader: null },
    { ip: '192.0.2.100', service: 'default/web', leader: 'node-2' },
    { ip: '192.0.2.11', service: 'default/blog', leader: 'node-1' },
    { ip: '192.0.2.11', service: 'default/api', leader: 'node-1' },
  ],
}

function member(name: string, address: string) {
  return {
    name,
    address,
    port: 7946,
    state: 'alive',
    incarnation: 1,
    speaker: 'metallb-ts 0.1.0',
    watch: 'up',
  } as const
}

const PRINTED = `SETTINGS
  NAME           VALUE
  bind           192.0.2.1:7946
  suspicionMult  4

MEMBERS
  NAME    ADDRESS             STATE    INCARNATION  WATCH  SPEAKER
  node-1  192.0.2.1:7946      alive    12           up     metallb-ts 0.1.0
  node-2  [2001:db8::2]:7946  suspect  1                   memberlist

LEADERS
  ADDRESS      SERVICE       LEADER
  192.0.2.11   default/api   node-1
  192.0.2.11   default/blog  node-1
  192.0.2.100  default/web   node-2
  2001:db8::9  default/six   nobody

`
const NONE = 'There is no member list: all nodes are assumed to run a speaker.\n\n'
const HEADS = '  NAME    ADDRESS    STATE  INCARNATION  WATCH  SPEAKER\n'
const NOTHING = 'MEMBERS\n  none\n\nLEADERS\n  none\n\n'

const CASES: readonly [string, unknown, string][] = [
  ['a ring', RING, PRINTED],
  [
    'no ring: members are Nodes',
    {
      ring: false,
      settings: null,
      members: [
        { ...member('node-2', ''), port: 0, state: '-', incarnation: 0, speaker: '', watch: '' },
        { ...member('node-1', '192.0.2.1'), port: 0, state: '-', incarnation: 0, speaker: '', watch: '' },
      ],
      leaders: [],
    },
    `${NONE}MEMBERS\n${HEADS}  node-1  192.0.2.1  -\n  node-2             -\n\nLEADERS\n  none\n\n`,
  ],
  [
    'names alone, as a speaker of an older version tells them',
    { members: ['node-1'] },
    `${NONE}MEMBERS\n${HEADS.replace('ADDRESS  ', 'ADDRESS')}  node-1           -\n\nLEADERS\n  none\n\n`,
  ],
  ['nothing that is known', { ring: true, members: 'x', leaders: 3 }, NOTHING],
  ['no document', null, NONE + NOTHING],
  [
    'rows of another form',
    { ring: true, members: [7], leaders: [null, { ip: 'x' }] },
    'MEMBERS\n  NAME  ADDRESS  STATE  INCARNATION  WATCH  SPEAKER\n\n\nLEADERS\n  ADDRESS  SERVICE  LEADER\n                    nobody\n  x                 nobody\n\n',
  ],
]
for (const [name, document, expected] of CASES) {
  test(`tables of ${name}`, () => assert.equal(membersText(document).replaceAll(/ +$/gm, ''), expected))
}

test('a member cannot write to the terminal', () => {
  const text = membersText({ ring: true, members: [member('\u001b[2Jnode', '192.0.2.1')], leaders: [] })
  assert.ok(text.includes('\u{fffd}[2Jnode'))
  assert.ok(!text.includes('\u001b'))
})

test('any document has its tables', () => {
  const list = fc.array(fc.oneof(fc.jsonValue(), fc.record({ name: fc.string(), ip: fc.string(), port: fc.double() })))
  const document = fc.record({ ring: fc.jsonValue(), settings: fc.jsonValue(), members: list, leaders: list })
  fc.assert(
    fc.property(fc.oneof(document, fc.jsonValue()), (given) => {
      const text = membersText(given)
      assert.match(text, /^MEMBERS$/m)
      assert.match(text, /^LEADERS$/m)
    }),
  )
})

const scratch = mkdtempSync(join(tmpdir(), 'metallb-members-'))
after(() => rmSync(scratch, { recursive: true }))

const nothing = () => ({})

/** Runs `work` while a speaker that knows this listens on the local socket of the directory. */
async function whileTold<T>(document: MembersDocument, program: string, work: () => Promise<T>): Promise<T> {
  const documents: Documents = {
    state: nothing,
    plan: nothing,
    peers: nothing,
    history: nothing,
    members: () => document,
  }
  const readable = { metrics: new Metrics(), documents: () => documents }
  const place = { program, directory: { usable: true, path: scratch } } as const
  const socket = await openLocalSocket(place, locally(readable), createLog('none'))
  try {
    return await work()
  } finally {
    await socket?.close()
  }
}

test('what the speaker of this machine knows is printed', async () => {
  const program = `test-${process.pid}`
  let text = ''
  await whileTold(RING, program, () => printMembers({ program, runDirectory: scratch }, (more) => (text += more)))
  assert.equal(text, PRINTED)
  await assert.rejects(printMembers({ program, runDirectory: scratch }), (thrown) => {
    assert.ok(thrown instanceof Fault)
    assert.match(thrown.message, new RegExp(`^no ${program} answers on this machine: `))
    return true
  })
})

const METALLB = join(import.meta.dirname, '../../../bin/metallb')

test('`metallb speaker --memberlist-debug` needs no name of a Node, prints the tables alone, and ends', async () => {
  const argv = ['speaker', '--memberlist-debug', '--run-dir', scratch]
  const run = () => promisify(execFile)(METALLB, argv, { env: { ...process.env, METALLB_NODE_NAME: '' } })
  const { stdout, stderr } = await whileTold(RING, 'speaker', run)
  assert.deepEqual([stdout, stderr], [PRINTED, ''])
})
