// SPDX-License-Identifier: Apache-2.0
/** The rules of incarnations, as a table: what was known, what is heard, what is known then, and what is done about it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LAN } from './config.ts'
import { LAST_INCARNATION, MEMBERLIST_VERSIONS, type Member, type MemberState } from './member.ts'
import { Members, MOST_MEMBERS } from './members.ts'
import { type Effect, Membership, type News } from './membership.ts'
import type { Alive, Dead, RemoteState, Suspect } from './messages.ts'

const HERE = Uint8Array.of(10, 0, 0, 1)
const ELSEWHERE = Uint8Array.of(10, 0, 0, 9)
const NOW = 1_000

function member(name: string, state: MemberState, incarnation: number, address = HERE): Member {
  const bytes = { address, meta: new Uint8Array(0), versions: MEMBERLIST_VERSIONS }
  return { name, port: 7946, state, incarnation, sinceMs: 0, ...bytes }
}

function alive(node: string, incarnation: number, changes: Partial<Alive> = {}): Alive {
  const bytes = { address: HERE, meta: new Uint8Array(0), versions: MEMBERLIST_VERSIONS }
  return { type: 'alive', incarnation, node, port: 7946, ...bytes, ...changes }
}

const suspect = (node: string, incarnation: number, from = 'b'): Suspect => ({
  type: 'suspect',
  incarnation,
  node,
  from,
})
const dead = (node: string, incarnation: number, from = 'b'): Dead => ({ type: 'dead', incarnation, node, from })

const random = (): number => 0.5

/** Ourselves with incarnation 5, `x` as given, and three others, so that confirmations count. */
function world(x: Member | null, proven = false): Membership {
  const members = new Members(member('self', 'alive', 5, Uint8Array.of(10, 0, 0, 200)))
  for (const one of [x, member('b', 'alive', 1), member('c', 'alive', 1), member('d', 'alive', 1)]) {
    if (one) members.add({ ...one }, random)
  }
  return new Membership(members, { ...LAN, random, hasProofOfLife: () => proven })
}

/** Effects as words: `!` is urgent. */
function words(effects: readonly Effect[]): string[] {
  return effects.map((effect) => {
    switch (effect.type) {
      case 'spread':
        return `${effect.news.type}${effect.urgent ? '!' : ''} ${effect.about} ${effect.news.incarnation}`
      case 'report':
        return `report ${effect.member.state}`
      case 'score':
        return `score ${effect.delta}`
      case 'accused':
        return `accused by ${effect.from}`
      case 'conflict':
        return `conflict ${effect.member.name}`
    }
  })
}

type Before = readonly [MemberState, number] | null
const META = Buffer.from('new')

