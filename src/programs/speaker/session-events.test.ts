// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SimClock } from '../../../test/sim/clock.ts'
import type { EventWrite } from '../../lib/object.ts'
import { SAY_EVERY_MS, SessionEvents } from './session-events.ts'

const SECOND = 1000

function rig() {
  const clock = new SimClock()
  const written: EventWrite[] = []
  const uids = new Map([['tor', 'u']])
  const events = new SessionEvents({
    clock,
    namespace: 'metallb-system',
    node: 'n',
    event: (event) => written.push(event),
    uidOf: (peer) => uids.get(peer),
  })
  const take = () =>
    written.splice(0).map(({ reason, object, message }) => {
      return `${object.name} ${reason.replace('BGPSession', '')} ${/: (.*)/.exec(message)?.[1] ?? ''}`.trim()
    })
  return { clock, events, written, take, uids }
}

test('a session that comes up, and one that goes down, are events on the BGPPeer', () => {
  const { events, written } = rig()
  events.up('tor')
  events.down('tor', 'the hold time is over')
  const object = { kind: 'BGPPeer', namespace: 'metallb-system', name: 'tor' }
  assert.deepEqual(written, [
    { object, uid: 'u', type: 'Normal', reason: 'BGPSessionUp', message: 'node "n" has a BGP session with peer "tor"' },
    {
      object,
      uid: 'u',
      type: 'Warning',
      reason: 'BGPSessionDown',
      message: 'node "n" has lost its BGP session with peer "tor": the hold time is over',
    },
  ])
  written.length = 0
  events.up('spine')
  assert.deepEqual(
    written.map((event) => 'uid' in event),
    [false],
  )
})

/** What happens, in seconds, and what is said when. */
const STORIES: [name: string, happens: readonly [number, 'up' | 'down'][], said: readonly string[]][] = [
  ['up for good', [[0, 'up']], ['0 Up']],
  [
    'up, and told so twice',
    [
      [0, 'up'],
      [90, 'up'],
    ],
    ['0 Up'],
  ],
  [
    'down and up again soon',
    [
      [0, 'up'],
      [100, 'down'],
      [105, 'up'],
    ],
    ['0 Up', '100 Down', '105 Up'],
  ],
  [
    'down, up, down, up within a minute',
    [
      [0, 'up'],
      [100, 'down'],
      [105, 'up'],
      [110, 'down'],
      [115, 'up'],
    ],
    ['0 Up', '100 Down', '105 Up'],
  ],
  [
    'down for good after such',
    [
      [0, 'up'],
      [100, 'down'],
      [105, 'up'],
      [110, 'down'],
    ],
    ['0 Up', '100 Down', '105 Up', '160 Down'],
  ],
  [
    'up for good after such',
    [
      [0, 'up'],
      [10, 'down'],
      [20, 'up'],
    ],
    ['0 Up', '10 Down', '60 Up'],
  ],
  [
    'down again when the minute is just over',
    [
      [0, 'up'],
      [10, 'down'],
      [60, 'up'],
      [70, 'down'],
    ],
    ['0 Up', '10 Down', '60 Up', '70 Down'],
  ],
]
for (const [name, happens, said] of STORIES) {
  test(`a session that is ${name}`, async () => {
    const { clock, events, take } = rig()
    const heard: string[] = []
    const listen = () => heard.push(...take().map((one) => `${clock.monotonicMs() / SECOND} ${one.split(' ')[1]}`))
    for (let second = 0; second < 300; second++) {
      for (const [, what] of happens.filter(([at]) => at === second)) events[what]('tor', 'why')
      listen()
      await clock.advance(SECOND)
      listen()
    }
    assert.deepEqual(heard, said)
    assert.equal(clock.waiting, 0)
  })
}

test('of a session that stays down, why it last went down is told', async () => {
  const { clock, events, take } = rig()
  events.up('tor')
  events.down('tor', 'first')
  assert.deepEqual(take(), ['tor Up', 'tor Down first'])
  await clock.advance(SAY_EVERY_MS - SECOND)
  events.up('tor')
  events.down('tor', 'second')
  events.up('tor')
  events.down('tor', 'third')
  assert.deepEqual(take(), [])
  await clock.advance(10 * SAY_EVERY_MS)
  assert.deepEqual(take(), [])
})

test('a thousand flaps in ten minutes are at most one event a minute and reason, for each peer', async () => {
  const { clock, events, take } = rig()
  const counts: number[] = []
  for (let minute = 0; minute < 10; minute++) {
    for (let flap = 0; flap < 100; flap++) {
      for (const peer of ['tor', 'spine']) events.up(peer)
      for (const peer of ['tor', 'spine']) events.down(peer, 'why')
      await clock.advance(SAY_EVERY_MS / 100)
    }
    counts.push(take().length)
  }
  assert.ok(
    counts.every((count) => count <= 4),
    counts.join(),
  )
  assert.ok(Math.min(...counts) > 0, counts.join())
})

test('a BGPPeer that was deleted and made again within the minute is another one, of which all is said', async () => {
  const { clock, events, written, take, uids } = rig()
  events.up('tor')
  uids.delete('tor')
  events.down('tor', 'no such peer any more')
  assert.deepEqual(take(), ['tor Up', 'tor Down no such peer any more'])
  uids.set('tor', 'v')
  await clock.advance(SECOND)
  events.up('tor')
  assert.deepEqual(
    written.map(({ uid, reason }) => `${uid} ${reason}`),
    ['v BGPSessionUp'],
  )
})

test('closed, it says no more', async () => {
  const { clock, events, take } = rig()
  events.up('tor')
  events.down('tor', 'why')
  events.up('tor')
  take()
  events.close()
  await clock.advance(2 * SAY_EVERY_MS)
  assert.deepEqual(take(), [])
})
