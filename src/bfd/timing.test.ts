// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { State } from './codec.ts'
import { initialSession, packetOf, type Remote, type Role, type Session, type Timers } from './fsm.ts'
import { detectUs, echoOf, intervalUs } from './timing.ts'

const MS = 1000
const timers = (tx: number, rx: number, detectMult: number): Timers => ({
  desiredMinTxUs: tx * MS,
  requiredMinRxUs: rx * MS,
  detectMult,
})
const session = (state: State, ours: Timers, remote: Timers | null, earlier: Timers | null = null): Session => ({
  ...initialSession(1, ours),
  state,
  remote: remote && remoteOf(remote),
  earlier,
})
const remoteOf = (theirs: Timers, fields: Partial<Remote> = {}): Remote => ({
  ...theirs,
  requiredMinEchoRxUs: 0,
  diag: 'none',
  demand: false,
  controlPlaneIndependent: false,
  ...fields,
})

/** Session; milliseconds between our packets; milliseconds of silence that are too long. */
const CASES: [string, Session, number, number][] = [
  ['nothing heard: once a second, and no deadline', session('Down', timers(100, 100, 4), null), 1000, 0],
  ['equals', session('Up', timers(100, 100, 4), timers(100, 100, 4)), 100, 400],
  ['it wants less: we send less', session('Up', timers(100, 100, 4), timers(50, 300, 3)), 300, 300],
  [
    'it sends less: we are patient, by its multiplier',
    session('Up', timers(100, 100, 4), timers(500, 50, 2)),
    100,
    1000,
  ],
  ['it may send no faster than we can take', session('Up', timers(100, 250, 9), timers(50, 50, 3)), 100, 750],
  ['not Up: once a second at most', session('Init', timers(100, 100, 4), timers(1000, 100, 4)), 1000, 4000],
  ['not Up, and slow anyway', session('Down', timers(3000, 100, 4), timers(1000, 100, 4)), 3000, 4000],
  ['it wants nothing', session('Up', timers(100, 100, 4), timers(100, 0, 4)), 0, 400],
  ['as fast as numbers go', session('Up', timers(100, 100, 4), timers(0, 0.001, 1)), 100, 100],
  [
    'as slow as numbers go',
    session('Up', timers(1, 1, 1), timers(4_294_967.295, 4_294_967.295, 255)),
    4_294_967.295,
    1_095_216_660.225,
  ],
  ['switched off: no deadline', session('AdminDown', timers(100, 100, 4), timers(100, 100, 4)), 1000, 0],
  [
    'slower by a poll: not before the answer',
    session('Up', timers(300, 100, 4), timers(50, 50, 3), timers(100, 100, 4)),
    100,
    300,
  ],
  ['faster by a poll: at once', session('Up', timers(50, 100, 4), timers(50, 50, 3), timers(100, 100, 4)), 50, 300],
  [
    'less patient by a poll: not before the answer',
    session('Up', timers(100, 60, 4), timers(50, 50, 3), timers(100, 100, 4)),
    100,
    300,
  ],
  [
    'more patient by a poll: at once',
    session('Up', timers(100, 200, 4), timers(50, 50, 3), timers(100, 100, 4)),
    100,
    600,
  ],
]
for (const [name, given, interval, detect] of CASES) {
  test(name, () => assert.deepEqual([intervalUs(given) / MS, detectUs(given) / MS], [interval, detect]))
}

test('what is announced: once a second while not Up, and what is wanted while Up', () => {
  const ours = timers(100, 70, 4)
  for (const state of ['AdminDown', 'Down', 'Init'] as const) {
    const { desiredMinTxUs, requiredMinRxUs } = packetOf(session(state, ours, null))
    assert.deepEqual([desiredMinTxUs, requiredMinRxUs], [1000 * MS, 70 * MS])
  }
  assert.equal(packetOf(session('Up', ours, ours)).desiredMinTxUs, 100 * MS)
})

