// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as der from './der.ts'

/** [name, what is written, hex]; X.690 examples where the clause is named, else worked out by its rules. */
const WRITTEN: readonly (readonly [string, Buffer, string])[] = [
  ['integer 0', der.integer(Buffer.from([0])), '02 01 00'],
  ['integer 127', der.integer(Buffer.from([127])), '02 01 7f'],
  ['integer 128 is not negative (§8.3)', der.integer(Buffer.from([128])), '02 02 00 80'],
  ['integer without leading zeros', der.integer(Buffer.from([0, 0, 1, 0])), '02 02 01 00'],
  ['true (§11.1)', der.boolean(true), '01 01 ff'],
  ['null', der.nothing(), '05 00'],
  ['octets of nothing', der.octets(Buffer.from([])), '04 00'],
  ['bits (§8.6.4.2)', der.bits(Buffer.from('0a3b5f291cd0', 'hex'), 4), '03 07 04 0a 3b 5f 29 1c d0'],
  ['oid (§8.19.5)', der.oid('2.999.3'), '06 03 88 37 03'],
  ['oid of subjectAltName', der.oid('2.5.29.17'), '06 03 55 1d 11'],
  ['oid with three bytes for one arc', der.oid('1.2.840.113549'), '06 06 2a 86 48 86 f7 0d'],
  ['printable', der.printable('Jones'), '13 05 4a 6f 6e 65 73'],
  ['explicit', der.explicit(0, der.nothing()), 'a0 02 05 00'],
  ['implicit', der.implicit(2, Buffer.from('a')), '82 01 61'],
  ['a set in a sequence', der.sequence(der.set()), '30 02 31 00'],
  ['time in 2049', der.time(Date.UTC(2049, 11, 31, 23, 59, 59, 999)), '17 0d 34 39 31 32 33 31 32 33 35 39 35 39 5a'],
  ['time in 2050', der.time(Date.UTC(2050, 0, 1)), '18 0f 32 30 35 30 30 31 30 31 30 30 30 30 30 30 5a'],
]
for (const [name, written, hex] of WRITTEN) {
  test(`DER: ${name}`, () => assert.equal(written.toString('hex'), hex.replaceAll(' ', '')))
}

/** [length of the content, the bytes before it] */
const LENGTHS: readonly (readonly [number, string])[] = [
  [127, '047f'],
  [128, '048180'],
  [255, '0481ff'],
  [256, '04820100'],
  [65_536, '0483010000'],
]
for (const [length, head] of LENGTHS) {
  test(`DER: ${length} octets are written and read`, () => {
    const written = der.octets(Buffer.alloc(length, 7))
    assert.equal(written.subarray(0, head.length / 2).toString('hex'), head)
    assert.deepEqual(der.elements(Buffer.concat([written, der.nothing()])), [
      { tag: 4, whole: written, content: Buffer.alloc(length, 7) },
      { tag: 5, whole: der.nothing(), content: Buffer.of() },
    ])
  })
}
