// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fieldAt, fieldsOf, listAt, textAt } from './unchecked.ts'

const OBJECT: unknown = JSON.parse('{"a": {"b": "text", "c": ["x"], "d": 7, "e": null}, "__proto__": {"b": "own"}}')

const FIELDS: readonly [string, readonly string[], unknown][] = [
  ['nothing asked', [], OBJECT],
  ['a field of a field', ['a', 'b'], 'text'],
  ['a field that is not there', ['a', 'z'], undefined],
  ['a path that goes on behind a text', ['a', 'b', 'length'], undefined],
  ['a path that goes on behind a list', ['a', 'c', '0'], undefined],
  ['a path that goes on behind null', ['a', 'e', 'x'], undefined],
  ['a name of Object.prototype that is not its own', ['a', 'toString'], undefined],
  ['__proto__ as a field of its own', ['__proto__', 'b'], 'own'],
]
for (const [name, path, expected] of FIELDS) {
  test(`field: ${name}`, () => assert.deepEqual(fieldAt(OBJECT, ...path), expected))
}

test('what is of another type counts as absent', () => {
  assert.equal(textAt(OBJECT, 'a', 'b'), 'text')
  assert.equal(textAt(OBJECT, 'a', 'd'), '')
  assert.deepEqual(listAt(OBJECT, 'a', 'c'), ['x'])
  assert.deepEqual(listAt(OBJECT, 'a', 'b'), [])
  for (const none of [null, undefined, 'text', 7, ['x']]) assert.deepEqual(fieldsOf(none), {})
})
