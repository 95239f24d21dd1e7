// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { State } from './codec.ts'
import { initialSession, packetOf, type Session, type Timers } from './fsm.ts'
import { detectUs, intervalUs } from './timing.ts'

const MS = 1000
const timers = (tx: number, rx: number, detectMult: number): Timers => ({
  desiredMinTxUs: tx * MS,
  requiredMinRxUs: rx * MS,
  detectMult,
})
const session = (state: State, ours: Timers, remote: Timers | null, earlier: Timers | null = null): Session => ({
  ...initialSession(1, ours),
  state,
  remote,
  earlier,
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
