// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Event, initialSession, type Remote, type Session, step } from './fsm.ts'
import { whyDown } from './reason.ts'

const remote: Remote = {
  desiredMinTxUs: 300_000,
  requiredMinRxUs: 300_000,
  detectMult: 3,
  requiredMinEchoRxUs: 0,
  diag: 'none',
  demand: false,
  controlPlaneIndependent: false,
}
const up = (fields: Partial<Session> = {}): Session => ({
  ...initialSession(1, remote, { passive: false, echoUs: 50_000 }),
  state: 'Up',
  remoteId: 7,
  remoteState: 'Up',
  remote,
  ...fields,
})
const said = (fields: object): Event => ({
  type: 'packet',
  packet: { ...remote, state: 'Down', poll: false, final: false, myId: 7, yourId: 1, ...fields },
})
const echoing = up({ remote: { ...remote, requiredMinEchoRxUs: 20_000 } })

const CASES: readonly (readonly [Session, Event, string])[] = [
  [up(), { type: 'detectExpired' }, 'nothing was heard for 900 ms (Control Detection Time Expired)'],
  [
    up({ remote: { ...remote, desiredMinTxUs: 1 }, timers: { ...remote, requiredMinRxUs: 33_333 } }),
    { type: 'detectExpired' },
    'nothing was heard for 100 ms (Control Detection Time Expired)',
  ],
  [echoing, { type: 'echoExpired', useless: false }, 'no echo came back for 150 ms (Echo Function Failed)'],
  [echoing, { type: 'detectExpired' }, 'nothing was heard for 3000 ms (Control Detection Time Expired)'],
  [up(), said({ diag: 'timeExpired' }), 'the peer says it is down (Control Detection Time Expired)'],
  [up(), said({ diag: 'reserved' }), 'the peer says it is down (a reason that nobody has defined)'],
  [up(), said({}), 'the peer says it is down and gives no reason, as after a restart'],
  [up(), said({ state: 'AdminDown', diag: 'adminDown' }), 'the peer has switched BFD off (Administratively Down)'],
]
for (const [before, event, why] of CASES) {
  test(why, () => assert.equal(whyDown(before, step(before, event)[0]), why))
}
