// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Waiting } from './waiting.ts'

test('freed room wakes those that wait for it, once each, and nobody else', () => {
  const waiting = new Waiting()
  waiting.set('default/a', ['blue'])
  waiting.set('default/b', ['blue', 'green'])
  waiting.set('default/c', ['red'])
  assert.deepEqual(waiting.waitersFor(['blue', 'green']), ['default/a', 'default/b'])
  assert.deepEqual(waiting.waitersFor(['yellow']), [])
})

test('a new list replaces the old one; an empty one ends the waiting', () => {
  const waiting = new Waiting()
  waiting.set('default/a', ['blue'])
  waiting.set('default/a', ['green'])
  assert.deepEqual(waiting.waitersFor(['blue']), [])
  waiting.set('default/a', [])
  assert.deepEqual(waiting.waitersFor(['green']), [])
})
