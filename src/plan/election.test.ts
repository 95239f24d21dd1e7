// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { rankingOf, winnerOf } from './election.ts'
import { l2Ad } from './sample-world.ts'

// Orders that MetalLB's speakers agree on: candidates (with scores where they have one), address, who answers in turn.
const VECTORS: [string, Record<string, number>, string, string[]][] = [
  ['three nodes', { 'node-a': 0, 'node-b': 0, 'node-c': 0 }, '10.0.0.1', ['node-b', 'node-a', 'node-c']],
  [
    'the next address goes elsewhere',
    { 'node-a': 0, 'node-b': 0, 'node-c': 0 },
    '10.0.0.2',
    ['node-b', 'node-c', 'node-a'],
  ],
  ['equal scores leave it to the hash', { 'node-a': 70, 'node-b': 70 }, '10.20.30.1', ['node-b', 'node-a']],
  [
    'a score comes before the hash',
    { 'edge-a': 100, 'edge-b': 0, 'worker-a': 0, 'worker-b': 0 },
    '10.20.30.1',
    ['edge-a', 'edge-b', 'worker-a', 'worker-b'],
  ],
  [
    'two preferred nodes',
    { 'edge-a': 100, 'edge-b': 100, 'worker-a': 0 },
    '10.20.30.1',
    ['edge-b', 'edge-a', 'worker-a'],
  ],
  ['a pair', { iris1: 0, iris2: 0 }, '10.20.30.1', ['iris2', 'iris1']],
  ['a pair, next address', { iris1: 0, iris2: 0 }, '10.20.30.2', ['iris1', 'iris2']],
  ['one node', { only: 0 }, '10.20.30.1', ['only']],
  ['nobody', {}, '10.20.30.1', []],
]
for (const [name, scores, ip, order] of VECTORS) {
  test(`election: ${name}`, () => {
    const nodes = Object.keys(scores)
    const ads = [l2Ad(nodes, { scores: new Map(Object.entries(scores)) })]
    for (const candidates of [nodes, nodes.toReversed()]) {
      assert.deepEqual(rankingOf({ candidates, ads, ip }), order)
      assert.equal(winnerOf({ candidates, ads, ip }), order[0] ?? null)
    }
  })
}

const preferring = (node: string, weight: number) => l2Ad(['a', 'b'], { scores: new Map([[node, weight]]) })
test('election: scores of several advertisements add up', () => {
  const ballot = { candidates: ['a', 'b'], ip: '10.0.0.1' }
  const lead = [preferring('a', 60), preferring('b', 50), preferring('b', 20)]
  assert.equal(winnerOf({ ...ballot, ads: lead }), 'b')
  assert.equal(winnerOf({ ...ballot, ads: lead.slice(0, 2) }), 'a')
})

const nodeNames = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,3}$/), { minLength: 1, maxLength: 8 })
const elections = fc.record({
  candidates: nodeNames,
  weights: fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 8, maxLength: 8 }),
  ip: fc.ipV4(),
})
const ballotOf = ({ candidates, weights, ip }: { candidates: string[]; weights: number[]; ip: string }) => {
  const scores = new Map(candidates.map((node, at) => [node, weights[at] ?? 0]))
  return { candidates, ads: [l2Ad(candidates, { scores })], ip }
}

test('election: the winner is the first of the ranking, whatever the order of the candidates', () => {
  fc.assert(
    fc.property(elections, (election) => {
      const ballot = ballotOf(election)
      const winner = winnerOf(ballot)
      assert.equal(rankingOf(ballot)[0], winner)
      assert.equal(winnerOf({ ...ballot, candidates: ballot.candidates.toReversed() }), winner)
    }),
  )
})

test('election: whoever leaves, the others keep their order', () => {
  fc.assert(
    fc.property(elections, fc.nat(), (election, pick) => {
      const ballot = ballotOf(election)
      const leaver = ballot.candidates[pick % ballot.candidates.length]
      const stay = (node: string) => node !== leaver
      const after = rankingOf({ ...ballot, candidates: ballot.candidates.filter(stay) })
      assert.deepEqual(after, rankingOf(ballot).filter(stay))
    }),
  )
})
