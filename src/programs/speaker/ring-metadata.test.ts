// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { fromHex, toHex } from '../../lib/bytes.ts'
import { type GateKey, gateKey } from '../../plan/gate.ts'
import { decodeMetadata, encodeMetadata, METADATA_BYTES, type Metadata, passes } from './ring-metadata.ts'

const BARE: Metadata = {
  announces: false,
  version: '',
  watchPort: 0,
  gates: { passed: 'only', listed: new Set() },
  lacking: new Set(),
  macs: [],
}
const gates = (...keys: GateKey[]): Metadata['gates'] => ({ passed: 'only', listed: new Set(keys) })

const VECTORS: [string, Partial<Metadata>, string][] = [
  ['nothing to say', {}, '4d6201 01 0001 00 03 0002 0000'],
  ['it announces', { announces: true }, '4d6201 01 0001 01 03 0002 0000'],
  ['a version', { version: '0.2.0' }, '4d6201 01 0001 00 02 0005 302e322e30 03 0002 0000'],
  ['a watch port', { watchPort: 7947 }, '4d6201 01 0001 00 03 0002 1f0b'],
  ['gates', { gates: gates('8080/', '32100/healthz') }, '4d6201 01 0001 00 03 0002 0000 04 0006 7d6401 1f9000'],
  [
    'all gates but one',
    { gates: { passed: 'all but', listed: new Set(['8080/']) } },
    '4d6201 01 0001 02 03 0002 0000 04 0003 1f9000',
  ],
  ['interfaces', { lacking: new Set(['eth1', 'b']) }, '4d6201 01 0001 00 03 0002 0000 05 0007 6200 6574683100'],
  [
    'MAC addresses',
    { macs: ['02:00:00:00:00:01', '02:00:00:00:00:02'] },
    '4d6201 01 0001 00 03 0002 0000 06 000c 020000000001 020000000002',
  ],
]
for (const [name, fields, hex] of VECTORS) {
  test(`metadata: ${name}`, () => {
    const metadata = { ...BARE, ...fields }
    assert.equal(toHex(encodeMetadata(metadata)), hex.replaceAll(' ', ''))
    assert.deepEqual(decodeMetadata(fromHex(hex)), metadata)
  })
}

const NONE: [string, string][] = [
  ['empty, as MetalLB’s', ''],
  ['another program’s', '7b7d'],
  ['another version', '4d6202'],
  ['a field past the end', '4d6201 01 0002 00'],
  ['half a field', '4d6201 01 00'],
]
for (const [name, hex] of NONE) test(`no metadata: ${name}`, () => assert.equal(decodeMetadata(fromHex(hex)), null))

test('unknown fields are passed over', () => {
  assert.deepEqual(decodeMetadata(fromHex('4d6201 63 0003 616263 01 0001 01')), { ...BARE, announces: true })
})

test('cut anywhere, it is none or one with less', () => {
  const whole = encodeMetadata({ ...BARE, gates: gates('1/', '2/'), lacking: new Set(['eth1']), watchPort: 7947 })
  for (let end = 0; end < whole.length; end++) {
    const cut = decodeMetadata(whole.subarray(0, end))
    assert.ok(cut === null || cut.lacking.size === 0, `${end}`)
  }
})

test('any bytes are read without an exception', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
      decodeMetadata(bytes)
      decodeMetadata(Uint8Array.from([0x4d, 0x62, 1, ...bytes]))
    }),
  )
})

test('what does not fit is left out on the safe side', () => {
  const many = Array.from({ length: 400 }, (_, at) => gateKey({ port: 1000 + at, path: '/' }))
  const macs = Array.from({ length: 100 }, () => '02:00:00:00:00:01')
  const lacking = new Set(Array.from({ length: 100 }, (_, at) => `interface-${at}`))
  const bytes = encodeMetadata({
    ...BARE,
    announces: true,
    version: 'x'.repeat(500),
    gates: gates(...many),
    macs,
    lacking,
  })
  assert.ok(bytes.length <= METADATA_BYTES, `${bytes.length}`)
  const read = decodeMetadata(bytes)
  assert.ok(read)
  assert.equal(read.announces, true)
  const listed = many.filter((gate) => passes(read.gates, gate))
  assert.ok(listed.length > 100 && listed.length < 400, `${listed.length}`)
})
