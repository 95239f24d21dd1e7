// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Awareness } from './awareness.ts'
import { LAN } from './config.ts'
import { MEMBERLIST_VERSIONS, type Member } from './member.ts'
import { Members } from './members.ts'
import { type ProbeAction, Prober } from './probe.ts'

const KNOBS = { ...LAN, indirectChecks: 2 }

function member(name: string, changes: Partial<Member> = {}): Member {
  const bytes = { address: Uint8Array.of(10, 0, 0, 1), meta: new Uint8Array(0), versions: MEMBERLIST_VERSIONS }
  return { name, port: 7946, state: 'alive', incarnation: 3, sinceMs: 0, ...bytes, ...changes }
}

type World = { prober: Prober; awareness: Awareness; members: Members; endangered: string | undefined }

const random = (): number => 0

/** `x`, and helpers that are suspects until the test says otherwise, so that `x` alone is probed first. */
function world(x: Member | null, helpers: readonly Member[] = [], knobs = KNOBS): World {
  const members = new Members(member('self'))
  // A new one takes the first place, so what comes last is probed first, after ourselves.
  for (const one of [...helpers, ...(x ? [x] : [])]) members.add(one, random)
  const awareness = new Awareness(8)
  const made = { awareness, members, endangered: undefined as string | undefined }
  const prober = new Prober({ members, awareness, random, mostEndangered: () => made.endangered }, knobs, 0)
  return Object.assign(made, { prober })
}

function words(actions: readonly ProbeAction[]): string[] {
  return actions.map((action) => {
    switch (action.type) {
      case 'ping':
        return `ping ${action.to.name}${action.accusation ? ` suspect ${action.accusation.incarnation}` : ''}`
      case 'askToPing':
        return `ask ${action.helpers.map(({ name }) => name).join(' ')}`
      case 'pingStream':
        return `tcp ${action.to.name} ${action.withinMs}`
      default:
        return `${action.type} ${action.name}`
    }
  })
}

function sequenceOf(actions: readonly ProbeAction[]): number {
  const [first] = actions
  assert.ok(first?.type === 'ping')
  return first.ping.sequence
}

test('an answer in time ends it; the next one begins with the next interval', () => {
  const { prober, awareness } = world(member('x'))
  awareness.apply(2)
  const begun = prober.advance(0)
  assert.deepEqual(words(begun), ['ping x'])
  assert.equal(prober.nextMs, 500)
  assert.equal(prober.ack(sequenceOf(begun) + 1), undefined)
  assert.equal(prober.ack(sequenceOf(begun)), 'x')
  assert.equal(awareness.score, 1)
  assert.equal(prober.nextMs, 1_000)
  assert.deepEqual(words(prober.advance(999)), [])
  assert.deepEqual(words(prober.advance(1_000)), ['ping x'])
  assert.equal(prober.ack(sequenceOf(begun)), undefined, 'an answer to the last one is none to this one')
})

test('without an answer others are asked and TCP is tried; then it is accused, and the next one begins at once', () => {
  const { prober, awareness } = world(member('x'), [member('a'), member('b'), member('c')])
  const begun = prober.advance(0)
  assert.deepEqual(words(begun), ['ping x'])
  const asked = prober.advance(500)
  assert.match(words(asked)[0] ?? '', /^ask [abc] [abc]$/)
  assert.deepEqual(words(asked).slice(1), ['tcp x 500'])
  assert.equal(prober.nextMs, 1_000)
  const over = words(prober.advance(1_000))
  assert.equal(over[0], 'accuse x')
  assert.match(over[1] ?? '', /^ping/)
  assert.equal(awareness.score, 2, 'two nacks were missed')
})

const VERDICTS: readonly (readonly [string, (world: World, sequence: number) => void, string, number])[] = [
  ['both nacks', ({ prober }, n) => [n, n].forEach((one) => prober.nack(one)), 'accuse x', 4],
  ['one nack', ({ prober }, n) => prober.nack(n), 'accuse x', 5],
  ['no nack', () => {}, 'accuse x', 6],
  ['more nacks than helpers', ({ prober }, n) => [n, n, n, n].forEach((one) => prober.nack(one)), 'accuse x', 4],
  ['nacks of another probe', ({ prober }, n) => [1, 2].forEach((one) => prober.nack(n + one)), 'accuse x', 6],
  ['an answer by TCP', ({ prober }, n) => prober.streamAck(n), 'answered x', 3],
]

