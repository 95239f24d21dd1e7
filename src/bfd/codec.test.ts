// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromHex, toHex } from '../lib/bytes.ts'
import { type ControlPacket, decode, encode, type Malformation, withoutPoll } from './codec.ts'

const base: ControlPacket = {
  state: 'Up',
  diag: 'none',
  poll: false,
  final: false,
  controlPlaneIndependent: false,
  demand: false,
  detectMult: 3,
  myId: 0x0102_0304,
  yourId: 0x0a0b_0c0d,
  desiredMinTxUs: 300_000,
  requiredMinRxUs: 300_000,
  requiredMinEchoRxUs: 0,
}

const UP = '20 c0 03 18 01020304 0a0b0c0d 000493e0 000493e0 00000000'

/** Written by hand after RFC 5880 §4.1; 0x000493e0 is 300,000, 0x000f4240 is 1,000,000. */
const VECTORS: [string, string, ControlPacket][] = [
  ['Up', UP, base],
  [
    'Down, first packet',
    '20 40 03 18 01020304 00000000 000f4240 000493e0 00000000',
    { ...base, state: 'Down', yourId: 0, desiredMinTxUs: 1_000_000 },
  ],
  [
    'Init',
    '20 80 03 18 01020304 0a0b0c0d 000f4240 000493e0 00000000',
    { ...base, state: 'Init', desiredMinTxUs: 1_000_000 },
  ],
  [
    'Down, because nothing came',
    '21 40 03 18 01020304 00000000 000f4240 000493e0 00000000',
    { ...base, state: 'Down', diag: 'timeExpired', yourId: 0, desiredMinTxUs: 1_000_000 },
  ],
  [
    'AdminDown',
    '27 00 03 18 01020304 0a0b0c0d 000f4240 000493e0 00000000',
    { ...base, state: 'AdminDown', diag: 'adminDown', desiredMinTxUs: 1_000_000 },
  ],
  ['poll', UP.replace('c0', 'e0'), { ...base, poll: true }],
  ['final', UP.replace('c0', 'd0'), { ...base, final: true }],
  [
    'control plane independent and demand',
    UP.replace('c0', 'ca'),
    { ...base, controlPlaneIndependent: true, demand: true },
  ],
  [
    'echoes wanted, fastest and slowest intervals, largest multiplier',
    '20 c0 ff 18 01020304 0a0b0c0d 00000000 ffffffff 0000c350',
    { ...base, detectMult: 255, desiredMinTxUs: 0, requiredMinRxUs: 0xffff_ffff, requiredMinEchoRxUs: 50_000 },
  ],
]
for (const [name, hex, packet] of VECTORS) {
  test(`${name}: read and written`, () => {
    assert.deepEqual(decode(fromHex(hex)), packet)
    assert.equal(toHex(encode(packet)), hex.replaceAll(' ', ''))
  })
}

const MALFORMED: [string, string, Malformation][] = [
  ['nothing', '', 'truncated'],
  ['version 0', UP.replace('20', '00'), 'version'],
  ['version 2', UP.replace('20', '40'), 'version'],
  ['a length below the least', UP.replace('03 18', '03 17'), 'length'],
  ['a length beyond the datagram', UP.replace('03 18', '03 19'), 'length'],
  ['a length of 255', UP.replace('03 18', '03 ff'), 'length'],
  ['a detect multiplier of 0', UP.replace('03 18', '00 18'), 'detectMult'],
  ['the multipoint bit', UP.replace('c0', 'c1'), 'multipoint'],
  ['my discriminator 0', UP.replace('01020304', '00000000'), 'myDiscriminator'],
  ['your discriminator 0 while Up', UP.replace('0a0b0c0d', '00000000'), 'yourDiscriminator'],
  ['your discriminator 0 while Init', UP.replace('c0', '80').replace('0a0b0c0d', '00000000'), 'yourDiscriminator'],
  ['the A bit without room for its section', UP.replace('c0', 'c4'), 'length'],
  ['the A bit with a section', `${UP.replace('c0', 'c4').replace('03 18', '03 1c')} 01040173`, 'authentication'],
  ['poll and final together', UP.replace('c0', 'f0'), 'pollAndFinal'],
]
for (const [name, hex, malformed] of MALFORMED) {
  test(`${name} is malformed: ${malformed}`, () => assert.deepEqual(decode(fromHex(hex)), { malformed }))
}

test('cut short at any byte it is malformed', () => {
  const bytes = fromHex(UP)
  for (let length = 0; length < bytes.length; length++) {
    assert.deepEqual(decode(bytes.subarray(0, length)), { malformed: 'truncated' })
  }
})

test('what follows the packet is not looked at', () => {
  assert.deepEqual(decode(fromHex(`${UP} ffffffffffffffff`)), base)
})

test('codes of reasons that nobody has defined are read, and not sent', () => {
  const packet = decode(fromHex(UP.replace('20', '3f')))
  assert.deepEqual(packet, { ...base, diag: 'reserved' })
  assert.equal(toHex(encode({ ...base, diag: 'reserved' })), UP.replaceAll(' ', ''))
})

test('without its poll and final bits a packet is the same otherwise, and a copy', () => {
  const poll = fromHex(UP.replace('c0', 'ea'))
  assert.equal(toHex(withoutPoll(poll)), UP.replace('c0', 'ca').replaceAll(' ', ''))
  assert.equal(toHex(poll), UP.replace('c0', 'ea').replaceAll(' ', ''))
})
