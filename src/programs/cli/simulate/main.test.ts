// SPDX-License-Identifier: Apache-2.0
/** The program as a process: what a shell and a CI job see of it. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

const MAIN = join(import.meta.dirname, '../../../main.ts')
const CONTRACT = join(import.meta.dirname, '../../../../test/worlds/contract')

function simulate(args: readonly string[], input = '') {
  const env = { ...process.env, NODE_NO_WARNINGS: '1' }
  return spawnSync(process.execPath, [MAIN, 'simulate', ...args], { cwd: CONTRACT, input, encoding: 'utf8', env })
}

test('status 0 and JSON where the output is no terminal', () => {
  const { status, stdout, stderr } = simulate(['old-peer.yaml'])
  assert.deepEqual([status, stderr], [0, ''])
  assert.equal(Object.keys(JSON.parse(stdout))[0], 'problems')
})

test('status 1 for a refused Service', () => assert.equal(simulate(['allocation.yaml']).status, 1))

test('stdin is read for -, and called - in problems', () => {
  const { status, stdout } = simulate(['-'], readFileSync(join(CONTRACT, 'invalid.yaml'), 'utf8'))
  const { problems }: { problems: { file: string; line: number }[] } = JSON.parse(stdout)
  assert.equal(status, 1)
  assert.deepEqual(
    problems.map(({ file, line }) => [file, line]),
    [['-', 13]],
  )
})

const UNUSABLE: readonly (readonly [string, readonly string[], RegExp])[] = [
  ['no argument', [], /^metallb simulate: name a file/],
  ['an unknown option', ['steps.yaml', '--foo'], /^metallb simulate: Unknown option '--foo'/],
  ['a file that is not there', ['nowhere.yaml'], /^metallb simulate: cannot read nowhere\.yaml: it does not exist\n$/],
  [
    'a deletion of nothing',
    ['steps.yaml', '--then', '--delete', 'Service/default/fist'],
    /did you mean Service\/default\/first\?/,
  ],
  [
    'a node that is not there',
    ['announcing.yaml', '--speakers', 'n9'],
    /^metallb simulate: --speakers n9: there is no such Node/,
  ],
  [
    'interfaces of a node that is not there',
    ['steps.yaml', '--interfaces', 'n9=eth0'],
    /--interfaces n9: there is no such Node/,
  ],
]

for (const [name, args, expected] of UNUSABLE) {
  test(`status 2, a sentence on stderr and nothing on stdout: ${name}`, () => {
    const { status, stdout, stderr } = simulate(args)
    assert.deepEqual([status, stdout], [2, ''])
    assert.match(stderr, expected)
  })
}

test('--help names every option', () => {
  const { status, stdout } = simulate(['--help'])
  assert.equal(status, 0)
  for (const option of ['--then', '--delete', '--output', '--speakers', '--interfaces', '--namespace', '--lb-class'])
    assert.ok(stdout.includes(option), option)
})