const HEARD: readonly (readonly [string, Before, News, Before, readonly string[]])[] = [
  ['a new one', null, alive('x', 1), ['alive', 1], ['alive x 1', 'report alive']],
  ['a new one that never was alive', null, alive('x', 0), null, []],
  ['a higher incarnation', ['alive', 3], alive('x', 4), ['alive', 4], ['alive x 4']],
  ['new metadata', ['alive', 3], alive('x', 4, { meta: META }), ['alive', 4], ['alive x 4', 'report alive']],
  ['new metadata without a new incarnation', ['alive', 3], alive('x', 3, { meta: META }), ['alive', 3], []],
  ['an old incarnation', ['alive', 3], alive('x', 2), ['alive', 3], []],
  ['a protest of a suspect', ['suspect', 3], alive('x', 4), ['alive', 4], ['alive x 4', 'report alive']],
  ['of a suspect nothing new', ['suspect', 3], alive('x', 3), ['suspect', 3], []],
  ['a dead one is back', ['dead', 3], alive('x', 4), ['alive', 4], ['alive x 4', 'report alive']],
  ['a dead one says what it said before', ['dead', 3], alive('x', 3), ['dead', 3], []],
  ['one that left is back', ['left', 3], alive('x', 4), ['alive', 4], ['alive x 4', 'report alive']],
  [
    'one that left, elsewhere',
    ['left', 3],
    alive('x', 1, { address: ELSEWHERE }),
    ['alive', 1],
    ['alive x 1', 'report alive'],
  ],
  ['a living one, elsewhere', ['alive', 3], alive('x', 4, { address: ELSEWHERE }), ['alive', 3], ['conflict x']],
  ['a suspect, elsewhere', ['suspect', 3], alive('x', 4, { address: ELSEWHERE }), ['suspect', 3], ['conflict x']],
  ['a dead one, elsewhere', ['dead', 3], alive('x', 4, { address: ELSEWHERE }), ['dead', 3], ['conflict x']],
  ['another port is elsewhere', ['alive', 3], alive('x', 4, { port: 1 }), ['alive', 3], ['conflict x']],
  ['port 0', null, alive('x', 1, { port: 0 }), null, []],
  ['no address', null, alive('x', 1, { address: new Uint8Array(0) }), null, []],
  ['broadcast as address', null, alive('x', 1, { address: Uint8Array.of(255, 255, 255, 255) }), null, []],
  [
    '512 bytes of metadata',
    null,
    alive('x', 1, { meta: new Uint8Array(512) }),
    ['alive', 1],
    ['alive x 1', 'report alive'],
  ],
  ['513 bytes of metadata', null, alive('x', 1, { meta: new Uint8Array(513) }), null, []],
  ['no versions', null, alive('x', 1, { versions: new Uint8Array(0) }), ['alive', 1], ['alive x 1', 'report alive']],
  ['impossible versions', null, alive('x', 1, { versions: Uint8Array.of(0, 5, 2, 0, 0, 0) }), null, []],
  [
    'the last incarnation',
    ['alive', 3],
    alive('x', LAST_INCARNATION),
    ['alive', LAST_INCARNATION],
    [`alive x ${LAST_INCARNATION}`],
  ],
  ['after the last incarnation the first', ['alive', LAST_INCARNATION], alive('x', 1), ['alive', LAST_INCARNATION], []],

  ['suspicion of nobody known', null, suspect('x', 1), null, []],
  ['suspicion', ['alive', 3], suspect('x', 3), ['suspect', 3], ['suspect x 3', 'report suspect']],
  [
    'suspicion of a life we have not heard of',
    ['alive', 3],
    suspect('x', 7),
    ['suspect', 7],
    ['suspect x 7', 'report suspect'],
  ],
  ['suspicion of an earlier life', ['alive', 3], suspect('x', 2), ['alive', 3], []],
  ['suspicion of a dead one', ['dead', 3], suspect('x', 3), ['dead', 3], []],
  ['suspicion of one that left', ['left', 3], suspect('x', 9), ['left', 3], []],

  ['death of nobody known', null, dead('x', 1), null, []],
  ['death', ['alive', 3], dead('x', 3), ['dead', 3], ['dead x 3', 'report dead']],
  ['death of a suspect', ['suspect', 3], dead('x', 3), ['dead', 3], ['dead x 3', 'report dead']],
  ['death of an earlier life', ['alive', 3], dead('x', 2), ['alive', 3], []],
  ['death of a dead one', ['dead', 3], dead('x', 9), ['dead', 3], []],
  ['leaving', ['alive', 3], dead('x', 3, 'x'), ['left', 3], ['dead x 3', 'report left']],
  ['a dead one leaves', ['dead', 3], dead('x', 3, 'x'), ['dead', 3], []],

  ['suspicion of us', ['alive', 3], suspect('self', 5), ['alive', 3], ['score 1', 'alive! self 6']],
  ['suspicion of our future', ['alive', 3], suspect('self', 50), ['alive', 3], ['score 1', 'alive! self 51']],
  ['suspicion of our past', ['alive', 3], suspect('self', 4), ['alive', 3], []],
  ['our death', ['alive', 3], dead('self', 5), ['alive', 3], ['score 1', 'alive! self 6', 'accused by b']],
  ['that we left', ['alive', 3], dead('self', 5, 'self'), ['alive', 3], ['score 1', 'alive! self 6']],
  [
    'suspicion of us at the end of all incarnations',
    null,
    suspect('self', LAST_INCARNATION),
    null,
    ['score 1', `alive! self ${LAST_INCARNATION}`],
  ],
  ['an echo of us', ['alive', 3], alive('self', 5, { address: Uint8Array.of(10, 0, 0, 200) }), ['alive', 3], []],
  [
    'us of an earlier life',
    null,
    alive('self', 5, { address: Uint8Array.of(10, 0, 0, 200), meta: META }),
    null,
    ['score 1', 'alive! self 6'],
  ],
  [
    'us with a higher incarnation',
    null,
    alive('self', 9, { address: Uint8Array.of(10, 0, 0, 200) }),
    null,
    ['score 1', 'alive! self 10'],
  ],
  ['another one with our name', null, alive('self', 9), null, ['conflict self']],
]

