// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromHex } from '../lib/bytes.ts'
import { readSyn, type Syn } from './bgp-tcp-syn.ts'

const hex = (text: string) => fromHex(text.replaceAll(/\s/g, ''))

const IPV4 = '45c0 0040 0000 4000 ff06 3cb6 7f000001 7f000001'
const IPV4_LONG = '46c0 0044 0000 4000 fe06 3cb6 7f000001 7f000001 94040000'
const IPV6 = `60000000 002c 06 01 ${'20010db8000000000000000000000001'.repeat(2)}`
const tcp = (words: string) => `b0c4 00b3 00000001 00000000 ${words}02 faf0 0000 0000`
const MSS = '0204ffd7'
const SIGNED = `0101 1312 ${'ab'.repeat(16)}`

const HEADERS: readonly (readonly [string, string, Syn | null])[] = [
  ['IPv4 without options', `${IPV4} ${tcp('50')}`, { ttl: 255, isSigned: false }],
  ['IPv4, not signed', `${IPV4} ${tcp('60')} ${MSS}`, { ttl: 255, isSigned: false }],
  ['IPv4, signed', `${IPV4} ${tcp('a0')} ${SIGNED}`, { ttl: 255, isSigned: true }],
  ['IPv4 with options, signed', `${IPV4_LONG} ${tcp('b0')} ${MSS} ${SIGNED}`, { ttl: 254, isSigned: true }],
  ['IPv6, signed', `${IPV6} ${tcp('a0')} ${SIGNED}`, { ttl: 1, isSigned: true }],
  ['IPv6, not signed', `${IPV6} ${tcp('60')} ${MSS}`, { ttl: 1, isSigned: false }],
  ['the signature behind the end of options', `${IPV4} ${tcp('b0')} 00000000 ${SIGNED}`, { ttl: 255, isSigned: false }],
  ['a signature of another length', `${IPV4} ${tcp('60')} 13040000`, { ttl: 255, isSigned: false }],
  ['an option without length', `${IPV4} ${tcp('60')} 01010102`, { ttl: 255, isSigned: false }],
  ['an option of length 0', `${IPV4} ${tcp('60')} 02000000`, { ttl: 255, isSigned: false }],
  ['UDP', `${IPV4.replace('ff06', 'ff11')} ${tcp('50')}`, null],
  ['IPv6 with an extension header', `${IPV6.replace(' 06 ', ' 00 ')} ${tcp('50')}`, null],
  ['an IPv4 header that says it is too short', `${IPV4.replace('45c0', '44c0')} ${tcp('50')}`, null],
  ['a TCP header that says it is too short', `${IPV4} ${tcp('40')}`, null],
  ['a TCP header that says it is longer', `${IPV4} ${tcp('60')}`, null],
  ['another version', `70${IPV4.slice(2)} ${tcp('50')}`, null],
  ['nothing', '', null],
]
for (const [name, text, expected] of HEADERS) {
  test(name, () => {
    const bytes = hex(text)
    assert.deepEqual(readSyn(bytes), expected)
    for (let length = 0; length < bytes.length; length++)
      assert.equal(readSyn(bytes.subarray(0, length)), null, `${length}`)
  })
}

test('any bytes give a value', () => {
  const vectors = HEADERS.map(([, text]) => hex(text)).filter(({ length }) => length > 0)
  let state = 1
  const random = (below: number) => (state = (state * 48_271) % 2_147_483_647) % below
  for (let round = 0; round < 20_000; round++) {
    const bytes = vectors[round % vectors.length]?.slice() ?? new Uint8Array()
    for (let i = random(4); i >= 0; i--) bytes[random(bytes.length)] = random(256)
    const syn = readSyn(bytes)
    if (syn) assert.ok(syn.ttl >= 0 && syn.ttl < 256)
  }
})
