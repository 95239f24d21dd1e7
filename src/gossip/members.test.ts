// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MEMBERLIST_VERSIONS, type Member } from './member.ts'
import { Members, MOST_MEMBERS, pushPullEveryMs } from './members.ts'

function member(name: string, state: Member['state'] = 'alive', sinceMs = 0): Member {
  const address = Uint8Array.of(10, 0, 0, 1)
  const bytes = { address, meta: new Uint8Array(0), versions: MEMBERLIST_VERSIONS }
  return { name, port: 7946, state, incarnation: 1, sinceMs, ...bytes }
}

function tableOf(...members: readonly Member[]): Members {
  const table = new Members(member('self'))
  for (const one of members) assert.ok(table.add(one, chances()))
  return table
}

/** A sequence of chances that is always the same. */
function chances(seed = 7): () => number {
  let state = seed
  return () => {
    state = (state * 16_807) % 2_147_483_647
    return state / 2_147_483_647
  }
}

test('a round probes each living one once, not ourselves, not the dead; the next one in another order', () => {
  const names = Array.from({ length: 20 }, (_, index) => `m${index}`)
  const table = tableOf(...names.map((name) => member(name)), member('dead', 'dead'), member('left', 'left'))
  const random = chances()
  const round = (): string[] => names.map(() => table.nextToProbe(-1, random)?.name ?? '')
  const [first, second] = [round(), round()]
  assert.deepEqual(first.toSorted(), names.toSorted())
  assert.deepEqual(second.toSorted(), names.toSorted())
  assert.notDeepEqual(first, second)
})

test('with nobody else there is nobody to probe', () => {
  assert.equal(tableOf().nextToProbe(0, chances()), null)
  assert.equal(tableOf(member('dead', 'dead')).nextToProbe(-1, chances()), null)
})

test('at the end of a round those dead for long are forgotten; then there is room for their name', () => {
  const table = tableOf(
    member('a'),
    member('dead', 'dead', 100),
    member('left', 'left', 300),
    member('suspect', 'suspect', 0),
  )
  const random = chances()
  for (let i = 0; i < 6; i++) table.nextToProbe(200, random)
  assert.deepEqual(
    table
      .all()
      .map(({ name }) => name)
      .toSorted(),
    ['a', 'left', 'self', 'suspect'],
  )
  assert.equal(table.get('dead'), undefined)
  assert.equal(table.get('a')?.name, 'a')
  assert.ok(table.add(member('dead'), random))
})

test('who joins comes to a random place of the round', () => {
  const places = new Set<number>()
  const random = chances()
  for (let run = 0; run < 50; run++) {
    const table = tableOf(...['a', 'b', 'c', 'd'].map((name) => member(name)))
    table.add(member('new'), random)
    places.add(table.all().findIndex(({ name }) => name === 'new'))
  }
  assert.ok(places.size >= 4)
})

test('a name is there once, and there is an end of names', () => {
  const table = tableOf(member('a'))
  assert.equal(table.add(member('a'), chances()), false)
  for (let i = table.size; i < MOST_MEMBERS; i++) table.add(member(`n${i}`), chances())
  assert.equal(table.add(member('one too many'), chances()), false)
  assert.equal(table.size, MOST_MEMBERS)
})

for (const [size, count] of [
  [2, 3],
  [5, 3],
  [40, 3],
  [40, 64],
] as const) {
  test(`of ${size} others up to ${count} are picked, each one at times, none twice`, () => {
    const table = tableOf(...Array.from({ length: size }, (_, index) => member(`m${index}`)), member('dead', 'dead'))
    const random = chances()
    const seen = new Set<string>()
    for (let run = 0; run < 200; run++) {
      const picked = table.pick(count, random, ({ state }) => state === 'alive').map(({ name }) => name)
      assert.equal(new Set(picked).size, Math.min(size, count))
      for (const name of picked) seen.add(name)
    }
    assert.equal(seen.size, size)
    assert.ok(!seen.has('self') && !seen.has('dead'))
  })
}

test('larger rings exchange all they know less often', () => {
  const every = [2, 32, 33, 64, 65, 128, 1_000].map((size) => pushPullEveryMs(30_000, size) / 30_000)
  assert.deepEqual(every, [1, 1, 2, 2, 3, 3, 6])
})
