// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromHex, toHex } from '../lib/bytes.ts'
import { Packer, type Scalar, unpackMap, Walk } from './msgpack.ts'

/** The value of the field `a` of a map of one. */
const VALUES: readonly (readonly [string, string, Scalar])[] = [
  ['0', '00', 0],
  ['127', '7f', 127],
  ['128 unsigned', 'cc80', 128],
  ['65,535 unsigned', 'cdffff', 65_535],
  ['the largest of 4 bytes', 'ceffffffff', 4_294_967_295],
  ['of 8 bytes', 'cf0000000100000000', 4_294_967_296],
  ['−1', 'ff', -1],
  ['−32', 'e0', -32],
  ['−128', 'd080', -128],
  ['127 signed', 'd07f', 127],
  ['128 signed', 'd10080', 128],
  ['−1 of 2 bytes', 'd1ffff', -1],
  ['40,000 signed', 'd200009c40', 40_000],
  ['−2⁶³', 'd38000000000000000', -(2 ** 63)],
  ['the largest of 8 bytes', 'cfffffffffffffffff', 2 ** 64],
  ['−1 of 8 bytes', 'd3ffffffffffffffff', -1],
  ['nothing', 'c0', null],
  ['false', 'c2', false],
  ['true', 'c3', true],
  ['raw', 'a26162', fromHex('6162')],
  ['raw 16', 'da00026162', fromHex('6162')],
  ['raw 32', 'db000000026162', fromHex('6162')],
  ['text 8', 'd9026162', fromHex('6162')],
  ['bin 8, 16, 32', 'c4026162', fromHex('6162')],
  ['bin 16', 'c500026162', fromHex('6162')],
  ['bin 32', 'c6000000026162', fromHex('6162')],
  ['raw that is no text', 'a2fffe', fromHex('fffe')],
  ['a float', 'ca3f800000', undefined],
  ['a double', 'cb3ff0000000000000', undefined],
  ['an array', '93010203', undefined],
  ['an array of arrays', '9292010201', undefined],
  ['a map', '81a16101', undefined],
  ['an array of 2 bytes of count', 'dc000101', undefined],
  ['a map of 4 bytes of count', 'df000000010102', undefined],
  ['an extension of 1', 'd405ff', undefined],
  ['an extension of 16', `d805${'00'.repeat(16)}`, undefined],
  ['an extension 8', 'c7030501 0203', undefined],
  ['an extension of nothing', 'c70005', undefined],
]
for (const [name, hex, value] of VALUES) {
  test(`a field that is ${name}, and truncated at every byte`, () => {
    const bytes = fromHex(`82a161${hex}a16207`)
    const unpacked = unpackMap(bytes, 0)
    assert(typeof unpacked === 'object')
    assert.deepEqual(
      [...unpacked.fields],
      [
        ['a', value],
        ['b', 7],
      ],
    )
    assert.equal(unpacked.end, bytes.length)
    for (let length = 0; length < bytes.length; length++) {
      assert.equal(unpackMap(bytes.subarray(0, length), 0), 'truncated')
    }
  })
}

const FIELDS_65 = `de0041${Array.from({ length: 65 }, (_, i) => `a2${(0x4040 + i).toString(16)}00`).join('')}`
const MAPS: readonly (readonly [string, string, [string, Scalar][] | string])[] = [
  ['of nothing', '80', []],
  ['with a count of 2 bytes', 'de0001a16101', [['a', 1]]],
  ['with a count of 4 bytes', 'df00000001a16101', [['a', 1]]],
  ['with a name of new text', '81d9016101', [['a', 1]]],
  ['with one name twice', '82a16101a16102', [['a', 2]]],
  ['with an empty name', '81a001', [['', 1]]],
  ['whose name is a number', '810101', 'notMsgpack'],
  ['whose name is an array', '81900101', 'notMsgpack'],
  ['whose value has no tag', '81a161c1', 'notMsgpack'],
  ['with no tag deep inside', '81a16191 91c1', 'notMsgpack'],
  ['of 65 fields', FIELDS_65, 'notMsgpack'],
  ['that counts 4 billion fields', 'dfffffffff', 'notMsgpack'],
  ['that is an array', '9107', 'notMsgpack'],
  ['that is nothing', 'c0', 'notMsgpack'],
  ['with an array of 4 billion', '81a161ddffffffff', 'truncated'],
  ['with raw of 4 GiB', '81a161dbffffffff', 'truncated'],
]
for (const [name, hex, expected] of MAPS) {
  test(`a map ${name}`, () => {
    const unpacked = unpackMap(fromHex(hex), 0)
    assert.deepEqual(typeof unpacked === 'object' ? [...unpacked.fields] : unpacked, expected)
  })
}

test('a hundred thousand arrays in each other are walked over', () => {
  const bytes = Buffer.concat([fromHex('81a161'), Buffer.alloc(100_000, 0x91), fromHex('00')])
  const unpacked = unpackMap(bytes, 0)
  assert(typeof unpacked === 'object')
  assert.equal(unpacked.end, bytes.length)
})

test('a walk finds the end while bytes come in, and not further than its limit', () => {
  const bytes = fromHex('82a161cd1234a1629301a2626203 07')
  const walk = new Walk(0, 2, 100)
  for (let length = 0; length < bytes.length; length++) {
    assert.equal(walk.advance(bytes.subarray(0, length)), 'more')
  }
  assert.equal(walk.advance(bytes), 'done')
  assert.equal(walk.at, bytes.length)
  assert.equal(new Walk(0, 2, bytes.length - 1).advance(bytes), 'tooLarge')
  assert.equal(new Walk(0, 1, 100).advance(fromHex('dd00000064')), 'tooLarge', 'a count alone says that it is too much')
})

const WRITTEN: readonly (readonly [string, (packer: Packer) => Packer, string])[] = [
  ['unsigned', (p) => p.unsigned(0).unsigned(127).unsigned(128).unsigned(255), '007fcc80ccff'],
  ['unsigned, longer', (p) => p.unsigned(256).unsigned(65_536).unsigned(4_294_967_295), 'cd0100ce00010000ceffffffff'],
  ['signed', (p) => p.signed(127).signed(128).signed(255), '7fd10080d100ff'],
  ['signed, longer', (p) => p.signed(32_767).signed(32_768).signed(70_000), 'd17fffd200008000d200011170'],
  ['raw', (p) => p.text('').text('ab').rawOrNothing(fromHex('')).rawOrNothing(fromHex('01')), 'a0a26162c0a101'],
  ['raw of 31', (p) => p.raw(new Uint8Array(31)), `bf${'00'.repeat(31)}`],
  ['raw of 32', (p) => p.raw(new Uint8Array(32)), `da0020${'00'.repeat(32)}`],
  ['raw of 65,536', (p) => p.raw(new Uint8Array(65_536)), `db00010000${'00'.repeat(65_536)}`],
  ['text that is not ASCII', (p) => p.text('é'), 'a2c3a9'],
  ['a map', (p) => p.map(2).boolean(true).boolean(false), '82c3c2'],
]
for (const [name, write, hex] of WRITTEN) {
  test(`writes ${name}`, () => {
    assert.equal(toHex(write(new Packer()).finish()), hex)
  })
}
