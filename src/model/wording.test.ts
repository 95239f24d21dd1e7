// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { alternatives, join, list, quote } from './wording.ts'

const LISTS: readonly (readonly [readonly string[], string])[] = [
  [[], ''],
  [['a'], 'a'],
  [['a', 'b'], 'a and b'],
  [['a', 'b', 'c'], 'a, b and c'],
  [['a', 'b', 'c', 'd', 'e'], 'a, b, c and 2 more'],
]
for (const [names, expected] of LISTS) {
  test(`a list of ${names.length}`, () => assert.equal(list(names), expected))
}

const CLAUSES: readonly (readonly [readonly string[], string, string])[] = [
  [[], '; ', ''],
  [['a, b', 'c'], '; ', 'a, b; c'],
  [['a', 'b', 'c'], ' or ', 'a or b or c'],
  [['a', 'b', 'c', 'd', 'e'], '; ', 'a; b; c; 2 more'],
]
for (const [clauses, joiner, expected] of CLAUSES) {
  test(`${clauses.length} clauses joined by "${joiner}"`, () => assert.equal(join(clauses, joiner), expected))
}

const ALTERNATIVES: readonly (readonly [string, readonly string[], string])[] = [
  ['rotuer-1', ['router-1', 'router-2'], 'did you mean router-1?'],
  ['router1', ['router-1'], 'did you mean router-1?'],
  ['node-1.example.com', ['a', 'b'], 'the peers there are: a and b'],
  ['rotuer-1', ['router-0-x', 'router-1'], 'did you mean router-1?'],
  ['staging-pool', ['testing-pool'], 'the peers there are: testing-pool'],
  ['x', ['y'], 'the peers there are: y'],
  ['x', [], 'there are no peers, create one'],
]
for (const [name, known, expected] of ALTERNATIVES) {
  test(`instead of ${name}, given ${known.join(', ') || 'nothing'}`, () => {
    assert.equal(alternatives(name, known, 'peers'), expected)
  })
}

test("a user's text stays on one line and short", () => {
  assert.equal(quote('a\n"b'), '"a\\n\\"b"')
  assert.ok(quote('x'.repeat(10_000)).length < 70)
})

test('a name stands as it is, and what is too long for one is cut', () => {
  const longest = 'a'.repeat(253)
  assert.equal(list([longest]), longest)
  assert.ok(list(['x'.repeat(10_000), 'b']).length < 80)
})
