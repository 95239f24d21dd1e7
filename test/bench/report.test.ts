// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Figure, median } from './figure.ts'
import { bestOf, isBeyond, isWorthAnotherRun, report, withRun } from './report.ts'

const figure = (value: number, bound: number | null): Figure => ({ name: 'ready', value, unit: 'ms', bound })

const CASES: [string, number, number | null, number, boolean][] = [
  ['at its bound', 150, 150, 1, false],
  ['above its bound', 151, 150, 1, true],
  ['within twice its bound', 300, 150, 2, false],
  ['above twice its bound', 301, 150, 2, true],
  ['for information', 9000, null, 1, false],
  ['not measured', Number.NaN, 150, 2, true],
  ['nothing allowed, something there', 1, 0, 2, true],
]
for (const [name, value, bound, tolerance, beyond] of CASES) {
  test(`a figure ${name}`, () => assert.equal(isBeyond(figure(value, bound), tolerance), beyond))
}

test('the report ends with what tools/test.ts counts', () => {
  const lines = report([figure(10, 20), figure(30, 20), figure(9, null)], 1).split('\n')
  assert.equal(lines.at(-2), '1 within bounds, 1 beyond')
  assert.deepEqual(
    lines.map((line) => line.startsWith('✖')),
    [false, true, false, false, false],
  )
})

test('runs are recorded newest first, below the words of the page', () => {
  const run = { machine: '2 cores', figures: [figure(12.345, 150)] }
  const once = withRun('', { ...run, date: '2026-01-01', commit: 'aaa' })
  const twice = withRun(once, { ...run, date: '2026-01-02', commit: 'bbb' })
  assert.deepEqual(twice.match(/^#.*$/gm), ['# Performance', '## 2026-01-02, bbb', '## 2026-01-01, aaa'])
  assert.match(once, /\n\| ready \| 12\.3 ms \| ≤ 150 ms \|\n$/)
  assert.ok(twice.endsWith(once.slice(once.indexOf('## '))))
})

test('of several runs each figure is the best one, and says so', () => {
  const noted = { ...figure(20, 10), name: 'answer', note: 'against 5 µs' }
  const twice = bestOf([noted, figure(5, null)], [{ ...noted, value: 12 }, figure(7, null)], 2)
  assert.deepEqual(
    twice.map(({ value, note }) => [value, note]),
    [
      [12, 'against 5 µs, best of 2 runs'],
      [5, 'best of 2 runs'],
    ],
  )
  const thrice = bestOf(twice, [{ ...noted, value: 9 }, figure(4, null)], 3)
  assert.deepEqual(
    thrice.map(({ value, note }) => [value, note]),
    [
      [9, 'against 5 µs, best of 3 runs'],
      [4, 'best of 3 runs'],
    ],
  )
})

const MISSES: [string, number[], number][] = [
  ['in the first run', [1, 0, 0], 1],
  ['in the second', [0, 2, 1], 2],
  ['in the last', [0, 0, 3], 3],
  ['in none', [0, 0, 0], 0],
  ['not measured in the first run', [Number.NaN, 0, 1], Number.NaN],
  ['not measured in the last', [0, 4, Number.NaN], Number.NaN],
]
for (const [name, values, worst] of MISSES) {
  test(`what may never happen is a miss if it did in one of several runs: ${name}`, () => {
    const [first = [], ...others] = values.map((value) => [{ ...figure(value, 0), note: 'seen' }])
    const [kept] = others.reduce<readonly Figure[]>((before, after, at) => bestOf(before, after, at + 2), first)
    assert.equal(kept?.value, worst)
    assert.equal(kept?.note, 'seen, worst of 3 runs')
    assert.equal(isBeyond(kept, 2), worst !== 0)
  })
}

test('there is another run for what a busy machine makes longer, and none for what may never happen', () => {
  const figures = [figure(301, 150), figure(Number.NaN, 150), figure(300, 150), figure(9000, null)]
  assert.deepEqual(
    [...figures, figure(1, 0), figure(Number.NaN, 0)].map((one) => isWorthAnotherRun(one, 2)),
    [true, true, false, false, false, false],
  )
})

test('the median is the middle', () => {
  assert.equal(median([9, 1, 5, 100, 2]), 5)
})