for (const [name, before, news, after, expected] of HEARD) {
  test(`heard: ${name}`, () => {
    const membership = world(before && member('x', ...before))
    const effects = membership.hear(news, NOW)
    const x = membership.members.get('x')
    assert.deepEqual([x ? [x.state, x.incarnation] : null, words(effects)], [after, expected])
    const changed = before?.[0] !== after?.[0]
    if (x) assert.equal(x.sinceMs, changed ? NOW : 0)
  })
}

const PROVEN: readonly (readonly [string, Before, News, Before, readonly string[]])[] = [
  ['a rumour of death', ['alive', 3], dead('x', 3), ['suspect', 3], ['report suspect', 'dead x 3']],
  ['a rumour of a suspect’s death', ['suspect', 3], dead('x', 3), ['suspect', 3], ['dead x 3']],
  ['leaving', ['alive', 3], dead('x', 3, 'x'), ['left', 3], ['dead x 3', 'report left']],
  ['suspicion', ['alive', 3], suspect('x', 3), ['suspect', 3], ['suspect x 3', 'report suspect']],
]

for (const [name, before, news, after, expected] of PROVEN) {
  test(`with proof of life: ${name}`, () => {
    const membership = world(before && member('x', ...before), true)
    const effects = membership.hear(news, NOW)
    const x = membership.members.get('x')
    assert.deepEqual([x ? [x.state, x.incarnation] : null, words(effects)], [after, expected])
  })
}

test('with proof of life a rumour of death is passed on once for each incarnation', () => {
  const membership = world(member('x', 'alive', 3), true)
  const spread = [3, 3, 4, 4, 3].map((incarnation) =>
    words(membership.hear(dead('x', incarnation), NOW)).some((word) => word.startsWith('dead')),
  )
  assert.deepEqual(spread, [true, false, true, false, false])
})

test('with proof of life a suspect whose time is over stays one, and is told so again', () => {
  const membership = world(member('x', 'alive', 3), true)
  membership.hear(suspect('x', 3), NOW)
  const overMs = membership.nextDeadlineMs() ?? 0
  assert.deepEqual(words(membership.expire(overMs)), ['suspect x 3'])
  assert.equal(membership.nextDeadlineMs(), overMs + 4_000)
})

test('each confirmation by another one is passed on while it counts', () => {
  const membership = world(member('x', 'alive', 3))
  const deadlines = ['b', 'b', 'c', 'd', 'self'].map((from) => {
    const effects = words(membership.hear(suspect('x', 3, from), NOW))
    return [from, effects.includes('suspect x 3'), (membership.nextDeadlineMs() ?? 0) - NOW]
  })
  assert.deepEqual(deadlines, [
    ['b', true, 24_000],
    ['b', false, 24_000],
    ['c', true, 11_381],
    ['d', true, 4_000],
    ['self', false, 4_000],
  ])
})

test('a suspect whose time is over is dead, by our word, told at once', () => {
  const membership = world(member('x', 'alive', 3))
  membership.accuse('x', 3, NOW)
  assert.deepEqual(words(membership.expire(NOW + 23_999)), [])
  assert.deepEqual(words(membership.expire(NOW + 24_000)), ['dead! x 3', 'report dead'])
  assert.equal(membership.nextDeadlineMs(), undefined)
})

