// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encode } from './codec/codec.ts'
import { INITIAL_DIALECT } from './codec/message.ts'
import { Counting } from './session-counters.ts'
import type { OnMessage } from './session-options.ts'

const KEEPALIVE = { type: 'keepalive' } as const
const BYTES = encode(KEEPALIVE, INITIAL_DIALECT)
const MALFORMED = { malformed: { code: 1, subcode: 2, data: new Uint8Array(0), why: 'too short' } }

test('messages are counted by type and direction, and what cannot be read by itself', () => {
  const counting = new Counting()
  counting.sent(BYTES)
  counting.received(KEEPALIVE)
  counting.received(MALFORMED)
  const { sent, received, malformed } = counting.counters
  assert.deepEqual([sent.keepalive, received.keepalive, malformed], [1, 1, 1])
})

test('whoever looks on sees each message once', () => {
  const seen: Parameters<OnMessage>[] = []
  const counting = new Counting((...message) => seen.push(message))
  counting.sent(BYTES)
  counting.received(KEEPALIVE)
  counting.received(MALFORMED)
  assert.deepEqual(seen, [
    ['sent', BYTES],
    ['received', KEEPALIVE],
    ['received', MALFORMED],
  ])
})
