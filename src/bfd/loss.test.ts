// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ControlPacket } from './codec.ts'
import { initialSession, packetOf, type Session } from './fsm.ts'
import { judge, settle, type Verdict } from './loss.ts'

const timers = { desiredMinTxUs: 100_000, requiredMinRxUs: 100_000, detectMult: 4 }
const up: Session = { ...initialSession(1, timers), state: 'Up', remoteId: 7 }
const says = (fields: Partial<ControlPacket>): ControlPacket => ({
  ...packetOf({ ...initialSession(7, timers), state: 'Down', remoteId: 1 }),
  ...fields,
})

const CASES: [string, Partial<ControlPacket>, Verdict][] = [
  ['Up as ever', { state: 'Up' }, 'alive'],
  ['Init', { state: 'Init' }, 'alive'],
  ['Up from another process that knows us', { state: 'Up', myId: 8 }, 'restarted'],
  ['Init from another process that knows us', { state: 'Init', myId: 8 }, 'restarted'],
  ['Down as it does not hear us', { diag: 'timeExpired', yourId: 0 }, 'alive'],
  ['Down as it did not hear us, and does now', { diag: 'timeExpired' }, 'alive'],
  ['Down as we said that we were', { diag: 'neighborDown' }, 'alive'],
  ['Down for no reason, and knows us', { diag: 'none' }, 'restarted'],
  ['Down from another process that knows us', { myId: 8 }, 'restarted'],
  ['Down from another process that does not know us', { myId: 8, yourId: 0 }, 'doubt'],
  ['Down from another process that heard nobody', { myId: 8, yourId: 0, diag: 'timeExpired' }, 'doubt'],
  ['its own first words once more', { yourId: 0 }, 'doubt'],
  ['its farewell', { state: 'AdminDown', diag: 'adminDown' }, 'alive'],
  ['a farewell of somebody who does not know us', { state: 'AdminDown', diag: 'adminDown', yourId: 0 }, 'doubt'],
]
for (const [name, fields, verdict] of CASES) {
  test(`${name}: ${verdict}`, () => assert.equal(judge(up, says(fields)), verdict))
}

const DOUBTS: [string, Partial<ControlPacket>, Verdict][] = [
  ['the same process as before knows us', { state: 'Up' }, 'alive'],
  ['another process knows us', { myId: 8 }, 'restarted'],
  ['somebody does not know us', { myId: 8, yourId: 0 }, 'doubt'],
]
for (const [name, fields, verdict] of DOUBTS) {
  test(`in doubt, ${name}: ${verdict}`, () => {
    assert.equal(settle(7, { ...up, state: 'Down', remoteId: 8 }, says(fields)), verdict)
  })
}
