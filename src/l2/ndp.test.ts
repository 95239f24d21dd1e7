// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { formatMac, fromHex, toHex } from '../lib/bytes.ts'
import { formatIp } from '../lib/ip.ts'
import { decode, encode, type Malformed, type NdpFrame, solicitedNode, unsolicited } from './ndp.ts'

const A = '02:00:00:00:00:01'
const B = '02:00:00:00:00:02'
const VIP = '2001:db8::2'

/** What Linux 6.18 sent between two ends of a veth pair; each is decoded and encoded again. */
const CAPTURES: [string, string, NdpFrame][] = [
  [
    'a solicitation to the group',
    `3333ff000002 020000000001 86dd 60000000 0020 3a ff 20010db8000000000000000000000001
     ff0200000000000000000001ff000002 87 00 1c27 00000000 20010db8000000000000000000000002 0101 020000000001`,
    {
      type: 'solicitation',
      ...solicitedNode(VIP),
      source: A,
      sourceIp: '2001:db8::1',
      target: VIP,
      linkLayer: A,
    },
  ],
  [
    'its answer',
    `020000000001 020000000002 86dd 60000000 0020 3a ff 20010db8000000000000000000000002
     20010db8000000000000000000000001 88 00 8a71 60000000 20010db8000000000000000000000002 0201 020000000002`,
    {
      type: 'advertisement',
      destination: A,
      destinationIp: '2001:db8::1',
      source: B,
      sourceIp: VIP,
      target: VIP,
      linkLayer: B,
      router: false,
      solicited: true,
      override: true,
    },
  ],
  [
    'a solicitation to the address itself, to see whether it is still there',
    `020000000001 020000000002 86dd 60000000 0020 3a ff fe80000000000000 0000 00fffe000002
     20010db8000000000000000000000001 87 00 1cab 00000000 20010db8000000000000000000000001 0101 020000000002`,
    {
      type: 'solicitation',
      destination: A,
      destinationIp: '2001:db8::1',
      source: B,
      sourceIp: 'fe80::ff:fe00:2',
      target: '2001:db8::1',
      linkLayer: B,
    },
  ],
  [
    'its answer, without an option and not overriding',
    `020000000002 020000000001 86dd 60000000 0018 3a ff 20010db8000000000000000000000001
     fe80000000000000 0000 00fffe000002 88 00 deb5 40000000 20010db8000000000000000000000001`,
    {
      type: 'advertisement',
      destination: B,
      destinationIp: 'fe80::ff:fe00:2',
      source: A,
      sourceIp: '2001:db8::1',
      target: '2001:db8::1',
      linkLayer: null,
      router: false,
      solicited: true,
      override: false,
    },
  ],
]
for (const [name, hex, expected] of CAPTURES) {
  test(`captured: ${name}`, () => {
    assert.deepEqual(decode(fromHex(hex)), expected)
    assert.equal(toHex(encode(expected)), toHex(fromHex(hex)))
  })
}

const PROBE =
  '3333ff000001 020000000001 86dd 60000000 0020 3a ff 00000000000000000000000000000000' +
  'ff0200000000000000000001ff000001 87 00 fa12 00000000 20010db8000000000000000000000001 0e01 5085b7603ceb'
const SOLICITATION = CAPTURES[0]?.[1] ?? ''

test('captured: a probe for duplicates; its nonce is passed over', () => {
  assert.deepEqual(decode(fromHex(PROBE)), {
    type: 'solicitation',
    ...solicitedNode('2001:db8::1'),
    source: A,
    sourceIp: '::',
    target: '2001:db8::1',
    linkLayer: null,
  })
})

test('an advertisement that nobody asked for: to all nodes, override alone, from the link-local address', () => {
  assert.deepEqual(decode(encode(unsolicited(VIP, A, 'fe80::1'))), {
    type: 'advertisement',
    destination: '33:33:00:00:00:01',
    destinationIp: 'ff02::1',
    source: A,
    sourceIp: 'fe80::1',
    target: VIP,
    linkLayer: A,
    router: false,
    solicited: false,
    override: true,
  })
})

const GROUPS: [string, string, string][] = [
  ['2001:db8::1:2', 'ff02::1:ff01:2', '33:33:ff:01:00:02'],
  ['2001:db8::', 'ff02::1:ff00:0', '33:33:ff:00:00:00'],
  ['fe80::ff:feab:cdef', 'ff02::1:ffab:cdef', '33:33:ff:ab:cd:ef'],
]
for (const [address, destinationIp, destination] of GROUPS) {
  test(`${address} is asked for in ${destinationIp}`, () =>
    assert.deepEqual(solicitedNode(address), { destination, destinationIp }))
}

