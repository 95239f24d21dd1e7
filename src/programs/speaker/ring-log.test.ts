// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SimClock } from '../../../test/sim/clock.ts'
import type { MemberView } from '../../gossip/session.ts'
import { createLog } from '../../lib/log.ts'
import { RingLog } from './ring-log.ts'

const member = (state: MemberView['state']): MemberView => {
  return { name: 'b', address: '10.0.0.2', port: 7946, meta: new Uint8Array(0), state, incarnation: 1, sinceMs: 0 }
}

function rig() {
  const clock = new SimClock()
  const lines: string[] = []
  return {
    clock,
    lines,
    ringLog: new RingLog(
      createLog('info', (line) => lines.push(line)),
      clock,
    ),
  }
}

const HEARD: [string, MemberView['state'][], MemberView['state'][]][] = [
  ['who comes and goes', ['alive', 'dead', 'alive', 'left', 'alive'], ['alive', 'dead', 'alive', 'left', 'alive']],
  ['not what it says of itself', ['alive', 'alive', 'alive'], ['alive']],
  ['not that it was suspected and protested', ['alive', 'suspect', 'alive'], ['alive']],
  ['that a suspect is dead', ['alive', 'suspect', 'dead'], ['alive', 'dead']],
]
for (const [name, states, expected] of HEARD) {
  test(`the log says ${name}`, () => {
    const { lines, ringLog } = rig()
    for (const state of states) ringLog.heard(member(state))
    const said: unknown[] = lines.map((line) => JSON.parse(line).state)
    assert.deepEqual(said, expected)
  })
}

test('who is accused again and again says so once a minute', async () => {
  const { clock, lines, ringLog } = rig()
  for (let time = 0; time < 50; time++) ringLog.accused('b')
  assert.equal(lines.length, 1)
  await clock.advance(60_000)
  ringLog.accused('b')
  assert.equal(lines.length, 2)
})
