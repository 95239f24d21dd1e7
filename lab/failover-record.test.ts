// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ClaimsRecord, type HeardClaim, parseClaim } from './failover-record.ts'

const IP = '198.18.0.1'
const [A, B] = ['02:00:00:00:00:0a', '02:00:00:00:00:0b']

/** `A5` is an answer of A at 5 ms, `b7` an announcement of B at 7 ms. */
function recordOf(...claims: readonly string[]): ClaimsRecord {
  const record = new ClaimsRecord()
  for (const claim of claims) {
    const [letter = ''] = claim
    const kind: HeardClaim['kind'] = letter === letter.toUpperCase() ? 'answer' : 'told'
    record.add({ ip: IP, mac: letter.toUpperCase() === 'A' ? A : B, kind, atMs: Number(claim.slice(1)) })
  }
  return record
}

test('lines of the prober', () => {
  const answer = parseClaim('198.18.0.1 02:00:00:00:00:0a answer 1500000')
  assert.deepEqual(answer, { ip: IP, mac: A, kind: 'answer', atMs: 1.5 })
  assert.equal(parseClaim('198.18.0.1 02:00:00:00:00:0a told 7000000')?.kind, 'told')
  for (const other of ['ready', '', '198.18.0.1 02:00:00:00:00:0a asks 5']) assert.equal(parseClaim(other), undefined)
})

const SILENCES: readonly (readonly [name: string, claims: string[], fromMs: number, toMs: number, expected: number])[] =
  [
    ['nothing at all', [], 10, 110, 100],
    ['a gap in the middle', ['A10', 'A15', 'A65', 'A70'], 10, 70, 50],
    ['a gap at the end', ['A10', 'A15'], 10, 100, 85],
    ['a gap at the beginning', ['A60', 'A65'], 10, 65, 50],
    ['whoever answers', ['A10', 'B20', 'A30'], 10, 30, 10],
    ['an announcement is no answer', ['A10', 'b20', 'A40'], 10, 40, 30],
    ['what lies outside does not count', ['A5', 'A20', 'A90', 'A95'], 10, 30, 10],
  ]

for (const [name, claims, fromMs, toMs, expected] of SILENCES) {
  test(`the longest silence: ${name}`, () => {
    assert.equal(recordOf(...claims).longestSilenceMs(IP, { fromMs, toMs }), expected)
  })
}

test('the first answer by another', () => {
  const record = recordOf('A10', 'B12', 'A15', 'b18', 'B20', 'A25')
  assert.equal(record.firstByAnother(IP, A, 13)?.atMs, 20)
  assert.equal(record.firstByAnother(IP, A, 21), undefined)
  assert.equal(record.firstClaimByAnother(IP, A, 13)?.atMs, 18)
  assert.equal(record.firstByAnother('198.18.0.2', A, 0), undefined)
})

const DISSENTS: readonly (readonly [name: string, claims: string[], expected: number | null])[] = [
  ['one owner all the time', ['A10', 'A20'], null],
  ['two, then one', ['A10', 'B11', 'A20', 'B21', 'B30'], 20],
  ['an announcement counts', ['B10', 'B15', 'a18', 'B20'], 18],
  ['what comes after the span does not', ['B10', 'B15', 'A200'], null],
]

for (const [name, claims, expected] of DISSENTS) {
  test(`the last dissent: ${name}`, () => {
    assert.equal(recordOf(...claims).lastDissentMs(IP, { fromMs: 0, toMs: 100 }), expected)
  })
}

test('how long two own an address', () => {
  const span = { fromMs: 0, toMs: 1000 }
  assert.equal(recordOf('A10', 'B11', 'A15', 'B16').doublyOwnedMs(IP, span, 20), 6)
  assert.equal(recordOf('A10', 'A15', 'B60', 'B65').doublyOwnedMs(IP, span, 20), 0)
})

test('who claimed it', () => {
  const record = recordOf('A10', 'b11', 'A15')
  assert.deepEqual([...record.claimants(IP, { fromMs: 0, toMs: 12 })], [A, B])
  assert.deepEqual([...record.claimants(IP, { fromMs: 12, toMs: 20 })], [A])
  assert.deepEqual(
    record.of(IP, 11).map(({ atMs }) => atMs),
    [11, 15],
  )
})
