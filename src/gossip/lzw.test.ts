// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { LZW, LZW_DIGESTS, lcgBytes } from '../../test/fuzz/gossip-vectors.ts'
import { fromHex, toHex } from '../lib/bytes.ts'
import { compress, decompress } from './lzw.ts'

const INPUTS: Readonly<Record<string, Uint8Array>> = {
  nothing: new Uint8Array(0),
  'one byte': Buffer.from('a'),
  '100 times a': Buffer.alloc(100, 'a'),
  'all bytes': Uint8Array.from({ length: 256 }, (_, index) => index),
}

for (const [name, hex] of LZW) {
  test(`${name}: as Go compresses it, and back; truncated at every byte`, () => {
    const input = INPUTS[name]
    assert(input)
    const compressed = fromHex(hex)
    assert.equal(toHex(compress(input)), hex)
    assert.deepEqual(plain(compressed), Uint8Array.from(input))
    for (let length = 0; length < compressed.length - 1; length++) {
      assert.deepEqual(decompress(compressed.subarray(0, length), 1e6), { malformed: 'badCompression' })
    }
  })
}

function plain(compressed: Uint8Array): Uint8Array {
  const bytes = decompress(compressed, 2 ** 24)
  assert(bytes instanceof Uint8Array, JSON.stringify(bytes))
  return Uint8Array.from(bytes)
}

for (const [count, modulus, bytes, digest] of LZW_DIGESTS) {
  test(`${count} bytes of ${modulus} kinds: as Go compresses them, and back`, () => {
    const input = lcgBytes(count, modulus)
    const compressed = compress(input)
    assert.equal(compressed.length, bytes)
    assert.equal(createHash('sha256').update(compressed).digest('hex').slice(0, 16), digest)
    assert.deepEqual(plain(compressed), input)
  })
}

/** Codes of 9 bits, least significant bit first. */
function codes(...list: readonly number[]): Uint8Array {
  const bits = list.flatMap((code) => Array.from({ length: 9 }, (_, bit) => (code >> bit) & 1))
  const bytes = new Uint8Array(Math.ceil(bits.length / 8))
  for (const [at, bit] of bits.entries()) bytes[at >> 3] = (bytes[at >> 3] ?? 0) | (bit << (at & 7))
  return bytes
}

const BAD = { malformed: 'badCompression' }
const CASES: readonly (readonly [string, Uint8Array, string | object])[] = [
  ['no clear code at the beginning', codes(97, 98, 257), 'ab'],
  ['bytes behind the end', Buffer.concat([codes(97, 257), Buffer.from('more')]), 'a'],
  ['an entry that is just being made', codes(256, 97, 258, 257), 'aaa'],
  ['a table that is forgotten', codes(256, 97, 98, 256, 99, 257), 'abc'],
  ['an entry before there is one', codes(256, 258, 257), BAD],
  ['an entry of before the table was forgotten', codes(256, 97, 98, 99, 256, 97, 259, 257), BAD],
  ['an entry that is not made yet', codes(256, 97, 259, 257), BAD],
  ['no end', codes(256, 97), BAD],
]
for (const [name, bytes, expected] of CASES) {
  test(name, () => {
    const got = decompress(bytes, 100)
    assert.deepEqual(got instanceof Uint8Array ? Buffer.from(got).toString() : got, expected)
  })
}

test('a full table is kept until it is told to be forgotten', () => {
  // 97, and 5,000 times the code of 9 to 12 bits for a byte: Go's writer would have cleared at 4,095.
  const bits: number[] = []
  let [width, next] = [9, 257]
  const put = (code: number): void => {
    for (let bit = 0; bit < width; bit++) bits.push((code >> bit) & 1)
    if (++next === 1 << width && width < 12) width++
    if (next === 4096) next--
  }
  for (let index = 0; index < 5000; index++) put(97 + (index % 20))
  // The end is no entry.
  for (let bit = 0; bit < width; bit++) bits.push((257 >> bit) & 1)
  const bytes = new Uint8Array(Math.ceil(bits.length / 8))
  for (const [at, bit] of bits.entries()) bytes[at >> 3] = (bytes[at >> 3] ?? 0) | (bit << (at & 7))
  assert.deepEqual(
    plain(bytes),
    Uint8Array.from({ length: 5000 }, (_, index) => 97 + (index % 20)),
  )
})

test('an LZW bomb ends at the limit', () => {
  const bomb = compress(new Uint8Array(2 ** 23))
  assert(bomb.length < 10_000)
  assert.deepEqual(decompress(bomb, 65_536), { malformed: 'tooLarge' })
  assert.deepEqual(decompress(bomb, 2 ** 23 - 1), { malformed: 'tooLarge' })
  assert.equal(plain(bomb).length, 2 ** 23)
})
