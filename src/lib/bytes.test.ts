// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bytesOf, formatMac, fromHex, parseMac, toHex } from './bytes.ts'

const MACS: [string, string | undefined][] = [
  ['02:00:00:00:00:01', '02:00:00:00:00:01'],
  ['AA:bb:0c:DD:ee:ff', 'aa:bb:0c:dd:ee:ff'],
  ['02:00:00:00:00', undefined],
  ['02:00:00:00:00:01:02', undefined],
  ['2:0:0:0:0:1', undefined],
  ['02-00-00-00-00-01', undefined],
  ['', undefined],
]
for (const [text, expected] of MACS) {
  test(`MAC address '${text}' ${expected ? `prints as ${expected}` : 'is refused'}`, () => {
    const mac = parseMac(text)
    assert.equal(mac && formatMac(mac), expected)
  })
}

test('hexadecimal text and bytes', () => {
  assert.deepEqual(fromHex('00 ff 0a'), Uint8Array.of(0, 255, 10))
  assert.equal(toHex(Uint8Array.of(0, 255, 10, 7).subarray(1, 3)), 'ff0a')
})

test('the bytes of part of an array are that part', () => {
  assert.equal(toHex(bytesOf(Uint32Array.of(1, 2, 3).subarray(1, 2))), '02000000')
})
