// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readJson } from './json.ts'

const ITEMS: readonly (readonly [string, string, string[]])[] = [
  ['no list', '{"kind": "Service"}', []],
  ['an empty list', '{"items": [ ]}', []],
  [
    'items between other fields',
    '{"a": [1, 2], "items": [ {"x": [3]},\n {"y": "}],{"} ], "b": [4]}',
    ['{"x": [3]}', '{"y": "}],{"} '],
  ],
  ['items that are no objects', '{"items": [1, "a,b", null]}', ['1', '"a,b"', 'null']],
  ['items of a part are not those of the list', '{"spec": {"items": [1]}}', []],
  ['a value that is called items', '{"x": "items", "y": [1]}', []],
  ['the last of two, as the last counts', '{"items": [1], "items": [2, 3]}', ['2', '3']],
  ['escaped quotes', String.raw`{"a\"": "\\", "items": ["\"],", "\\"]}`, [String.raw`"\"],"`, String.raw`"\\"`]],
]
for (const [name, text, expected] of ITEMS) {
  test(`where items stand: ${name}`, () => {
    const reading = readJson(text)
    assert(reading.ok)
    assert.deepEqual(reading.value, JSON.parse(text))
    assert.deepEqual(
      reading.items.map(({ start, end }) => text.slice(start, end)),
      expected,
    )
  })
}

const FLAWS: readonly (readonly [string, string, string, number])[] = [
  ['a text that ends early', '{"a": ', 'notJson', 6],
  ['a comma too many', '{"a": 1,}', 'notJson', 8],
  ['a string that stays open', '{"a": "x', 'notJson', 8],
  ['1,000 levels', '{"a":'.repeat(1000), 'tooDeep', 500],
  ['a million brackets', `{"items": ${'['.repeat(1_000_000)}`, 'tooDeep', 109],
]
for (const [name, text, code, offset] of FLAWS) {
  test(`${name}: ${code}`, () => {
    const reading = readJson(text)
    assert(!reading.ok)
    assert.deepEqual([reading.flaw.code, reading.flaw.offset], [code, offset])
    assert.doesNotMatch(reading.flaw.message, /position|line \d/)
  })
}

test('__proto__ is a key like any other', () => {
  const reading = readJson('{"__proto__": {"polluted": true}}')
  assert(reading.ok)
  assert.equal(Object.getPrototypeOf(reading.value), Object.prototype)
})

const REPEATED: readonly (readonly [string, string, readonly number[]])[] = [
  ['none', '{"a": {"b": 1}, "c": {"b": 1}}', []],
  ['one', '{"a": 1, "a": 2}', [9]],
  ['in an object of a list', '{"a": [1, "a", {"b": 1, "b": 2}], "c": "a"}', [24]],
  ['written otherwise', String.raw`{"a": 1, "\u0061": 2}`, [9]],
  ['thrice', '{"a": 1, "a": 2, "a": 3}', [9, 17]],
]
for (const [name, text, offsets] of REPEATED) {
  test(`keys that stand twice: ${name}`, () => {
    const reading = readJson(text)
    assert(reading.ok)
    assert.deepEqual(
      reading.flaws.map(({ code, severity, offset }) => [code, severity, offset]),
      offsets.map((offset) => ['duplicateKey', 'warning', offset]),
    )
  })
}