for (const [name, hear, verdict, score] of VERDICTS) {
  test(`the end of the interval after ${name}`, () => {
    const made = world(member('x'), [member('a'), member('b')])
    made.awareness.apply(4)
    const sequence = sequenceOf(made.prober.advance(0))
    made.prober.advance(500)
    hear(made, sequence)
    assert.equal(made.prober.nextMs, 5_000, 'in ill health there is more time')
    assert.equal(words(made.prober.advance(5_000))[0], verdict)
    assert.equal(made.awareness.score, score)
  })
}

test('with nobody who could vouch each failure counts against us a little', () => {
  const { prober, awareness } = world(member('x'))
  prober.advance(0)
  assert.deepEqual(words(prober.advance(500)), ['tcp x 500'])
  assert.equal(words(prober.advance(1_000))[0], 'accuse x')
  assert.equal(awareness.score, 1)
})

const STREAMS: readonly (readonly [string, Member, typeof KNOBS, boolean])[] = [
  ['asked for', member('x'), KNOBS, true],
  ['switched off', member('x'), { ...KNOBS, disableTcpPings: true }, false],
  ['not understood', member('x', { versions: Uint8Array.of(1, 2, 2, 0, 0, 0) }), KNOBS, false],
  ['unknown whether understood', member('x', { versions: new Uint8Array(0) }), KNOBS, false],
]

for (const [name, x, knobs, tried] of STREAMS) {
  test(`ping by TCP ${name}`, () => {
    const { prober } = world(x, [], knobs)
    prober.advance(0)
    assert.equal(
      prober.advance(500).some(({ type }) => type === 'pingStream'),
      tried,
    )
  })
}

test('a suspect is told of what with its ping', () => {
  const { prober } = world(member('x', { state: 'suspect' }))
  assert.deepEqual(words(prober.advance(0)), ['ping x suspect 3'])
})

test('every other turn goes to the suspect whose time is short', () => {
  const made = world(member('x'), [member('a', { state: 'suspect' }), member('b'), member('c')])
  made.endangered = 'a'
  const turns = Array.from({ length: 6 }, (_, turn) => {
    const begun = made.prober.advance(turn * 1_000)
    made.prober.ack(sequenceOf(begun))
    return words(begun)[0]?.startsWith('ping a')
  })
  assert.deepEqual([turns[1], turns[3], turns[5]], [true, true, true])
  assert.ok(turns.includes(false))
})

test('a probe whose answer we could not hear has no verdict', () => {
  const { prober, awareness } = world(member('x'))
  prober.advance(0)
  prober.advance(500)
  prober.abandon(60_000)
  assert.equal(prober.nextMs, 60_000)
  assert.deepEqual(words(prober.advance(60_000)), ['ping x'])
  assert.equal(awareness.score, 0)
})

test('late as it may be, a probe goes through all its stages before the verdict', () => {
  const { prober } = world(member('x'), [member('a')])
  prober.advance(0)
  const late = words(prober.advance(10_000))
  assert.deepEqual(late.slice(0, 2), ['ask a', 'accuse x'])
})

test('with nobody to probe it looks again after an interval', () => {
  const { prober } = world(null)
  assert.deepEqual(prober.advance(0), [])
  assert.equal(prober.nextMs, 1_000)
})

test('a timeout longer than the interval leaves the verdict at the interval’s end', () => {
  const { prober } = world(member('x'), [member('a')], { ...KNOBS, probeTimeoutMs: 9_000 })
  prober.advance(0)
  assert.equal(prober.nextMs, 1_000)
  assert.deepEqual(words(prober.advance(1_000)).slice(0, 2), ['ask a', 'accuse x'])
})

test('sequence numbers go round', () => {
  const members = new Members(member('self'))
  const table = { members, awareness: new Awareness(8), random: () => 0.999_999_999_9, mostEndangered: () => undefined }
  const prober = new Prober(table, KNOBS, 0)
  assert.deepEqual([prober.nextSequence(), prober.nextSequence()], [0, 1])
})
