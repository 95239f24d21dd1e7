// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Broadcasts, retransmitLimit } from './broadcasts.ts'

const LIMITS: readonly (readonly [number, number])[] = [
  [1, 4],
  [9, 4],
  [10, 8],
  [99, 8],
  [100, 12],
  [1_000, 16],
]

for (const [members, limit] of LIMITS) {
  test(`in a ring of ${members} each message goes out ${limit} times`, () =>
    assert.equal(retransmitLimit(4, members), limit))
}

const WIDE = { roomBytes: 1_400, overheadBytes: 2, most: 255 }

/** One letter is one message: its first byte says which. */
function message(letter: string, length = 10): Uint8Array {
  return Buffer.alloc(length, letter)
}

function letters(taken: readonly Uint8Array[]): string {
  return taken.map((bytes) => String.fromCharCode(bytes[0] ?? 0)).join('')
}

test('those told least go first, of these the newest, each as often as the limit says', () => {
  const queue = new Broadcasts()
  for (const letter of 'abc') queue.queue(letter, message(letter))
  assert.equal(letters(queue.take({ ...WIDE, roomBytes: 24 }, 2)), 'cb')
  assert.equal(letters(queue.take({ ...WIDE, roomBytes: 24 }, 2)), 'ac')
  assert.equal(letters(queue.take(WIDE, 2)), 'ab')
  assert.deepEqual([letters(queue.take(WIDE, 2)), queue.size], ['', 0])
})

test('news about the same member take the place of older ones', () => {
  const queue = new Broadcasts()
  queue.queue('x', message('o'))
  queue.queue('y', message('y'))
  queue.take(WIDE, 9)
  queue.queue('x', message('n'))
  assert.equal(queue.size, 2)
  assert.deepEqual([letters(queue.take(WIDE, 9)), letters(queue.take(WIDE, 9))], ['ny', 'ny'])
  queue.drop('x')
  assert.deepEqual([queue.has('x'), queue.has('y'), letters(queue.take(WIDE, 9))], [false, true, 'y'])
})

const ROOMS: readonly (readonly [string, number, string])[] = [
  ['none', 0, ''],
  ['less than the smallest', 11, ''],
  ['just the smallest', 12, 's'],
  ['not both', 113, 'l'],
  ['both', 114, 'ls'],
]

for (const [name, roomBytes, taken] of ROOMS) {
  test(`room for messages of 10 and 100 bytes with 2 each: ${name}`, () => {
    const queue = new Broadcasts()
    queue.queue('s', message('s', 10))
    queue.queue('l', message('l', 100))
    assert.equal(letters(queue.take({ ...WIDE, roomBytes }, 9)), taken)
  })
}

test('no more than a packet can count', () => {
  const queue = new Broadcasts()
  for (let i = 0; i < 300; i++) queue.queue(`m${i}`, message('m', 1))
  assert.equal(queue.take({ roomBytes: 60_000, overheadBytes: 2, most: 255 }, 9).length, 255)
})

test('while nobody takes anything, a member that changes without end leaves no heap behind', () => {
  const queue = new Broadcasts()
  const before = process.memoryUsage().heapUsed
  for (let i = 0; i < 200_000; i++) queue.queue('x', message('x', 100))
  assert.equal(queue.size, 1)
  assert.ok(process.memoryUsage().heapUsed - before < 60_000_000)
  assert.equal(letters(queue.take(WIDE, 9)), 'x')
})
