// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  COMPRESSED_STREAMS,
  ENCRYPTED_FRAMES,
  ENCRYPTED_STREAMS,
  MESSAGES,
  SERF_KEY,
  STREAM_KEY_BYTE,
  STREAMS,
} from '../../test/fuzz/gossip-vectors.ts'
import { fromHex, toHex } from '../lib/bytes.ts'
import { decodeMessage, encodeMessage } from './codec.ts'
import { compress } from './lzw.ts'
import type { Malformed, Message } from './messages.ts'
import { Packer } from './msgpack.ts'
import { type Envelope, labelHeader, wrapCompressed } from './packet.ts'
import { StreamReader, sealStream } from './stream.ts'

const BARE: Envelope = { key: null, label: '', compress: true, verifyIncoming: true, verifyOutgoing: true }
const PLAIN: Envelope = { ...BARE, compress: false }
const SERF: Envelope = { ...BARE, key: fromHex(SERF_KEY) }
const hexOf = (name: string): string => MESSAGES.find(([vector]) => vector === name)?.[1] ?? assert.fail(name)
const THREE = hexOf('push/pull of three')
const USER = { type: 'user', bytes: fromHex('7575757575') } as const
const header = (label: string): string => toHex(labelHeader(label))

function readAll(bytes: Uint8Array, envelope: Envelope): Message | Malformed | null {
  return new StreamReader(envelope).push(bytes)
}

/** One byte at a time; the answer must come with the last one and not before, and nothing after it. */
function readSlowly(bytes: Uint8Array, envelope: Envelope): Message | Malformed | null {
  const reader = new StreamReader(envelope)
  for (const byte of bytes.subarray(0, -1)) assert.equal(reader.push(Uint8Array.of(byte)), null)
  const answer = reader.push(bytes.subarray(-1))
  assert.equal(reader.push(bytes), null)
  return answer
}

/** The vectors with what they were sealed with. */
const VECTORS: readonly (readonly [string, string, Envelope])[] = [
  ...STREAMS.map(([name, hex]) => [`serf ${name}`, hex, BARE] as const),
  ...ENCRYPTED_STREAMS.map(([name, hex]) => [`serf, encrypted, ${name}`, hex, SERF] as const),
  ...COMPRESSED_STREAMS.map(([name, hex]) => [name, hex, name === 'push/pull' ? BARE : PLAIN] as const),
  ...ENCRYPTED_FRAMES.map(([name, hex]) => {
    const label = name.endsWith('blue') ? 'blue' : ''
    const key = Buffer.alloc(32, STREAM_KEY_BYTE)
    return [`encrypted, ${name}`, `${header(label)}${hex}`, { ...BARE, label, key }] as const
  }),
  ...['ping', 'ack', 'error', 'push/pull of nobody', 'push/pull of four in all states, with user state'].map(
    (name) => [`plain ${name}`, hexOf(name), PLAIN] as const,
  ),
]

for (const [name, hex, envelope] of VECTORS) {
  test(`${name}: the same whole and byte by byte, and sealed as memberlist does`, () => {
    const bytes = fromHex(hex)
    const message = readAll(bytes, envelope)
    assert(message !== null && !('malformed' in message), JSON.stringify(message))
    assert.deepEqual(readSlowly(bytes, envelope), message)
    const nonceAt = labelHeader(envelope.label).length + 6
    const again = sealStream(encodeMessage(message), envelope, { nonce: bytes.slice(nonceAt, nonceAt + 12) })
    assert.deepEqual(readAll(again, envelope), message)
    // go-msgpack 0.5, in serf, writes lengths unsigned; protocol 1 pads. Both are read, and written as v0.5.1 does.
    if (!name.startsWith('serf') && !name.includes('protocol 1')) assert.equal(toHex(again), hex)
  })
}

test('serf joins: each side tells whom it knows, and its state', () => {
  const told = STREAMS.map(([, hex]) => {
    const message = readAll(fromHex(hex), BARE)
    assert(message && 'nodes' in message)
    return [message.nodes.map(({ name, state }) => `${name} ${state}`).join(), message.join, message.userState.length]
  })
  assert.deepEqual(told, [
    ['node-2 alive', true, 590],
    ['node-1 alive', true, 590],
    ['node-3 alive', true, 590],
    ['node-2 alive,node-1 alive', true, 598],
  ])
})