const EQUAL = timers(100, 100, 3)
const upWith = (role: Role, remote: Partial<Remote>, fields: Partial<Session> = {}): Session => ({
  ...initialSession(1, EQUAL, role),
  state: 'Up',
  remoteId: 7,
  remoteState: 'Up',
  remote: remoteOf(EQUAL, remote),
  ...fields,
})
const ACTIVE: Role = { passive: false, echoUs: 0 }
const PASSIVE: Role = { passive: true, echoUs: 0 }
const ECHO: Role = { passive: false, echoUs: 50 * MS }
const invited = { requiredMinEchoRxUs: 20 * MS }

/** Session; milliseconds between our packets; milliseconds of silence that are too long. */
const ROLES: [string, Session, number, number][] = [
  ['passive, and nobody was heard: nothing is sent (§6.1)', initialSession(1, EQUAL, PASSIVE), 0, 0],
  ['passive, and somebody was heard', upWith(PASSIVE, {}), 100, 300],
  ['passive, and the peer is forgotten', upWith(PASSIVE, {}, { state: 'Down', remoteId: 0, remote: null }), 0, 0],
  [
    'demand mode of the peer: nothing but answers, detection goes on (§6.8.7)',
    upWith(ACTIVE, { demand: true }),
    0,
    300,
  ],
  ['demand mode, and we poll', upWith(ACTIVE, { demand: true }, { polling: true }), 100, 300],
  ['demand mode, and the peer is not Up', upWith(ACTIVE, { demand: true }, { remoteState: 'Init' }), 100, 300],
  ['demand mode, and we are not Up', upWith(ACTIVE, { demand: true }, { state: 'Init' }), 1000, 300],
  ['echoes run: we keep our pace, the peer need not', upWith(ECHO, invited), 100, 3000],
  ['echoes run, and the peer is slower still', upWith(ECHO, { ...invited, desiredMinTxUs: 2000 * MS }), 100, 6000],
  ['the peer wants no echoes', upWith(ECHO, {}), 100, 300],
  ['the peer sends no echoes back', upWith(ECHO, invited, { echoUseless: true }), 100, 300],
]
for (const [name, given, interval, detect] of ROLES) {
  test(name, () => assert.deepEqual([intervalUs(given) / MS, detectUs(given) / MS], [interval, detect]))
}

/** Session; milliseconds between echoes, and without any. */
const ECHOES: [string, Session, [number, number] | null][] = [
  ['at our pace', upWith(ECHO, invited), [50, 150]],
  ['no faster than the peer can take', upWith(ECHO, { requiredMinEchoRxUs: 80 * MS }), [80, 240]],
  ['as slow as numbers go', upWith(ECHO, { requiredMinEchoRxUs: 0xffff_ffff }), [4_294_967.295, 12_884_901.885]],
  ['by our multiplier', upWith(ECHO, { ...invited, detectMult: 200 }), [50, 150]],
  ['not Up: none', upWith(ECHO, invited, { state: 'Init' }), null],
  ['not wanted by us: none', upWith(ACTIVE, invited), null],
  ['not invited: none', upWith(ECHO, {}), null],
  ['not sent back: none', upWith(ECHO, invited, { echoUseless: true }), null],
  ['never heard: none', initialSession(1, EQUAL, ECHO), null],
]
for (const [name, given, expected] of ECHOES) {
  test(`echoes ${name}`, () => {
    const echo = echoOf(given)
    assert.deepEqual(echo && [echo.intervalUs / MS, echo.detectUs / MS], expected)
  })
}

test('what is announced of echoes: what we can take, and little need for packets while ours run', () => {
  const { requiredMinEchoRxUs, requiredMinRxUs, desiredMinTxUs } = packetOf(upWith(ECHO, invited))
  assert.deepEqual([requiredMinEchoRxUs, requiredMinRxUs, desiredMinTxUs], [50 * MS, 1000 * MS, 100 * MS])
  assert.equal(packetOf(upWith(ECHO, {})).requiredMinRxUs, 100 * MS)
  assert.equal(packetOf(upWith(ACTIVE, invited)).requiredMinEchoRxUs, 0)
})
