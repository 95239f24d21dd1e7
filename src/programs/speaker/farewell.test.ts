// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Capability } from '../../bgp/codec/message.ts'
import { farewellFor } from './farewell.ts'
import type { Leaving } from './leaving.ts'

const KEEPS = { gracefulRestart: { restartMs: 120_000 } }
const FORGETS = { gracefulRestart: null }
/** The peer's OPEN, as far as it is known. */
const said = (...capabilities: readonly Capability[]) =>
  ({
    received: { type: 'open', asn: 1, holdSeconds: 90, routerId: 1, capabilities },
  }) as const
const KNOWS = said({ type: 'gracefulRestart', restarting: false, notification: false, restartSeconds: 0, families: [] })
const leaving = (message: string): Leaving => ({ code: 'nodeBeingDeleted', message })

test('a peer that keeps our routes over a restart hears nothing of one', () => {
  assert.deepEqual(farewellFor(KEEPS, null, KNOWS), { kind: 'handover', text: '' })
})

test('a peer that knows nothing of restarts drops our routes, and is told', () => {
  assert.equal(farewellFor(KEEPS, null, said({ type: 'routeRefresh' })).kind, 'drain')
  assert.equal(farewellFor(KEEPS, null, { received: null }).kind, 'handover')
})

test('everybody else is told, and so is that peer when the node leaves', () => {
  assert.deepEqual(farewellFor(FORGETS, null, KNOWS), { kind: 'drain', text: 'metallb: the speaker stops' })
  for (const peer of [KEEPS, FORGETS]) {
    const text = 'metallb: node n1 is being deleted'
    assert.deepEqual(farewellFor(peer, leaving('node n1 is being deleted'), KNOWS), { kind: 'drain', text })
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
    const { text } = farewellFor(FORGETS, leaving(message), KNOWS)
    assert.equal(Buffer.byteLength(text), bytes)
    assert.ok(`metallb: ${message}`.startsWith(text))
    assert.ok(text.isWellFormed())
  })
}
