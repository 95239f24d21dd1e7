// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Interned } from './rib-intern.ts'

test('the first of equal values is kept until its last use ends', () => {
  const interned = new Interned<{ key: string; from: number }>()
  const first = { key: 'a', from: 1 }
  assert.equal(interned.take(first), first)
  assert.equal(interned.take({ key: 'a', from: 2 }), first)
  assert.equal(interned.take({ key: 'b', from: 3 }).from, 3)
  assert.equal(interned.size, 2)
  interned.release(first)
  assert.equal(interned.take({ key: 'a', from: 4 }), first)
  interned.release(first)
  interned.release(first)
  assert.equal(interned.take({ key: 'a', from: 5 }).from, 5)
})

test('nothing is released that is not kept', () => {
  const interned = new Interned<{ key: string }>()
  assert.throws(() => interned.release({ key: 'a' }), assert.AssertionError)
})
