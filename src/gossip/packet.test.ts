// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  ENCRYPTED_PACKETS,
  LABELLED_PACKETS,
  MESSAGES,
  PACKET_KEY_BYTE,
  PACKETS,
  SERF_KEY,
} from '../../test/fuzz/gossip-vectors.ts'
import { fromHex, toHex } from '../lib/bytes.ts'
import { decodeMessage, encodeMessage } from './codec.ts'
import { decrypt } from './crypto.ts'
import { compress } from './lzw.ts'
import type { GossipDrop, Message } from './messages.ts'
import { Packer } from './msgpack.ts'
import { COMPOUND_BYTES_PER_MESSAGE, type Envelope, openPacket, packetRoom, sealPacket } from './packet.ts'

const BARE: Envelope = { key: null, label: '', compress: true, verifyIncoming: true, verifyOutgoing: true }
const KEYED: Envelope = { ...BARE, key: fromHex(SERF_KEY) }
const BLUE: Envelope = { ...BARE, label: 'blue' }
const hexOf = (name: string): string => MESSAGES.find(([vector]) => vector === name)?.[1] ?? assert.fail(name)
const PING = fromHex(hexOf('ping'))
const SUSPECT = fromHex(hexOf('suspect'))
const DEAD = fromHex(hexOf('dead'))

function opened(bytes: Uint8Array, envelope: Envelope): readonly Message[] {
  const messages = openPacket(bytes, envelope, (why) => assert.fail(why))
  assert(!('malformed' in messages), JSON.stringify(messages))
  return messages
}

function kinds(messages: readonly Message[]): string {
  return messages.map(({ type }) => type).join(' ')
}

/** What is left of a name of a vector: the types of its messages. */
const KINDS: Readonly<Record<string, string>> = {
  ping: 'ping',
  ack: 'ack',
  'compressed ack': 'ack',
  'indirect ping': 'indirectPing',
  'ping and suspect': 'ping suspect',
  'checksum, ping and suspect': 'ping suspect',
  'checksum, suspect': 'suspect',
  'nack and suspect': 'nack suspect',
  nack: 'nack',
  'checksum, dead': 'dead',
  'checksum, dead and user: a leave': 'dead user',
  'checksum, compressed: two alive': 'alive alive',
  'compressed: ping and two alive': 'ping alive alive',
  'checksum, compressed: two alive and user': 'alive alive user',
  'checksum: alive and two user': 'alive user user',
  'compressed: ping and suspect': 'ping suspect',
  'nack and dead': 'nack dead',
  'ping and dead': 'ping dead',
}

for (const [rows, envelope] of [
  [PACKETS, BARE],
  [ENCRYPTED_PACKETS, KEYED],
] as const) {
  for (const [name, hex] of rows) {
    test(`${envelope.key ? 'encrypted' : 'clear'}, ${name}: opened, and sealed byte for byte as serf does`, () => {
      const bytes = fromHex(hex)
      const messages = opened(bytes, envelope)
      assert.equal(kinds(messages), KINDS[name])
      const plain = envelope.key ? decrypt(bytes, { key: envelope.key, additional: new Uint8Array(0) }) : bytes
      const options = { crc: plain?.[0] === 12, nonce: bytes.slice(1, 13) }
      assert.equal(toHex(sealPacket(messages.map(encodeMessage), envelope, options)), hex)
    })

    test(`${envelope.key ? 'encrypted' : 'clear'}, ${name}: truncated at every byte`, () => {
      for (let length = 0; length < hex.length / 2; length++) {
        const drops: GossipDrop[] = []
        const messages = openPacket(fromHex(hex).subarray(0, length), envelope, (why) => drops.push(why))
        assert('malformed' in messages || drops.length > 0 || kinds(messages) !== KINDS[name], `${length} bytes`)
      }
    })
  }
}

