// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EVERYTHING, matches, matchesAny, type Requirement } from './selector.ts'

const LABELS = { zone: 'a', empty: '' }
const is = (key: string, operator: Requirement['operator'], ...values: string[]): Requirement => ({
  key,
  operator,
  values,
})

const CASES: readonly (readonly [string, readonly Requirement[], boolean])[] = [
  ['nothing required', [], true],
  ['one of the values', [is('zone', 'In', 'b', 'a')], true],
  ['none of the values', [is('zone', 'In', 'b')], false],
  ['In, but absent', [is('rack', 'In', 'a')], false],
  ['In, inherited', [is('constructor', 'In', 'a')], false],
  ['In, with the empty value', [is('empty', 'In', '')], true],
  ['NotIn', [is('zone', 'NotIn', 'b')], true],
  ['NotIn, but there', [is('zone', 'NotIn', 'a')], false],
  ['NotIn, absent', [is('rack', 'NotIn', 'a')], true],
  ['Exists', [is('empty', 'Exists')], true],
  ['Exists, but absent', [is('rack', 'Exists')], false],
  ['Exists, inherited', [is('toString', 'Exists')], false],
  ['DoesNotExist', [is('rack', 'DoesNotExist')], true],
  ['DoesNotExist, but there', [is('zone', 'DoesNotExist')], false],
  ['all have to hold', [is('zone', 'In', 'a'), is('rack', 'Exists')], false],
]
for (const [name, requirements, expected] of CASES) {
  test(name, () => assert.equal(matches({ requirements }, LABELS), expected))
}

test('of several selectors one is enough, and none at all is no restriction', () => {
  const other = { requirements: [is('zone', 'In', 'b')] }
  assert.equal(matchesAny([], LABELS), true)
  assert.equal(matchesAny([other], LABELS), false)
  assert.equal(matchesAny([other, EVERYTHING], LABELS), true)
})
