// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fault } from '../../../lib/fault.ts'
import { parseArguments } from './arguments.ts'

const words = (line: string): string[] => line.split(' ').filter((word) => word !== '')

const STEPS: readonly (readonly [string, string, unknown])[] = [
  ['one step', 'a.yaml b', [[['a.yaml', 'b'], []]]],
  [
    '--then takes the paths behind it, --delete belongs to it',
    'a --then b c --delete Service/x/y --then --delete Node/n - -o json d',
    [
      [['a'], []],
      [['b', 'c'], ['Service/x/y']],
      [['-', 'd'], ['Node//n']],
    ],
  ],
  [
    'options may stand anywhere',
    '-o table a --lb-class x --then b',
    [
      [['a'], []],
      [['b'], []],
    ],
  ],
]

for (const [name, line, expected] of STEPS) {
  test(`steps: ${name}`, () => {
    const { steps } = parseArguments(words(line))
    assert.deepEqual(
      steps.map(({ paths, deletions }) => [paths, deletions.map(({ key }) => key)]),
      expected,
    )
  })
}

test('every option is read', () => {
  const line = 'a -o table --speakers n1,n2 --interfaces n1=eth0,eth1 --interfaces n2= --namespace lb --lb-class x,y'
  const { steps: _, ...options } = parseArguments([...words(line), '--ignore-exclude-lb'])
  assert.deepEqual(options, {
    output: 'table',
    speakers: ['n1', 'n2'],
    interfaces: new Map([
      ['n1', new Set(['eth0', 'eth1'])],
      ['n2', new Set()],
    ]),
    namespace: 'lb',
    classes: ['x', 'y'],
    ignoreExcludeLabel: true,
  })
})

const REFUSED: readonly (readonly [string, string, RegExp])[] = [
  ['nothing', '', /^name a file or a directory/],
  ['an unknown option', 'a --foo', /^Unknown option '--foo'; metallb simulate --help/],
  ['a value that is missing', 'a --namespace', /argument missing/],
  ['another format', 'a -o yaml', /^-o yaml: expected json or table/],
  ['--delete in the first step', 'a --delete Node/n', /^--delete belongs to a --then/],
  ['--then with nothing', 'a --then --then b', /^--then needs a file/],
  ['stdin twice', '- --then -', /^- is named twice/],
  ['a kind that decides nothing', 'a --then --delete Deployment/x/y', /"Deployment" is no kind that decides anything/],
  ['a namespaced object without namespace', 'a --then --delete Service/x', /expected Service\/NAMESPACE\/NAME/],
  ['a Node with a namespace', 'a --then --delete Node/x/y', /expected Node\/NAME/],
  ['interfaces of nobody', 'a --interfaces eth0', /^--interfaces eth0: expected NODE=eth0,eth1/],
]

for (const [name, line, expected] of REFUSED) {
  test(`refused: ${name}`, () => {
    assert.throws(
      () => parseArguments(words(line)),
      (thrown: unknown) => {
        return thrown instanceof Fault && expected.test(thrown.message)
      },
    )
  })
}
