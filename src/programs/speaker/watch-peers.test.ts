// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { watchPeers } from './watch-peers.ts'

const nodes = (count: number): string[] => Array.from({ length: count }, (_, i) => `node${i}`)

const hexOf = (name: string): string => hash('sha256', name)

const SIZES: [string, number, number][] = [
  ['alone there is nobody to watch', 1, 0],
  ['two watch each other', 2, 1],
  ['up to 32 everybody watches everybody', 32, 31],
  ['above that, 8 on either side', 33, 16],
  ['and no more among many', 1000, 16],
]
for (const [name, members, expected] of SIZES) {
  test(name, () => {
    const peers = watchPeers('node0', nodes(members))
    assert.equal(peers.length, expected)
    assert.equal(new Set(peers).size, expected)
    assert.ok(!peers.includes('node0'))
  })
}

test('the order is that of SHA-256 of the names, byte by byte', () => {
  // printf %s NAME | sha256sum: n2 0480…, n1 676b…, n3 8721…, n4 8845…
  const members = ['n1', 'n2', 'n3', 'n4']
  assert.deepEqual(watchPeers('n1', members), ['n3', 'n4', 'n2'])
})

test('of 33 members the 8 next and the 8 before on the ring are watched', () => {
  const members = nodes(33)
  const ring = members.toSorted((a, b) => (hexOf(a) < hexOf(b) ? -1 : 1))
  const at = ring.indexOf('node5')
  const around = [1, 2, 3, 4, 5, 6, 7, 8, -8, -7, -6, -5, -4, -3, -2, -1].map((by) => ring.at((at + by) % 33))
  assert.deepEqual(watchPeers('node5', members), around)
})

test('members named twice, or self missing, change nothing', () => {
  const members = nodes(40)
  const expected = watchPeers('node7', members)
  assert.deepEqual(watchPeers('node7', [...members, ...members]), expected)
  assert.deepEqual(
    watchPeers(
      'node7',
      members.filter((name) => name !== 'node7'),
    ),
    expected,
  )
})

test('if one watches another, the other watches it, whatever the order they heard of each other in', () => {
  const names = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 12, unit: 'grapheme' }), {
    minLength: 2,
    maxLength: 60,
  })
  fc.assert(
    fc.property(names, fc.integer(), (members, turn) => {
      const rotated = [...members.slice(turn % members.length), ...members.slice(0, turn % members.length)]
      const [self = ''] = members
      for (const peer of watchPeers(self, members)) assert.ok(watchPeers(peer, rotated).includes(self))
      for (const other of members) {
        if (other === self) continue
        assert.equal(watchPeers(self, members).includes(other), watchPeers(other, rotated).includes(self))
      }
    }),
    { numRuns: 30 },
  )
})
