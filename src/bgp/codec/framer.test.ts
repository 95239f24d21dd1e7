// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { messageAround, messageOf, VECTORS } from '../../../test/fuzz/bgp-vectors.ts'
import { toHex } from '../../lib/bytes.ts'
import { Framer } from './framer.ts'
import type { Malformed } from './message.ts'

const PLAIN = 4096

/** All messages that wait, and what ended the stream. */
function drain(framer: Framer, maxBytes = PLAIN): (string | Malformed)[] {
  const found: (string | Malformed)[] = []
  for (let next = framer.next(maxBytes); next !== null; next = framer.next(maxBytes)) {
    if (!(next instanceof Uint8Array)) return [...found, next]
    found.push(toHex(next))
  }
  return found
}

const messages = VECTORS.map(({ hex }) => toHex(messageOf(hex)))
const stream = Uint8Array.from(Buffer.from(messages.join(''), 'hex'))

for (const size of [1, 2, 18, 19, 20, 4095, 65_536]) {
  test(`messages come out whole from pieces of ${size}`, () => {
    const framer = new Framer()
    const found: (string | Malformed)[] = []
    for (let at = 0; at < stream.length; at += size) {
      framer.push(stream.slice(at, at + size))
      found.push(...drain(framer))
    }
    assert.deepEqual(found, messages)
    assert.equal(framer.pendingBytes, 0)
  })
}

test('pieces that end anywhere are not asked for until they end a message', () => {
  const [message = ''] = messages
  for (let cut = 0; cut < message.length / 2; cut++) {
    const framer = new Framer()
    framer.push(stream.slice(0, cut))
    assert.equal(framer.next(PLAIN), null)
    framer.push(stream.slice(cut))
    assert.deepEqual(drain(framer), messages)
  }
})

test('1,000 messages in one segment', () => {
  const framer = new Framer()
  const keepalive = messageAround(4, '')
  framer.push(Buffer.concat(Array.from({ length: 1000 }, () => keepalive)))
  assert.deepEqual(
    drain(framer),
    Array.from({ length: 1000 }, () => toHex(keepalive)),
  )
})

test('what waits is not written over, nor is what came', () => {
  const framer = new Framer()
  const first = stream.slice(0, 30)
  framer.push(first)
  framer.push(stream.slice(30, 60))
  framer.push(stream.slice(60))
  assert.deepEqual(first, stream.slice(0, 30))
  assert.deepEqual(drain(framer), messages)
})

test('a long message byte by byte costs no more than twice its bytes of memory at a time', () => {
  const framer = new Framer()
  const long = messageAround(2, new Uint8Array(65_535 - 19))
  let found: Uint8Array | Malformed | null = null
  for (const byte of long) {
    assert.equal(found, null)
    framer.push(Uint8Array.of(byte))
    found = framer.next(65_535)
  }
  assert(found instanceof Uint8Array)
  assert.deepEqual(found, long)
  assert(found.buffer.byteLength <= 2 * long.length)
})

const LENGTHS: [string, number, number, boolean][] = [
  ['0', 0, PLAIN, false],
  ['18', 18, PLAIN, false],
  ['4096', 4096, PLAIN, true],
  ['4097', 4097, PLAIN, false],
  ['4097 with extended messages', 4097, 65_535, true],
  ['65535', 65_535, PLAIN, false],
  ['65535 with extended messages', 65_535, 65_535, true],
]
for (const [name, length, maxBytes, waits] of LENGTHS) {
  test(`length ${name} ${waits ? 'is waited for' : 'is told before more is read'}`, () => {
    const framer = new Framer()
    framer.push(Uint8Array.of(...new Uint8Array(16).fill(255), length >> 8, length & 255, 2))
    const next = framer.next(maxBytes)
    if (waits) assert.equal(next, null)
    else assert(next !== null && 'malformed' in next && next.malformed.subcode === 2)
  })
}

test('where messages begin is unknown after a wrong marker, and stays so', () => {
  const framer = new Framer()
  framer.push(stream.slice(1))
  for (let times = 0; times < 2; times++) {
    const next = framer.next(PLAIN)
    assert(next !== null && 'malformed' in next && next.malformed.subcode === 1)
    framer.push(stream)
  }
})

test('the size that is allowed may change between two messages of one segment', () => {
  const framer = new Framer()
  framer.push(Buffer.concat([messageAround(4, ''), messageAround(2, new Uint8Array(5000))]))
  assert(framer.next(PLAIN) instanceof Uint8Array)
  assert(framer.next(65_535) instanceof Uint8Array)
})
