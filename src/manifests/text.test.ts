// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeText, Lines } from './text.ts'

const bytes = (...parts: readonly (string | number)[]): Uint8Array =>
  Buffer.concat(parts.map((part) => (typeof part === 'number' ? Buffer.of(part) : Buffer.from(part))))

const READ: readonly (readonly [string, Uint8Array, string])[] = [
  ['plain text', bytes('a: é\n'), 'a: é\n'],
  ['a byte order mark, which is dropped', bytes(0xef, 0xbb, 0xbf, 'a: 1'), 'a: 1'],
  ['a replacement character that was written on purpose', bytes('a: \ufffd'), 'a: \ufffd'],
]
for (const [name, input, text] of READ) test(name, () => assert.deepEqual(decodeText(input), { ok: true, text }))

const REFUSED: readonly (readonly [string, Uint8Array, number, RegExp])[] = [
  ['UTF-16, little end first', bytes(0xff, 0xfe, 'a', 0), 0, /UTF-16; save it as UTF-8/],
  ['UTF-16, big end first', bytes(0xfe, 0xff, 0, 'a'), 0, /UTF-16; save it as UTF-8/],
  ['Latin-1', bytes('a: caf', 0xe9, '\n'), 6, /not UTF-8/],
  ['a character cut in two', bytes('a: ', 0xe2, 0x82), 3, /not UTF-8/],
  ['a surrogate', bytes('a: ', 0xed, 0xa0, 0x80), 3, /not UTF-8/],
  ['NUL', bytes('a: b', 0, 'c'), 4, /U\+0000/],
  ['an escape sequence', bytes('a: \u001b[1m'), 3, /U\+001B/],
]
for (const [name, input, offset, message] of REFUSED) {
  test(`${name} is refused`, () => {
    const decoded = decodeText(input)
    assert(!decoded.ok)
    assert.deepEqual([decoded.flaw.code, decoded.flaw.offset], ['notText', offset])
    assert.match(decoded.flaw.message, message)
  })
}

test('lines and columns count from 1', () => {
  const lines = new Lines('ab\n\ncd')
  assert.deepEqual(
    [0, 1, 2, 3, 4, 5, 6].map((offset) => Object.values(lines.at(offset))),
    [
      [1, 1],
      [1, 2],
      [1, 3],
      [2, 1],
      [3, 1],
      [3, 2],
      [3, 3],
    ],
  )
})
