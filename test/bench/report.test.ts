// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Figure, median } from './figure.ts'
import { isBeyond, report, withRun } from './report.ts'

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

test('the median is the middle', () => {
  assert.equal(median([9, 1, 5, 100, 2]), 5)
})