test('a suspect that answered a probe gets the shortest time again; one that does not answer then is dead', () => {
  const membership = world(member('x', 'alive', 3))
  membership.accuse('x', 3, NOW)
  assert.equal(membership.mostEndangered(), 'x')
  membership.answered('x')
  assert.equal(membership.mostEndangered(), undefined)
  assert.deepEqual(words(membership.expire(NOW + 24_000)), ['suspect x 3'])
  assert.equal(membership.mostEndangered(), 'x')
  assert.deepEqual(words(membership.expire(NOW + 28_000)), ['dead! x 3', 'report dead'])
})

test('after a pause suspects have the time again that was missed', () => {
  const membership = world(member('x', 'alive', 3))
  membership.accuse('x', 3, NOW)
  membership.shift(60_000)
  assert.deepEqual(words(membership.expire(NOW + 83_999)), [])
  assert.deepEqual(words(membership.expire(NOW + 84_000)), ['dead! x 3', 'report dead'])
})

test('who protests or dies is no suspect any more', () => {
  for (const news of [alive('x', 4), dead('x', 3)]) {
    const membership = world(member('x', 'alive', 3))
    membership.accuse('x', 3, NOW)
    membership.hear(news, NOW)
    assert.equal(membership.nextDeadlineMs(), undefined)
  }
})

const DECLARED: readonly (readonly [MemberState, readonly string[]])[] = [
  ['alive', ['dead! x 3', 'report dead']],
  ['suspect', ['dead! x 3', 'report dead']],
  ['dead', []],
  ['left', []],
]

for (const [state, expected] of DECLARED) {
  test(`declared dead while ${state}, whatever proof of life there was`, () => {
    assert.deepEqual(words(world(member('x', state, 3), true).declareDead('x', NOW)), expected)
  })
}

test('nobody declares dead whom nobody knows, or us', () => {
  const membership = world(null)
  assert.deepEqual([membership.declareDead('x', NOW), membership.declareDead('self', NOW)], [[], []])
})

test('new metadata are a new incarnation, told at once', () => {
  const membership = world(null)
  assert.deepEqual(words(membership.setMeta(META)), ['alive! self 6'])
  membership.members.self.incarnation = LAST_INCARNATION
  assert.deepEqual(words(membership.setMeta(META)), [`alive! self ${LAST_INCARNATION}`])
})

test('who leaves says so itself, once, and refutes nothing any more', () => {
  const membership = world(null)
  assert.deepEqual(words(membership.leave(NOW)), ['dead! self 5'])
  assert.equal(membership.members.self.state, 'left')
  const later = [suspect('self', 9), dead('self', 9), dead('self', 9, 'self'), alive('self', 9)]
  for (const news of later) assert.deepEqual(membership.hear(news, NOW), [])
  assert.deepEqual([membership.leave(NOW), membership.setMeta(META)], [[], []])
})

const MERGED: readonly (readonly [RemoteState['state'], Before, Before])[] = [
  ['alive', null, ['alive', 3]],
  ['alive', ['dead', 2], ['alive', 3]],
  ['suspect', ['alive', 3], ['suspect', 3]],
  ['dead', ['alive', 3], ['suspect', 3]],
  ['left', ['alive', 3], ['left', 3]],
  ['dead', null, null],
  ['left', null, null],
]

for (const [state, before, after] of MERGED) {
  test(`another one knows it as ${state}, we as ${before?.[0] ?? 'nobody'}`, () => {
    const membership = world(before && member('x', ...before))
    membership.merge([member('x', state, 3)], NOW)
    const x = membership.members.get('x')
    assert.deepEqual(x ? [x.state, x.incarnation] : null, after)
  })
}

test('somebody who invents members finds an end of them', () => {
  const membership = world(null)
  for (let i = 0; i < MOST_MEMBERS + 100; i++) membership.hear(alive(`n${i}`, 1), NOW)
  assert.equal(membership.members.size, MOST_MEMBERS)
  assert.equal(membership.hear(alive('b', 2), NOW).length, 1)
})