for (const [name, hex] of LABELLED_PACKETS) {
  test(`with a label, ${name}: opened as memberlist sealed it, and only with that label`, () => {
    const keyBytes = Number(/(\d+) bytes/.exec(name)?.[1] ?? 0)
    const key = keyBytes === 0 ? null : Buffer.alloc(keyBytes, PACKET_KEY_BYTE)
    const envelope = { ...BLUE, key }
    assert.deepEqual(opened(fromHex(hex), envelope), [decodeMessage(PING)])
    for (const label of ['', 'blu', 'blues', 'grey']) {
      assert.deepEqual(openPacket(fromHex(hex), { ...envelope, label }), { malformed: 'wrongLabel' })
    }
    if (!name.startsWith('version 0')) {
      const options = { crc: false, nonce: fromHex(hex).slice(7, 19) }
      assert.equal(toHex(sealPacket([PING], { ...envelope, compress: false }, options)), hex)
    }
  })
}

test('every wrapping there is comes off again', () => {
  for (const envelope of [BARE, KEYED, BLUE, { ...KEYED, label: 'x'.repeat(255), compress: false }]) {
    for (const crc of [false, true]) {
      const bytes = sealPacket([PING, SUSPECT, DEAD, DEAD, DEAD, DEAD], envelope, { crc })
      assert.equal(kinds(opened(bytes, envelope)), 'ping suspect dead dead dead dead')
    }
  }
})

/** A datagram in the clear, and what of it is dropped; a name: all of it is; `[]`: nothing is. */
const lzw = (bytes: Uint8Array): string =>
  toHex(new Packer().byte(9).map(2).text('Algo').unsigned(0).text('Buf').raw(compress(bytes)).finish())
const ping = toHex(PING)
const CASES: readonly (readonly [string, string, GossipDrop | readonly GossipDrop[], string?])[] = [
  ['nothing', '', 'truncated'],
  ['a type alone', '00', 'truncated'],
  ['a push/pull in a datagram', hexOf('push/pull of three'), 'unknownType'],
  ['an error in a datagram', hexOf('error'), 'unknownType'],
  ['an encrypted frame of a stream', '0a00000001', 'unknownType'],
  ['label: index before length', 'f4', 'truncated'],
  ['label: shorter than it says', 'f404626c', 'truncated'],
  ['label: empty', 'f400', 'wrongLabel'],
  ['label: none is expected', `f404626c7565${ping}`, 'wrongLabel'],
  ['checksum: cut', '0c0000', 'truncated'],
  ['checksum: mismatch', `0c00000000${ping}`, 'badChecksum'],
  ['checksum: of nothing', '0c00000000', 'truncated'],
  ['checksum in a checksum', '0c12d64ace0c00000000', 'badChecksum'],
  ['compound: index before length', '07', 'truncated'],
  ['compound: of none', '0700', [], ''],
  ['compound: lengths cut', '0702003d00', 'truncated'],
  ['compound: 255 that are not there', '07ff', 'truncated'],
  ['compound: the last is cut', `0702003d001f${ping}0383`, ['truncated'], 'ping'],
  ['compound: one is longer than all', `0702ffff0001${ping}`, ['truncated', 'truncated'], ''],
  ['compound: an empty part', `07020000003d${ping}`, ['truncated'], 'ping'],
  ['compound: a part of an unknown type', `07020001003dff${ping}`, ['unknownType'], 'ping'],
  ['compound: a part that is none', `07020003003d0081c1${ping}`, ['notMsgpack'], 'ping'],
  ['compound in compound', `0701004107 01003d${ping}`, [], 'ping'],
  ['compressed: not compressed', '0982a4416c676f00a3427566a3010203', 'badCompression'],
  ['compressed: another algorithm', '0982a4416c676f01a3427566a0', 'badCompression'],
  ['compressed: without bytes', '0981a4416c676f00', 'wrongField'],
  ['compressed: no map', '0990', 'notMsgpack'],
  ['compressed: nothing', lzw(new Uint8Array(0)), 'truncated'],
  ['compressed twice', lzw(fromHex(lzw(PING))), [], 'ping'],
  ['compressed five times', lzw(fromHex(lzw(fromHex(lzw(fromHex(lzw(fromHex(lzw(PING))))))))), 'tooLarge'],
  ['LZW bomb', lzw(new Uint8Array(2 ** 22)), 'tooLarge'],
]
for (const [name, hex, expected, left = ''] of CASES) {
  test(name, () => {
    const drops: GossipDrop[] = []
    const messages = openPacket(fromHex(hex), BARE, (why) => drops.push(why))
    if (typeof expected === 'string') assert.deepEqual(messages, { malformed: expected })
    else assert.equal('malformed' in messages ? messages.malformed : kinds(messages), left)
    assert.deepEqual(drops, typeof expected === 'string' ? [] : expected)
  })
}

