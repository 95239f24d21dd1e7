// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DURATION_MS, initialState, isSure, type LeaseEvent, type LeaseState, RENEW_MS, step } from './lease-state.ts'

const lease = (holder: string, resourceVersion: string) => ({
  holder,
  durationMs: DURATION_MS,
  transitions: 0,
  acquireTime: '',
  resourceVersion,
})
const fresh = initialState('me')
const waiting: LeaseState = { ...fresh, record: lease('you', '5'), attemptAtMs: 10_000 }
const taking: LeaseState = { ...waiting, writing: true, attemptAtMs: Number.POSITIVE_INFINITY }
const leading: LeaseState = {
  ...fresh,
  role: 'leader',
  record: lease('me', '7'),
  attemptAtMs: 2000,
  sureUntilMs: RENEW_MS,
}
const renewing: LeaseState = { ...leading, writing: true, attemptAtMs: Number.POSITIVE_INFINITY }
const written = (resourceVersion: string, sentMs: number, atMs: number): LeaseEvent => {
  return { type: 'written', record: lease('me', resourceVersion), sentMs, atMs }
}

/** What it does, besides setting its timer, and when it wants to be woken. */
type Row = [name: string, before: LeaseState, event: LeaseEvent, actions: string, wakeMs: number | null]
const NEVER = Number.POSITIVE_INFINITY
const ROWS: readonly Row[] = [
  ['no Lease: take it', fresh, { type: 'seen', record: null, atMs: 3 }, 'take', NEVER],
  ['a released one: take it', fresh, { type: 'seen', record: lease('', '5'), atMs: 3 }, 'take', NEVER],
  ['held: wait its duration from now', fresh, { type: 'seen', record: lease('you', '5'), atMs: 3 }, '', 10_003],
  ['renewed: wait again', waiting, { type: 'seen', record: lease('you', '6'), atMs: 4000 }, '', 14_000],
  ['the same news twice', waiting, { type: 'seen', record: lease('you', '5'), atMs: 4000 }, '', 10_000],
  ['older news', waiting, { type: 'seen', record: lease('them', '4'), atMs: 4000 }, '', 10_000],
  ['released while waiting', waiting, { type: 'seen', record: lease('', '6'), atMs: 4000 }, 'take', NEVER],
  ['deleted while waiting', waiting, { type: 'seen', record: null, atMs: 4000 }, 'take', NEVER],
  ['too early', waiting, { type: 'due', atMs: 9999 }, '', 10_000],
  ['not renewed in time', waiting, { type: 'due', atMs: 10_000 }, 'take', NEVER],
  ['taken', taking, written('8', 10_000, 10_005), 'lead', 12_000],
  ['taken, but the answer came too late to rely on', taking, written('8', 10_000, 17_000), '', 17_000],
  ['somebody was faster', taking, { type: 'outrun', atMs: 10_005 }, 'read', NEVER],
  ['no answer: once more', taking, { type: 'failed', atMs: 12_500 }, '', 13_500],
  ['ours by a request that seemed lost', fresh, { type: 'seen', record: lease('me', '9'), atMs: 3 }, 'take', NEVER],
  ['not read: later', { ...fresh, attemptAtMs: 3 }, { type: 'unread', atMs: 3 }, '', 2003],
  ['nothing known when it is time: read', { ...fresh, attemptAtMs: 3 }, { type: 'due', atMs: 3 }, 'read', 2003],
  ['time to renew', leading, { type: 'due', atMs: 2000 }, 'take', RENEW_MS],
  ['renewed', renewing, written('8', 2000, 2010), '', 4000],
  ['not renewed, time left', renewing, { type: 'failed', atMs: 4500 }, '', 5500],
  ['not renewed, no time left', renewing, { type: 'failed', atMs: RENEW_MS }, 'follow', 8000],
  ['no answer when the time is over', renewing, { type: 'due', atMs: RENEW_MS }, 'follow', NEVER],
  ['woken from a long sleep', leading, { type: 'due', atMs: 60_000 }, 'follow read', 62_000],
  [
    'somebody took it',
    { ...renewing, writing: false },
    { type: 'seen', record: lease('you', '9'), atMs: 3000 },
    'follow',
    13_000,
  ],
  ['somebody deleted it', leading, { type: 'seen', record: null, atMs: 1000 }, 'follow take', NEVER],
  ['our own renewal by the watch', leading, { type: 'seen', record: lease('me', '7'), atMs: 1000 }, '', 2000],
  ['stop while leading', leading, { type: 'stop', atMs: 1000 }, 'follow release stopped', null],
  ['stop while following', waiting, { type: 'stop', atMs: 1000 }, 'stopped', null],
  ['stop while a renewal is under way: wait for it', renewing, { type: 'stop', atMs: 2001 }, '', RENEW_MS],
  ['then', { ...renewing, stopping: true }, written('8', 2000, 2010), 'follow release stopped', null],
  ['or', { ...renewing, stopping: true }, { type: 'failed', atMs: 2010 }, 'follow release stopped', null],
  ['stopped for good', { ...leading, role: 'stopped' }, { type: 'due', atMs: 3 }, '', null],
]
for (const [name, before, event, expected, wakeMs] of ROWS) {
  test(`lease: ${name}`, () => {
    const [, actions] = step(before, event)
    const words = actions.flatMap(({ type }) => (type === 'wake' ? [] : [type]))
    assert.equal(words.join(' '), expected)
    const wake = actions.find((action) => action.type === 'wake')
    assert.equal(wake?.atMs ?? null, wakeMs)
  })
}

test('lease: sure of it before the moment, not at it', () => {
  assert.deepEqual(
    [RENEW_MS - 1, RENEW_MS].map((atMs) => isSure(leading, atMs)),
    [true, false],
  )
  assert.equal(isSure({ ...leading, role: 'follower' }, 0), false)
})
