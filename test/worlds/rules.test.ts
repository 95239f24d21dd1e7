// SPDX-License-Identifier: Apache-2.0
/** Every rule has a world that shows it, and a mutant of the code that breaks the rule is caught by such a world. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Arena, mutate } from './mutants.ts'
import type { Mutant } from './rule.ts'
import { outcomeOf, partOf } from './rule-outcome.ts'
import { readWorld, worldNames } from './rule-worlds.ts'
import { RULES } from './rules.ts'
import { ELSEWHERE } from './rules-elsewhere.ts'

const WORLDS = worldNames().map(readWorld)
const worldsOf = (id: string) => WORLDS.filter(({ rules }) => rules.includes(id)).map(({ name }) => name)
/** As many as there are cores to count on. */
const HUNTERS = 2

test('each rule has an id of its own', () => {
  const ids = RULES.map(({ id }) => id)
  assert.deepEqual(
    ids.filter((id, at) => ids.indexOf(id) !== at),
    [],
  )
})

test('a rule that nothing here can show is said with the reason, and is no rule that has a world', () => {
  const elsewhere = ELSEWHERE.map(({ id }) => id)
  const shown = new Set(RULES.map(({ id }) => id))
  assert.deepEqual(
    elsewhere.filter((id, at) => shown.has(id) || elsewhere.indexOf(id) !== at),
    [],
  )
  assert.deepEqual(
    ELSEWHERE.filter(({ says, why }) => says === '' || why === ''),
    [],
  )
})

test('every rule has a world', () => {
  assert.deepEqual(
    RULES.map(({ id }) => id).filter((id) => worldsOf(id).length === 0),
    [],
  )
})

test('worlds show rules that there are', () => {
  const ids = new Set(RULES.map(({ id }) => id))
  const unknown = WORLDS.flatMap(({ name, rules }) => rules.filter((id) => !ids.has(id)).map((id) => `${name}: ${id}`))
  assert.deepEqual(unknown, [])
  assert.deepEqual(
    WORLDS.filter(({ rules }) => rules.length === 0),
    [],
  )
})

describe('what comes of a world', () => {
  for (const world of WORLDS) {
    test(world.name, async () => {
      assert.deepEqual(partOf(await outcomeOf(world), world.expected), world.expected)
    })
  }
})

test('a mutant must stand where it says, once', () => {
  const mutant = { file: 'a.ts', find: 'one', replace: 'two' }
  assert.equal(mutate('this one', mutant), 'this two')
  assert.throws(() => mutate('none at all, none', mutant), /2 times, not once/)
  assert.throws(() => mutate('nothing', mutant), /0 times, not once/)
})

describe('the hunt', () => {
  const mutant = { file: 'src/ipam/room.ts', find: 'export class Room {', replace: 'export class Room {' }

  test('does not catch what changes nothing', async () => {
    assert.equal(await hunted(mutant), null)
  })

  test('catches what ends in a failed assertion', async () => {
    assert.equal(await hunted({ ...mutant, find: 'this.#free.take(position)', replace: '' }), 'deleted')
  })

  test('takes a mutant that is no program for a mistake in its row', async () => {
    await assert.rejects(hunted({ ...mutant, replace: 'export class {' }), /SyntaxError/)
  })
})

describe('a world catches the mutant that breaks', { concurrency: HUNTERS }, () => {
  const idle: Arena[] = []
  before(async () => {
    for (let opened = 0; opened < HUNTERS; opened++) idle.push(await Arena.open())
  })
  after(() => Promise.all(idle.map((arena) => arena.close())))

  for (const { id, says, mutant } of RULES) {
    test(`${id}: ${says}`, async () => {
      const arena = idle.pop()
      assert(arena, 'there is an arena for each test that runs at once')
      try {
        assert.notEqual(await arena.hunt(mutant, worldsOf(id)), null, `${worldsOf(id).join(', ')} did not notice`)
      } finally {
        idle.push(arena)
      }
    })
  }
})

async function hunted(prey: Mutant): Promise<string | null> {
  const arena = await Arena.open()
  try {
    return await arena.hunt(prey, ['deleted'])
  } finally {
    await arena.close()
  }
}
