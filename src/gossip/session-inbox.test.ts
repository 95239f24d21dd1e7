// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { News } from './membership.ts'
import { Inbox } from './session-inbox.ts'

function suspect(node: string): News {
  return { type: 'suspect', incarnation: 1, node, from: 'a' }
}

function alive(node: string): News {
  const none = new Uint8Array(0)
  return { type: 'alive', incarnation: 1, node, address: none, port: 1, meta: none, versions: none }
}

test('those alive first, of each kind the newest', () => {
  const inbox = new Inbox(9)
  for (const news of [suspect('1'), alive('2'), suspect('3'), alive('4')]) inbox.put(news)
  const order = Array.from({ length: 5 }, () => inbox.take()?.node)
  assert.deepEqual(order, ['4', '2', '3', '1', undefined])
})

test('of each kind no more than its depth', () => {
  const inbox = new Inbox(2)
  const taken = [suspect('1'), suspect('2'), suspect('3'), alive('4')].map((news) => inbox.put(news))
  assert.deepEqual([taken, inbox.size], [[true, true, false, true], 3])
})
