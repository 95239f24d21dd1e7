// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RouterNeighbors } from './router-neighbors.ts'

type Heard = readonly [atS: number, address: string, lifetimeS: number]

/** What was heard, and the neighbour at a later time. */
const CASES: [string, readonly Heard[], number, string | null][] = [
  ['nobody', [], 0, null],
  ['one', [[0, 'a', 30]], 29, 'a'],
  ['one whose lifetime has passed', [[0, 'a', 30]], 30, null],
  [
    'one that is heard again and again',
    [
      [0, 'a', 30],
      [29, 'a', 30],
    ],
    58,
    'a',
  ],
  ['one that is no default router', [[0, 'a', 0]], 1e6, 'a'],
  [
    'one that ceases to be a default router',
    [
      [0, 'a', 30],
      [10, 'a', 0],
    ],
    1e6,
    'a',
  ],
  [
    'two: the first',
    [
      [0, 'a', 30],
      [1, 'b', 30],
    ],
    20,
    'a',
  ],
  [
    'two, and the first is heard no more',
    [
      [0, 'a', 30],
      [1, 'b', 1800],
    ],
    30,
    'b',
  ],
  [
    'the first comes back behind the second',
    [
      [0, 'a', 30],
      [1, 'b', 1800],
      [31, 'a', 30],
    ],
    32,
    'b',
  ],
  [
    'a new one while the first was heard a moment ago',
    [
      [0, 'a', 0],
      [29, 'b', 0],
    ],
    1e6,
    'a',
  ],
  [
    'a new one while the first has long been silent',
    [
      [0, 'a', 0],
      [30, 'b', 0],
    ],
    42,
    'b',
  ],
  [
    'the first answers in time',
    [
      [0, 'a', 0],
      [30, 'b', 0],
      [41, 'a', 0],
    ],
    1e6,
    'a',
  ],
  [
    'a lifetime that ends sooner than the doubt',
    [
      [0, 'a', 35],
      [30, 'b', 0],
    ],
    35,
    'b',
  ],
  [
    'the fifth is not remembered',
    ['a', 'b', 'c', 'd', 'e'].map((address) => [0, address, address === 'e' ? 9 : 5]),
    6,
    null,
  ],
  [
    'the fifth when there is room again',
    [...['a', 'b', 'c', 'd'].map((address) => [0, address, 5] as const), [5, 'e', 5]],
    6,
    'e',
  ],
  [
    'the fifth where all have no end and were made up long ago',
    [
      ...['a', 'b', 'c', 'd'].map((address) => [0, address, 0] as const),
      ...[100, 101, 113, 126, 139].map((atS) => [atS, 'e', 0] as const),
    ],
    160,
    'e',
  ],
  [
    'the fifth, made up, while the others speak',
    [
      ...['a', 'b', 'c', 'd'].map((address) => [0, address, 0] as const),
      [29, 'e', 0],
      ...['a', 'b', 'c', 'd'].map((address) => [29, address, 5] as const),
      [33, 'e', 9],
    ],
    35,
    null,
  ],
]
for (const [name, heard, atS, expected] of CASES) {
  test(`neighbours: ${name}`, () => {
    const neighbors = new RouterNeighbors()
    for (const [heardS, address, lifetimeS] of heard) neighbors.hear(address, lifetimeS, 1000 * heardS)
    neighbors.expire(1000 * atS)
    assert.equal(neighbors.current(), expected)
  })
}

test('neighbours: the one in use is asked before its end, and while it is in doubt; one without end is not', () => {
  const neighbors = new RouterNeighbors()
  assert.deepEqual([neighbors.expiresMs(), neighbors.askFromMs()], [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY])
  neighbors.hear('a', 30, 0)
  assert.deepEqual([neighbors.expiresMs(), neighbors.askFromMs()], [30_000, 21_000])
  neighbors.hear('a', 3, 0)
  assert.deepEqual([neighbors.expiresMs(), neighbors.askFromMs()], [3000, 2000])
  neighbors.hear('a', 0, 0)
  assert.deepEqual([neighbors.expiresMs(), neighbors.askFromMs()], [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY])
  neighbors.hear('b', 0, 60_000)
  assert.deepEqual([neighbors.expiresMs(), neighbors.askFromMs()], [72_000, 63_000])
})
