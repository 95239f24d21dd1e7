// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Counting, closingLines, outcomeOf, withoutPassed } from './counts.ts'

const closing = (tests: number, pass: number, fail: number, skipped = 0, todo = 0) =>
  `✔ a\nℹ tests ${tests}\nℹ suites 0\nℹ pass ${pass}\nℹ fail ${fail}\nℹ cancelled 0\nℹ skipped ${skipped}\nℹ todo ${todo}\n` +
  'ℹ duration_ms 12.5\n'

const CASES: [string, Counting, string, number, number, number, string[]][] = [
  ['a check that passes', 'one', '', 0, 1, 0, []],
  ['a check that fails', 'one', 'src/x.ts: no', 1, 0, 1, []],
  ['tests that pass', 'tests', closing(7, 7, 0), 0, 7, 0, []],
  ['a test that fails', 'tests', closing(7, 6, 1), 1, 6, 1, []],
  ['a cancelled test is a failed one', 'tests', closing(7, 5, 1), 1, 5, 2, []],
  ['no test at all', 'tests', closing(0, 0, 0), 0, 0, 1, ['it ran nothing']],
  ['a skipped test', 'tests', closing(7, 6, 0, 1), 0, 6, 1, ['1 marked skipped: every test has to run']],
  ['a test marked todo', 'tests', closing(7, 5, 0, 0, 2), 0, 5, 1, ['2 marked todo: every test has to run']],
  ['a runner that died', 'tests', 'Segmentation fault', 139, 0, 1, ['it ended without its closing lines']],
  ['an error that no count shows', 'tests', closing(7, 7, 0), 1, 7, 1, ['it exited with status 1']],
  ['a test that prints closing lines', 'tests', closing(1, 1, 0) + closing(7, 6, 1), 1, 6, 1, []],
  ['figures', 'figures', 'x 1 ms\n9 within bounds, 0 beyond\n', 0, 9, 0, []],
  ['a figure beyond its bound', 'figures', '8 within bounds, 1 beyond\n', 1, 8, 1, []],
  ['a bench that died', 'figures', 'killed', 1, 0, 1, ['it ended without its closing lines']],
]
for (const [name, counting, output, code, passed, failed, complaints] of CASES) {
  test(name, () => assert.deepEqual(outcomeOf(counting, output, code), { counts: { passed, failed }, complaints }))
}

test('the closing lines are those of node, without what follows', () => {
  const lines = closingLines(`${closing(2, 1, 1)}\n✖ failing tests:\n\n✖ b\n`).split('\n')
  assert.equal(lines[0], 'ℹ tests 2')
  assert.equal(lines.at(-1), 'ℹ duration_ms 12.5')
})

test('a failure is shown without the tests that passed', () => {
  assert.equal(withoutPassed('✔ a\n▶ suite\n  ✔ inner\n✖ b\nℹ tests 3'), '✖ b\nℹ tests 3')
})