/** User state of 21 MiB of zeros, LZW-compressed to some kilobytes. */
const bombHex = toHex(
  new Packer()
    .byte(9)
    .map(2)
    .text('Algo')
    .unsigned(0)
    .text('Buf')
    .raw(compress(new Uint8Array(21 * 2 ** 20)))
    .finish(),
)
const wrap = (hex: string): string => toHex(wrapCompressed(fromHex(hex)))
const frame = (plainHex: string): string => toHex(sealStream(fromHex(plainHex), { ...SERF, compress: false }))
const changed = frame(THREE).replace(/.$/, (digit) => (digit === '0' ? '1' : '0'))
const BLUE: Envelope = { ...PLAIN, label: 'blue' }
const CASES: readonly (readonly [string, string, Envelope, string | null])[] = [
  ['nothing', '', BARE, null],
  ['node count far above the data: nothing is waited for', '0681a54e6f646573d200010000', BARE, 'tooLarge'],
  ['node count above the data', '0681a54e6f64657305', BARE, null],
  ['node count above the data, compressed', wrap('0681a54e6f64657305'), BARE, 'truncated'],
  ['node count of −1', '0681a54e6f646573ff', BARE, 'wrongField'],
  ['user state of 20 MiB: more is needed', '0681ac5573657253746174654c656ed2013fffe0', BARE, null],
  ['user state over 20 MiB', '0681ac5573657253746174654c656ed201400000', BARE, 'tooLarge'],
  ['user state size far above the data', '0681ac5573657253746174654c656ed3000000ffffffffff', BARE, 'wrongField'],
  ['user state above the data, compressed', wrap('0681ac5573657253746174654c656e05'), BARE, 'truncated'],
  ['user message length above the data', '0881aa557365724d73674c656e0575', BARE, null],
  ['user message length above the data, compressed', wrap('0881aa557365724d73674c656e0575'), BARE, 'truncated'],
  ['user message length over 20 MiB', '0881aa557365724d73674c656ed27fffffff', BARE, 'tooLarge'],
  ['user message length of −1', '0881aa557365724d73674c656eff', BARE, 'wrongField'],
  ['LZW bomb', bombHex, BARE, 'tooLarge'],
  ['not compressed', '0982a4416c676f00a3427566a3010203', BARE, 'badCompression'],
  ['compressed nothing', wrap(''), BARE, 'truncated'],
  ['compressed twice', wrap(wrap(THREE)), BARE, 'unknownType'],
  ['compressed bytes of 4 GiB', '0982a4416c676f00a3427566dbffffffff', BARE, 'tooLarge'],
  ['a map of 4 billion', '00dfffffffff', BARE, 'tooLarge'],
  ['no msgpack', '00c1', BARE, 'notMsgpack'],
  ['a number in place of the header', '0605', BARE, 'notMsgpack'],
  ['an unknown type', '63', BARE, 'unknownType'],
  ['what only travels in datagrams', hexOf('suspect'), BARE, 'unknownType'],
  ['HTTP', toHex(Buffer.from('GET / HTTP/1.1\r\n\r\n')), BARE, 'unknownType'],
  ['label: none came', THREE, BLUE, 'wrongLabel'],
  ['label: another', `${header('grey')}${THREE}`, BLUE, 'wrongLabel'],
  ['label: a longer one', `${header('blues')}${THREE}`, BLUE, 'wrongLabel'],
  ['label: not expected', `${header('blue')}${THREE}`, PLAIN, 'wrongLabel'],
  ['label: twice', `${header('blue')}${header('blue')}${THREE}`, BLUE, 'unknownType'],
  ['label: index before length', 'f4', BLUE, null],
  ['label: empty', 'f400', BLUE, 'wrongLabel'],
  ['an unauthenticated join with encryption on', THREE, SERF, 'notEncrypted'],
  ['encrypted, without a key', frame(THREE), BARE, 'notDecrypted'],
  ['encrypted with another key', frame(THREE), { ...SERF, key: Buffer.alloc(16, 9) }, 'notDecrypted'],
  ['encrypted for another label', `${header('blue')}${frame(THREE)}`, { ...SERF, label: 'blue' }, 'notDecrypted'],
  ['encrypted and changed', changed, SERF, 'notDecrypted'],
  ['encrypted frame of 4 GiB', '0affffffff', SERF, 'tooLarge'],
  ['encrypted frame over 20 MiB', '0a01400001', SERF, 'tooLarge'],
  ['encrypted frame of nothing', '0a00000000', SERF, 'notDecrypted'],
  ['encrypted nothing', frame(''), SERF, 'truncated'],
  ['encrypted frame in an encrypted frame', frame(frame(THREE)), SERF, 'unknownType'],
]
for (const [name, hex, envelope, expected] of CASES) {
  test(name, () => {
    const answer = readAll(fromHex(hex), envelope)
    assert.deepEqual(answer, expected === null ? null : { malformed: expected })
    const reader = new StreamReader(envelope)
    const answers = Array.from(fromHex(hex.slice(0, 2000)), (byte) => reader.push(Uint8Array.of(byte)))
    if (hex.length <= 2000) assert.deepEqual(answers.find((one) => one !== null) ?? null, answer, 'byte by byte')
  })
}

