// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MemberView } from '../../gossip/session.ts'
import { LostMembers } from './lost-members.ts'
import { watchPeers } from './watch-peers.ts'

const member = (number: number, state: MemberView['state']): MemberView => {
  const at = { address: `10.0.0.${number}`, port: 7946 }
  return { name: `node${number}`, ...at, meta: new Uint8Array(0), state, incarnation: 1, sinceMs: 0 }
}

const STATES: [string, MemberView['state'][], number, boolean][] = [
  ['a dead member is looked for', ['alive', 'dead'], 7947, true],
  ['one that is back is not', ['dead', 'alive'], 7947, false],
  ['a suspect still counts as there', ['suspect'], 7947, false],
  ['one that has left in peace is not looked for', ['left'], 7947, false],
  ['nor one that was never watched', ['dead'], 0, false],
]
for (const [name, states, port, expected] of STATES) {
  test(name, () => {
    const lost = new LostMembers()
    for (const state of states) lost.heard(member(1, state), port)
    assert.deepEqual(
      lost.toWatch('node0', new Map()),
      expected ? [{ name: 'node1', address: '10.0.0.1', port: 7947 }] : [],
    )
    assert.equal(lost.get('node1') !== undefined, expected)
  })
}

test('who was where no speaker is any more is not looked for', () => {
  const lost = new LostMembers()
  lost.heard(member(1, 'dead'), 7947)
  lost.heard(member(2, 'dead'), 7947)
  lost.keepAt([{ address: '10.0.0.2', port: 7946 }])
  assert.deepEqual([lost.get('node1'), lost.get('node2')?.address], [undefined, '10.0.0.2'])
})

test('where another one lives nobody is looked for, and of two that were at one address the last', () => {
  const lost = new LostMembers()
  lost.heard({ ...member(1, 'dead'), sinceMs: 5 }, 7947)
  lost.heard({ ...member(2, 'dead'), address: '10.0.0.1', sinceMs: 4 }, 7947)
  assert.deepEqual(
    lost.toWatch('node0', new Map()).map(({ name }) => name),
    ['node1'],
  )
  assert.deepEqual(lost.toWatch('node0', new Map([['node3', { address: '10.0.0.1' }]])), [])
  assert.equal(lost.get('node1'), undefined)
})

test('no more than 1,024 are looked for, the last ones, whatever names are invented', () => {
  const lost = new LostMembers()
  for (let count = 0; count < 3_000; count++) {
    const place = { address: `10.${count >> 8}.${count & 255}.1`, sinceMs: count }
    lost.heard({ ...member(1, 'dead'), ...place, name: `invented${count}` }, 7947)
  }
  assert.deepEqual([lost.get('invented1975'), lost.get('invented1976')?.address], [undefined, '10.7.184.1'])
})

test('of two halves of a large ring each node looks for some of the other, and is looked for by the same', () => {
  const names = Array.from({ length: 50 }, (_, number) => `node${number}`)
  const halves = [names.slice(0, 25), names.slice(25)] as const
  const sought = new Map<string, string[]>()
  for (const [here, there] of [halves, halves.toReversed()]) {
    for (const self of here ?? []) {
      const lost = new LostMembers()
      for (const name of there ?? []) lost.heard(member(Number(name.slice(4)), 'dead'), 7947)
      const live = new Map((here ?? []).filter((name) => name !== self).map((name) => [name, { address: name }]))
      sought.set(
        self,
        lost.toWatch(self, live).map(({ name }) => name),
      )
    }
  }
  const among = watchPeers('node3', names)
  assert.deepEqual(
    sought.get('node3'),
    among.filter((name) => halves[1].includes(name)),
  )
  for (const [self, others] of sought) for (const other of others) assert.ok(sought.get(other)?.includes(self))
})
