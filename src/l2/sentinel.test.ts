// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Sentinel, type Verdict } from './sentinel.ts'

const IP = '192.0.2.1'
const STRANGER = '02:00:00:00:00:ff'
const OTHER = '02:00:00:00:00:fe'
const MEMBER = '02:00:00:00:00:01'

/** owned and given at a time, or a claim by a station and what becomes of it. */
type Step = readonly [atMs: number, what: string, verdict?: Verdict]

const STORIES: [string, readonly Step[], frames: number | null][] = [
  [
    'once is nothing',
    [
      [0, 'owned'],
      [9000, STRANGER, 'noted'],
    ],
    0,
  ],
  [
    'again within 2 s is nothing',
    [
      [0, 'owned'],
      [9000, STRANGER, 'noted'],
      [11_000, STRANGER, 'noted'],
    ],
    0,
  ],
  [
    'again after more than 2 s counts',
    [
      [0, 'owned'],
      [9000, STRANGER, 'noted'],
      [11_001, STRANGER, 'report'],
    ],
    1,
  ],
  [
    'a fail-over: the former owner is heard for 2 s',
    [
      [0, 'owned'],
      [1, STRANGER, 'noted'],
      [900, STRANGER, 'noted'],
      [2000, STRANGER, 'noted'],
    ],
    0,
  ],
  [
    'it is told once a minute, and each frame counts',
    [
      [0, 'owned'],
      [0, STRANGER, 'noted'],
      [3000, STRANGER, 'report'],
      [4000, STRANGER, 'noted'],
      [62_999, STRANGER, 'noted'],
      [63_000, STRANGER, 'report'],
    ],
    4,
  ],
  [
    'two stations are two conflicts',
    [
      [0, 'owned'],
      [0, STRANGER, 'noted'],
      [1, OTHER, 'noted'],
      [3000, STRANGER, 'report'],
      [3001, OTHER, 'report'],
    ],
    2,
  ],
  [
    'a member never counts',
    [
      [0, 'owned'],
      [0, MEMBER, 'ignored'],
      [9000, MEMBER, 'ignored'],
    ],
    0,
  ],
  [
    'an address that is not ours',
    [
      [0, STRANGER, 'ignored'],
      [9000, STRANGER, 'ignored'],
    ],
    null,
  ],
  [
    'what was heard before it was ours does not count',
    [
      [0, 'owned'],
      [0, STRANGER, 'noted'],
      [500, 'given'],
      [600, STRANGER, 'ignored'],
      [3000, 'owned'],
      [3100, STRANGER, 'noted'],
      [5000, STRANGER, 'noted'],
      [5101, STRANGER, 'report'],
    ],
    1,
  ],
  [
    'given up, it has no conflict',
    [
      [0, 'owned'],
      [0, STRANGER, 'noted'],
      [3000, STRANGER, 'report'],
      [3001, 'given'],
      [3002, STRANGER, 'ignored'],
    ],
    null,
  ],
  [
    'owned twice is owned since the first time',
    [
      [0, 'owned'],
      [0, STRANGER, 'noted'],
      [2500, 'owned'],
      [2501, STRANGER, 'report'],
    ],
    1,
  ],
]
for (const [title, steps, frames] of STORIES) {
  test(title, () => {
    const sentinel = new Sentinel({ isMember: (mac) => mac === MEMBER })
    for (const [atMs, what, verdict] of steps) {
      if (what === 'owned') sentinel.owned(IP, atMs)
      else if (what === 'given') sentinel.given(IP)
      else assert.equal(sentinel.seen({ ip: IP, mac: what, link: 'eth0' }, atMs), verdict, `${atMs} ms`)
    }
    assert.deepEqual([...sentinel.counts()], frames === null ? [] : [[IP, frames]])
  })
}

test('active: what counts and was heard within a minute, with its times', () => {
  const sentinel = new Sentinel({ isMember: () => false })
  const claim = { ip: IP, mac: STRANGER, link: 'eth0' }
  sentinel.owned(IP, 0)
  sentinel.seen(claim, 1000)
  assert.deepEqual([...sentinel.active(1000)], [], 'once')
  sentinel.seen(claim, 4000)
  sentinel.seen({ ...claim, link: 'eth1' }, 5000)
  const expected = { ip: IP, mac: STRANGER, link: 'eth1', sinceMs: 1000, lastMs: 5000, count: 2 }
  assert.deepEqual([...sentinel.active(65_000)], [expected])
  assert.deepEqual([...sentinel.active(65_001)], [], 'a minute ago')
  sentinel.given(IP)
  assert.deepEqual([...sentinel.active(5000)], [], 'not ours')
})

test('however many stations there are, 1024 pairs are remembered: those that were heard last', () => {
  const sentinel = new Sentinel({ isMember: () => false })
  sentinel.owned(IP, 0)
  const claim = (n: number) => ({ ip: IP, mac: `02:00:${n.toString(16).padStart(8, '0')}`, link: 'eth0' })
  for (let n = 0; n < 1024; n++) sentinel.seen(claim(n), n)
  sentinel.seen(claim(0), 1500) // heard again: now the first to go is the next one
  sentinel.seen(claim(5000), 1501)
  assert.equal(sentinel.seen(claim(0), 4000), 'report')
  assert.equal(sentinel.seen(claim(2), 4000), 'report')
  assert.equal(sentinel.seen(claim(1), 4000), 'noted', 'forgotten, so this is the first time')
  for (let n = 0; n < 100_000; n++) sentinel.seen(claim(n), 10_000)
  for (let n = 0; n < 100_000; n++) sentinel.seen(claim(n), 20_000)
  assert.ok([...sentinel.active(20_000)].length <= 1024)
})