test('a push/pull in the clear is taken where that is not verified yet', () => {
  assert.deepEqual(readAll(fromHex(THREE), { ...SERF, verifyIncoming: false }), decodeMessage(fromHex(THREE)))
})

test('an answer goes without the label, as memberlist sends and expects it; what encrypts it covers the label', () => {
  const message = encodeMessage({ type: 'ack', sequence: 7, payload: new Uint8Array(0) })
  for (const envelope of [BLUE, { ...BLUE, key: fromHex(SERF_KEY) }]) {
    const answer = sealStream(message, envelope, { isAnswer: true })
    assert.notEqual(answer[0], 244)
    const read = new StreamReader(envelope, { isAnswer: true }).push(answer)
    assert.deepEqual(read, decodeMessage(message))
    assert.deepEqual(new StreamReader(envelope).push(answer), { malformed: 'wrongLabel' })
  }
  const key = fromHex(SERF_KEY)
  const sealed = sealStream(message, { ...BLUE, key }, { isAnswer: true })
  const red = new StreamReader({ ...BLUE, key, label: 'red' }, { isAnswer: true })
  assert.deepEqual(red.push(sealed), { malformed: 'notDecrypted' })
})

test('bytes behind the message are ignored', () => {
  assert.deepEqual(readAll(fromHex(`${hexOf('ping')}ffff`), BARE), decodeMessage(fromHex(hexOf('ping'))))
})

test('a user message is framed, and read again', () => {
  for (const envelope of [BARE, PLAIN, SERF, { ...SERF, label: 'blue' }]) {
    assert.deepEqual(readSlowly(sealStream(encodeMessage(USER), envelope), envelope), USER)
  }
})

test('a message of as many bytes as are allowed, and one more', () => {
  const message = encodeMessage({ type: 'pushPull', nodes: [], userState: new Uint8Array(5000), join: false })
  const read = (maxBytes: number, envelope: Envelope) =>
    new StreamReader(envelope, { maxBytes }).push(sealStream(message, envelope))
  assert.deepEqual(read(message.length, PLAIN), decodeMessage(message))
  assert.deepEqual(read(message.length - 1, PLAIN), { malformed: 'tooLarge' })
  assert.deepEqual(read(message.length - 1, BARE), { malformed: 'tooLarge' })
  assert.deepEqual(read(message.length, { ...BARE, label: 'x'.repeat(255) }), decodeMessage(message))
})

test('a stream that never ends is cut off at the limit', () => {
  const reader = new StreamReader(PLAIN, { maxBytes: 100_000 })
  const answers = [reader.push(fromHex('0682a54e6f6465730aa16187'))]
  for (let pushed = 0; pushed < 30 && answers.at(-1) === null; pushed++) {
    answers.push(reader.push(Buffer.alloc(10_000, 0x91)))
  }
  assert.deepEqual(answers.at(-1), { malformed: 'tooLarge' })
  assert(answers.length <= 13)
})
