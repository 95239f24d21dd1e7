// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { formatMac, fromHex, toHex } from '../lib/bytes.ts'
import { type ArpFrame, BROADCAST_MAC, decode, encode, gratuitous, type Malformed } from './arp.ts'

const VIP = 0xc633_6401
const frame = (fields: Partial<ArpFrame>): ArpFrame => ({
  destination: BROADCAST_MAC,
  source: '02:00:00:00:00:01',
  operation: 'request',
  senderMac: '02:00:00:00:00:01',
  senderIp: 0xc633_6409,
  targetMac: '00:00:00:00:00:00',
  targetIp: VIP,
  ...fields,
})

// RFC 826's fields in order, by hand. Each is decoded and encoded again.
const VECTORS: [string, string, ArpFrame][] = [
  [
    'request',
    'ffffffffffff 020000000001 0806 0001 0800 06 04 0001 020000000001 c6336409 000000000000 c6336401',
    frame({}),
  ],
  [
    'probe of RFC 5227, from 0.0.0.0',
    'ffffffffffff 020000000001 0806 0001 0800 06 04 0001 020000000001 00000000 000000000000 c6336401',
    frame({ senderIp: 0 }),
  ],
  [
    'reply',
    '020000000001 02000000000a 0806 0001 0800 06 04 0002 02000000000a c6336401 020000000001 c6336409',
    frame({
      destination: '02:00:00:00:00:01',
      source: '02:00:00:00:00:0a',
      operation: 'reply',
      senderMac: '02:00:00:00:00:0a',
      senderIp: VIP,
      targetMac: '02:00:00:00:00:01',
      targetIp: 0xc633_6409,
    }),
  ],
  [
    'gratuitous request',
    'ffffffffffff 02000000000a 0806 0001 0800 06 04 0001 02000000000a c6336401 ffffffffffff c6336401',
    gratuitous('request', VIP, '02:00:00:00:00:0a'),
  ],
  [
    'gratuitous reply',
    'ffffffffffff 02000000000a 0806 0001 0800 06 04 0002 02000000000a c6336401 ffffffffffff c6336401',
    gratuitous('reply', VIP, '02:00:00:00:00:0a'),
  ],
]
for (const [name, hex, expected] of VECTORS) {
  test(`codec: ${name}`, () => {
    assert.deepEqual(decode(fromHex(hex)), expected)
    assert.equal(toHex(encode(expected)), hex.replaceAll(' ', ''))
  })
}

const MALFORMED: [string, string, Malformed['malformed']][] = [
  [
    'a VLAN tag',
    'ffffffffffff 020000000001 8100 0005 0806 0001 0800 06 04 0001 020000000001 c6336409 000000000000 c6336401',
    'etherType',
  ],
  [
    'hardware type 6',
    'ffffffffffff 020000000001 0806 0006 0800 06 04 0001 020000000001 c6336409 000000000000 c6336401',
    'addressTypes',
  ],
  [
    'protocol type IPv6',
    'ffffffffffff 020000000001 0806 0001 86dd 06 04 0001 020000000001 c6336409 000000000000 c6336401',
    'addressTypes',
  ],
  [
    'hardware length 8',
    'ffffffffffff 020000000001 0806 0001 0800 08 04 0001 020000000001 c6336409 000000000000 c6336401',
    'addressTypes',
  ],
  [
    'protocol length 16',
    'ffffffffffff 020000000001 0806 0001 0800 06 10 0001 020000000001 c6336409 000000000000 c6336401',
    'addressTypes',
  ],
  [
    'operation 3 (RARP)',
    'ffffffffffff 020000000001 0806 0001 0800 06 04 0003 020000000001 c6336409 000000000000 c6336401',
    'operation',
  ],
]
for (const [name, hex, malformed] of MALFORMED) {
  test(`malformed: ${name}`, () => assert.deepEqual(decode(fromHex(hex)), { malformed }))
}

test('malformed: a frame cut anywhere; not malformed: padding behind it', () => {
  const whole = encode(frame({}))
  for (let length = 0; length < whole.length; length++) {
    assert.deepEqual(decode(whole.subarray(0, length)), { malformed: 'truncated' })
  }
  assert.deepEqual(decode(Uint8Array.of(...whole, ...new Uint8Array(18))), frame({}))
})

const mac = fc.uint8Array({ minLength: 6, maxLength: 6 }).map(formatMac)
const ip = fc.integer({ min: 0, max: 0xffff_ffff })
const anyFrame = fc.record(
  {
    destination: mac,
    source: mac,
    operation: fc.constantFrom('request' as const, 'reply' as const),
    senderMac: mac,
    senderIp: ip,
    targetMac: mac,
    targetIp: ip,
  },
  { noNullPrototype: true },
)

test('property: what is encoded is decoded', () => {
  fc.assert(
    fc.property(anyFrame, (any) => assert.deepEqual(decode(encode(any)), any)),
    { seed: 826 },
  )
})

test('fuzz: a mutated frame decodes to a frame that encodes to the same bytes, or is malformed; nothing throws', () => {
  const flips = fc.array(fc.tuple(fc.nat(41), fc.nat(255)), { maxLength: 6 })
  fc.assert(
    fc.property(anyFrame, flips, fc.nat(50), (any, mutations, length) => {
      const bytes = new Uint8Array(length)
      bytes.set(encode(any).subarray(0, length))
      for (const [at, value] of mutations) if (at < length) bytes[at] = value
      const decoded = decode(bytes)
      if (!('malformed' in decoded)) assert.equal(toHex(encode(decoded)), toHex(bytes.subarray(0, 42)))
    }),
    { seed: 826, numRuns: 5000 },
  )
})
