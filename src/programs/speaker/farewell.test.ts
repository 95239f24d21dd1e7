// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { farewellFor } from './farewell.ts'
import type { Leaving } from './leaving.ts'

const KEEPS = { gracefulRestart: { restartMs: 120_000 } }
const FORGETS = { gracefulRestart: null }
const leaving = (message: string): Leaving => ({ code: 'nodeBeingDeleted', message })

test('a peer that keeps our routes over a restart hears nothing of one', () => {
  assert.deepEqual(farewellFor(KEEPS, null), { kind: 'handover', text: '' })
})

test('everybody else is told, and so is that peer when the node leaves', () => {
  assert.deepEqual(farewellFor(FORGETS, null), { kind: 'drain', text: 'metallb: the speaker stops' })
  for (const peer of [KEEPS, FORGETS]) {
    const text = 'metallb: node n1 is being deleted'
    assert.deepEqual(farewellFor(peer, leaving('node n1 is being deleted')), { kind: 'drain', text })
  }
})

const LONG: readonly (readonly [string, string, number])[] = [
  ['as long as may be', 'a'.repeat(119), 128],
  ['a byte longer', 'a'.repeat(120), 128],
  ['the longest name of a node', `node ${'a'.repeat(253)} is being deleted`, 128],
  ['cut between characters of two bytes', 'é'.repeat(100), 127],
  ['cut between characters of four bytes', '🛑'.repeat(50), 125],
]
for (const [name, message, bytes] of LONG) {
  test(`the text fits RFC 8203: ${name}`, () => {
    const { text } = farewellFor(FORGETS, leaving(message))
    assert.equal(Buffer.byteLength(text), bytes)
    assert.ok(`metallb: ${message}`.startsWith(text))
    assert.ok(text.isWellFormed())
  })
}
