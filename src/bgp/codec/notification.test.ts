// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FOUR_OCTETS, messageAround } from '../../../test/fuzz/bgp-vectors.ts'
import { toHex } from '../../lib/bytes.ts'
import { decode, encode } from './codec.ts'
import { notificationWords } from './notification-words.ts'

const hex = (text: string): string => toHex(new TextEncoder().encode(text))

/** Body of a NOTIFICATION, and what people read. */
const WORDS: [string, string][] = [
  ['01 01', 'message header error: connection not synchronized'],
  ['01 02 0012', 'message header error: bad message length'],
  ['02 02', 'OPEN message error: bad peer AS'],
  ['02 00', 'OPEN message error'],
  ['03 0b 0000', 'UPDATE message error: malformed AS_PATH'],
  ['03 63', 'UPDATE message error, subcode 99'],
  ['04 00', 'hold timer expired'],
  ['05 03', 'finite state machine error: unexpected message in Established'],
  ['06 00', 'Cease'],
  ['06 02', 'Cease: administrative shutdown'],
  [`06 02 00`, 'Cease: administrative shutdown'],
  [`06 02 0a ${hex('maintenanc')}`, 'Cease: administrative shutdown ("maintenanc")'],
  [`06 04 04 ${hex('bye!')}`, 'Cease: administrative reset ("bye!")'],
  [`06 02 04 ${hex('bye! and more')}`, 'Cease: administrative shutdown ("bye!")'],
  [`06 02 ff ${'61'.repeat(255)}`, `Cease: administrative shutdown ("${'a'.repeat(255)}")`],
  // A text that is longer than what came is none (RFC 9003 §4).
  [`06 02 05 ${hex('bye!')}`, 'Cease: administrative shutdown'],
  [`06 02 ff`, 'Cease: administrative shutdown'],
  // What is no UTF-8, or moves a terminal's cursor, or turns the direction of writing.
  [`06 02 05 62 ff 79 65 c3`, 'Cease: administrative shutdown ("b\u{fffd}ye\u{fffd}")'],
  [`06 02 05 1b 5b 32 4a 0a`, 'Cease: administrative shutdown ("\u{fffd}[2J\u{fffd}")'],
  [`06 02 06 e280ae e280a8`, 'Cease: administrative shutdown ("\u{fffd}\u{fffd}")'],
  // Other subcodes carry no text.
  [`06 07 04 ${hex('bye!')}`, 'Cease: connection collision resolution'],
  ['06 0a', 'Cease: BFD down'],
  ['06 09', 'Cease: hard reset'],
  [`06 09 06 02 04 ${hex('bye!')}`, 'Cease: hard reset, Cease: administrative shutdown ("bye!")'],
  ['06 09 04 00', 'Cease: hard reset, hold timer expired'],
  ['06 09 06', 'Cease: hard reset'],
  [`06 09 06 09 06 02 04 ${hex('bye!')}`, 'Cease: hard reset, Cease: hard reset'],
  ['07 01', 'ROUTE-REFRESH message error: invalid message length'],
  ['08 00', 'send hold timer expired'],
  ['00 00', 'error 0, subcode 0'],
  ['ff ff', 'error 255, subcode 255'],
]
for (const [body, words] of WORDS) {
  test(`${body.slice(0, 40)} says: ${words.slice(0, 80)}`, () => {
    const answer = decode(messageAround(3, body), FOUR_OCTETS)
    assert(!('malformed' in answer) && answer.type === 'notification')
    assert.equal(notificationWords(answer), words)
    assert.deepEqual(encode(answer, FOUR_OCTETS), messageAround(3, body))
  })
}

const SENT: [string, number, string, string][] = [
  ['a reason', 2, 'moved', `06 02 05 ${hex('moved')}`],
  ['a reason of a reset', 4, 'moved', `06 04 05 ${hex('moved')}`],
  ['no reason', 2, '', '06 02'],
  ['a reason where there is no place for one', 7, 'moved', '06 07'],
  ['a reason of 256 characters', 2, 'a'.repeat(256), `06 02 ff ${'61'.repeat(255)}`],
  ['a reason that is too long in the middle of a character', 2, `${'a'.repeat(253)}–`, `06 02 fd ${'61'.repeat(253)}`],
]
for (const [name, subcode, reason, body] of SENT) {
  test(`${name} is sent as ${body.slice(0, 24)}`, () => {
    const bytes = encode({ type: 'notification', code: 6, subcode, data: new Uint8Array(0), reason }, FOUR_OCTETS)
    assert.deepEqual(bytes, messageAround(3, body))
  })
}

test('data beyond the size of a message is cut', () => {
  const data = new Uint8Array(5000).fill(7)
  const bytes = encode({ type: 'notification', code: 3, subcode: 5, data, reason: '' }, FOUR_OCTETS)
  assert.equal(bytes.length, 4096)
  assert.equal(bytes[4095], 7)
})
