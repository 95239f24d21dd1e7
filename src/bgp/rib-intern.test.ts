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

test('a value that is kept is not made again, and its use counts', () => {
  const interned = new Interned<{ key: string; from: number }>()
  const made: string[] = []
  const make = (key: string) => {
    made.push(key)
    return { key, from: made.length }
  }
  const first = interned.use('a', make)
  assert.equal(interned.use('a', make), first)
  assert.equal(interned.use('b', make).from, 2)
  assert.deepEqual(made, ['a', 'b'])
  interned.release(first)
  assert.equal(interned.take({ key: 'a', from: 9 }), first)
  interned.release(first)
  interned.release(first)
  assert.equal(interned.use('a', make).from, 3)
})

test('nothing is released that is not kept', () => {
  const interned = new Interned<{ key: string }>()
  assert.throws(() => interned.release({ key: 'a' }), assert.AssertionError)
})
