// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type GateAction, type GateEvent, type GateSession, type GateState, NEW_GATE, step } from './fsm.ts'

const OK: GateEvent = { type: 'ok' }
const BAD: GateEvent = { type: 'failed', reason: 'status 503' }
const report = (state: GateState, why: string): GateAction[] => [{ type: 'report', state, why }]
const RISEN = report('passing', '2 good answers in a row')
const FALLEN = report('failing', 'status 503')
const at = (state: GateState, inRow: number): GateSession => ({ state, inRow })

const STEPS: [string, GateSession, GateEvent, GateSession, GateAction[]][] = [
  ['unknown: the first good one', NEW_GATE, OK, at('unknown', 1), []],
  ['unknown: the second good one', at('unknown', 1), OK, at('passing', 2), RISEN],
  ['unknown: the first bad one', NEW_GATE, BAD, at('unknown', -1), []],
  ['unknown: the second bad one', at('unknown', -1), BAD, at('unknown', -2), []],
  ['unknown: the third bad one', at('unknown', -2), BAD, at('failing', -3), FALLEN],
  ['unknown: bad after good', at('unknown', 1), BAD, at('unknown', -1), []],
  ['unknown: good after two bad', at('unknown', -2), OK, at('unknown', 1), []],
  ['passing: one more good one', at('passing', 2), OK, at('passing', 2), []],
  ['passing: the first bad one', at('passing', 2), BAD, at('passing', -1), []],
  ['passing: the second bad one', at('passing', -1), BAD, at('passing', -2), []],
  ['passing: the third bad one', at('passing', -2), BAD, at('failing', -3), FALLEN],
  ['passing: good after two bad', at('passing', -2), OK, at('passing', 1), []],
  ['passing: good again', at('passing', 1), OK, at('passing', 2), []],
  ['failing: one more bad one', at('failing', -3), BAD, at('failing', -3), []],
  ['failing: the first good one', at('failing', -3), OK, at('failing', 1), []],
  ['failing: the second good one', at('failing', 1), OK, at('passing', 2), RISEN],
  ['failing: bad after one good', at('failing', 1), BAD, at('failing', -1), []],
  ['failing: three bad ones say nothing new', at('failing', -2), BAD, at('failing', -3), []],
]
for (const [name, before, event, after, actions] of STEPS) {
  test(`gate, ${name}`, () => assert.deepEqual(step(before, event), [after, actions]))
}

test('one that is good and bad in turn never changes its state, and counts no further than it has to', () => {
  for (const state of ['unknown', 'passing', 'failing'] as const) {
    let session = at(state, 0)
    for (let i = 0; i < 1000; i++) {
      const [next, actions] = step(session, i % 2 === 0 ? OK : BAD)
      assert.deepEqual(actions, [])
      session = next
    }
    assert.equal(session.state, state)
  }
  let session = NEW_GATE
  for (let i = 0; i < 1000; i++) [session] = step(session, BAD)
  assert.deepEqual(session, at('failing', -3))
})
