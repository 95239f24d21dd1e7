// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import { fromHex, toHex } from '../lib/bytes.ts'
import { tagger } from './tag.ts'

const key = fromHex('000102030405060708090a0b0c0d0e0f')
const packet = fromHex('20c00318 01020304 0a0b0c0d 000493e0 000493e0 00000000')

test('the tag is the beginning of an HMAC with a key made for this purpose only', () => {
  const derived = createHmac('sha256', key).update('metallb-ts speaker watch, tag of BFD packets, 1').digest()
  const expected = createHmac('sha256', derived).update(packet).digest().subarray(0, 8)
  assert.equal(toHex(tagger(key).seal(packet)), toHex(packet) + toHex(expected))
})

const sealed = tagger(key).seal(packet)
const flipped = (at: number): Uint8Array => sealed.map((byte, index) => (index === at ? byte ^ 1 : byte))
const CASES: [string, Uint8Array, boolean][] = [
  ['as sealed', sealed, true],
  ['without a tag', packet, false],
  ['with a tag of another key', tagger(fromHex('ff')).seal(packet), false],
  [
    'with the tag of the ring key itself',
    Uint8Array.of(...packet, ...createHmac('sha256', key).update(packet).digest().subarray(0, 8)),
    false,
  ],
  ['with a bit of the packet changed', flipped(1), false],
  ['with a bit of the tag changed', flipped(31), false],
  ['with a byte more', Uint8Array.of(...sealed, 0), false],
]
for (const [name, bytes, isGood] of CASES) {
  test(`${name}: ${isGood ? 'opened' : 'refused'}`, () => {
    const opened = tagger(key).open(bytes)
    assert.equal(opened && toHex(opened), isGood ? toHex(packet) : null)
  })
}

test('cut short at any byte it is refused', () => {
  for (let length = 0; length < sealed.length; length++) {
    assert.equal(tagger(key).open(sealed.subarray(0, length)), null)
  }
})

test('without a key there are no tags', () => {
  const plain = tagger(null)
  assert.equal(toHex(plain.seal(packet)), toHex(packet))
  assert.equal(toHex(plain.open(packet) ?? new Uint8Array()), toHex(packet))
})
