// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLog } from '../lib/log.ts'
import type { Problem } from '../lib/problem.ts'
import { ProblemLog } from './problem-log.ts'

const NOBODY = { kind: '', namespace: '', name: '' }
const problem = (message: string, fields: Partial<Problem> = {}): Problem => ({
  severity: 'error',
  object: { kind: 'IPAddressPool', namespace: 'metallb-system', name: 'a' },
  field: 'spec.addresses[0]',
  code: 'invalidAddress',
  transient: false,
  message,
  ...fields,
})
const inFile = (file: string, line: number): Problem =>
  problem('kind is missing', { object: NOBODY, field: 'kind', code: 'notAnObject', file, line })

/** Lists that come one after the other, and what the log says in the end. */
const CASES: [name: string, lists: Problem[][], said: string[]][] = [
  ['nothing', [[]], []],
  ['a problem', [[problem('x')]], ['x']],
  ['the same list again', [[problem('x')], [problem('x')]], ['x']],
  ['another problem of the same field', [[problem('x'), problem('y')]], ['x', 'y']],
  ['it is solved', [[problem('x')], []], ['x', 'problem solved']],
  ['it comes back', [[problem('x')], [], [problem('x')]], ['x', 'problem solved', 'x']],
  ['the same in two files', [[inFile('a.yaml', 1), inFile('b.yaml', 1)]], ['kind is missing', 'kind is missing']],
  ['twice in one file', [[inFile('a.yaml', 1), inFile('a.yaml', 9)]], ['kind is missing', 'kind is missing']],
  [
    'the line of an object moves',
    [[problem('x', { file: 'a.yaml', line: 1 })], [problem('x', { file: 'a.yaml', line: 7 })]],
    ['x'],
  ],
]
for (const [name, lists, said] of CASES) {
  test(`problem log: ${name}`, () => {
    const lines: string[] = []
    const log = new ProblemLog(
      createLog('info', (line) => lines.push(line)),
      (found) => found,
    )
    for (const list of lists) log.report(list)
    assert.deepEqual(
      lines.map((line) => /"msg":"([^"]*)"/.exec(line)?.[1]),
      said,
    )
  })
}