test('LZW bombs side by side share one account', () => {
  const bomb = fromHex(lzw(Buffer.concat([fromHex('08'), new Uint8Array(40_000)])))
  const drops: GossipDrop[] = []
  const messages = openPacket(sealPacket([bomb, bomb, bomb, PING], { ...BARE, compress: false }), BARE, (why) =>
    drops.push(why),
  )
  assert(!('malformed' in messages))
  assert.deepEqual([kinds(messages), drops], ['user ping', ['tooLarge', 'tooLarge']])
})

const NOT_VERIFYING: Envelope = { ...KEYED, verifyIncoming: false }
const KEYS: readonly (readonly [string, Uint8Array, Envelope, string])[] = [
  ['clear, where all is encrypted', SUSPECT, KEYED, 'notEncrypted'],
  ['clear ping, which begins as version 0 does', PING, KEYED, 'notDecrypted'],
  ['clear, where that is not verified yet', SUSPECT, NOT_VERIFYING, 'suspect'],
  ['clear ping, where that is not verified yet', PING, NOT_VERIFYING, 'ping'],
  ['encrypted, where that is not verified yet', sealPacket([PING], KEYED), NOT_VERIFYING, 'ping'],
  ['another key', sealPacket([PING], { ...KEYED, key: Buffer.alloc(16, 9) }), KEYED, 'notDecrypted'],
  ['a key that is not used for sending', sealPacket([SUSPECT], { ...KEYED, verifyOutgoing: false }), BARE, 'suspect'],
  ['encrypted, without a key', sealPacket([PING], { ...KEYED, key: Buffer.alloc(16, 9) }), BARE, 'malformed'],
]
for (const [name, bytes, envelope, expected] of KEYS) {
  test(name, () => {
    const messages = openPacket(bytes, envelope)
    if (expected === 'malformed') assert('malformed' in messages)
    else assert.equal('malformed' in messages ? messages.malformed : kinds(messages), expected)
  })
}

test('a datagram of more than 1,400 bytes is opened', () => {
  const many = Array.from({ length: 255 }, () => encodeMessage({ type: 'user', bytes: new Uint8Array(200) }))
  const bytes = sealPacket(many, { ...BARE, compress: false })
  assert(bytes.length > 50_000)
  assert.equal(opened(bytes, BARE).length, 255)
})

test('what does not become smaller is not compressed', () => {
  assert.deepEqual(sealPacket([SUSPECT], BARE), SUSPECT)
})

test('the room is what messages may have, in the largest of wrappings', () => {
  for (const envelope of [BARE, KEYED, BLUE, { ...KEYED, label: 'é' }, { ...KEYED, verifyOutgoing: false }]) {
    const room = packetRoom(envelope, 1400)
    const half = new Uint8Array(room / 2 - COMPOUND_BYTES_PER_MESSAGE).fill(8)
    const rest = new Uint8Array(room - half.length - 2 * COMPOUND_BYTES_PER_MESSAGE).fill(8)
    const bytes = sealPacket([half, rest], { ...envelope, compress: false }, { crc: true })
    assert.equal(bytes.length, 1400)
  }
})

test('what no datagram can hold is a bug of the caller', () => {
  assert.throws(() => sealPacket([], BARE), assert.AssertionError)
  assert.throws(
    () =>
      sealPacket(
        Array.from({ length: 256 }, () => PING),
        BARE,
      ),
    assert.AssertionError,
  )
  assert.throws(() => sealPacket([PING], { ...BARE, label: 'é'.repeat(128) }), assert.AssertionError)
  assert.throws(() => sealPacket([new Uint8Array(65_536), PING], BARE), RangeError)
})