const changed = (from: string, to: string) => {
  const hex = SOLICITATION.replace(from, to)
  assert.notEqual(hex, SOLICITATION)
  return hex
}
const MALFORMED: [string, string, Malformed['malformed']][] = [
  ['a VLAN tag', changed('86dd', '8100 0005 86dd'), 'etherType'],
  ['IP version 4', changed('60000000 0020', '40000000 0020'), 'packet'],
  ['hop-by-hop options in between', changed('3a ff', '00 ff'), 'packet'],
  ['a payload longer than the frame', changed('0020 3a', '0021 3a'), 'truncated'],
  ['a payload too short for the message', changed('0020 3a', '0017 3a'), 'truncated'],
  ['a router advertisement', changed('87 00 1c27', '86 00 1d27'), 'type'],
  ['code 1', changed('87 00 1c27', '87 01 1c26'), 'code'],
  [
    'a group as target',
    changed('20010db8000000000000000000000002 0101', 'ff020000000000000000000000000002 0101'),
    'target',
  ],
  ['a hop limit of 254', changed('3a ff', '3a fe'), 'hopLimit'],
  ['a wrong checksum', changed('1c27', '1c28'), 'checksum'],
  ['an option of length 0', changed('1c27', '1c28').replace('0101', '0100'), 'option'],
  ['an option past the end', changed('1c27', '1c26').replace('0101', '0102'), 'option'],
  ['the MAC address of a group in the option', changed('1c27', '1b27').replace('0101 02', '0101 03'), 'option'],
]
for (const [name, hex, malformed] of MALFORMED) {
  test(`malformed: ${name}`, () => assert.deepEqual(decode(fromHex(hex)), { malformed }))
}

test('malformed: a frame cut anywhere; not malformed: padding behind it', () => {
  const whole = fromHex(SOLICITATION)
  for (let length = 0; length < whole.length; length++) {
    assert.deepEqual(decode(whole.subarray(0, length)), { malformed: 'truncated' })
  }
  assert.deepEqual(decode(Uint8Array.of(...whole, ...new Uint8Array(18))), decode(whole))
})

const macBytes = fc.uint8Array({ minLength: 6, maxLength: 6 })
const mac = macBytes.map(formatMac)
const unicastMac = macBytes.map((bytes) => formatMac(Uint8Array.of((bytes[0] ?? 0) & 0xfe, ...bytes.subarray(1))))
const ip = fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }).map((bits) => formatIp({ family: 'ipv6', bits }))
const addressed = {
  destination: mac,
  source: mac,
  destinationIp: ip,
  sourceIp: ip,
  target: fc.bigInt({ min: 0n, max: (0xffn << 120n) - 1n }).map((bits) => formatIp({ family: 'ipv6', bits })),
  linkLayer: fc.option(unicastMac),
}
const flags = { router: fc.boolean(), solicited: fc.boolean(), override: fc.boolean() }
const anyFrame: fc.Arbitrary<NdpFrame> = fc.oneof(
  fc.record({ type: fc.constant('solicitation' as const), ...addressed }, { noNullPrototype: true }),
  fc.record({ type: fc.constant('advertisement' as const), ...addressed, ...flags }, { noNullPrototype: true }),
)

test('property: what is encoded is decoded', () => {
  fc.assert(
    fc.property(anyFrame, (any) => assert.deepEqual(decode(encode(any)), any)),
    { seed: 4861 },
  )
})

test('fuzz: whatever the bytes, a frame or a named malformation; what is a frame says the same when encoded', () => {
  const mutations = fc.array(fc.tuple(fc.nat(90), fc.nat(255)), { maxLength: 6 })
  fc.assert(
    fc.property(anyFrame, mutations, fc.nat(94), (any, changes, length) => {
      const bytes = new Uint8Array(length)
      bytes.set(encode(any).subarray(0, length))
      for (const [at, value] of changes) if (at < length) bytes[at] = value
      const decoded = decode(bytes)
      if (!('malformed' in decoded)) assert.deepEqual(decode(encode(decoded)), decoded)
    }),
    { seed: 4861, numRuns: 5000 },
  )
})
