// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isPure, purityProblems } from './purity.ts'
import { violations } from './tree.ts'

test('the deciding parts have no clock, no timer, no socket and no chance', () => {
  assert.deepEqual(violations(purityProblems, isPure), [])
})

const CASES: [string, string, RegExp | null][] = [
  ['a hash', "import { createHash } from 'node:crypto'", null],
  ['a type of node', "import type { Socket } from 'node:net'", null],
  ['a socket', "import net from 'node:net'", /imports node:net/],
  ['a package', "import Ajv from 'ajv'", /imports ajv/],
  ['a date of a given time', 'const at = new Date(atMs)', null],
  ['the clock', 'const at = Date.now()', /uses Date\.now/],
  ['the clock by another name', 'const at = new Date().getTime()', /uses new Date/],
  ['a timer', 'setTimeout(fire, 5)', /uses setTimeout/],
  ['chance', 'const port = Math.random()', /uses Math\.random/],
  ['the environment', "const node = process.env['NODE']", /uses process\./],
  ['a word in a comment', '// unlike Date.now() this is given\n/* Math.random */', null],
]
for (const [name, source, expected] of CASES) {
  test(`${name}: ${expected === null ? 'right' : 'wrong'}`, () => {
    const problems = purityProblems('src/plan/a.ts', source)
    if (expected === null) assert.deepEqual(problems, [])
    else assert.match(problems.join('\n'), expected)
  })
}

test('tests and shells are not asked', () => {
  const asked = ['src/plan/l2.ts', 'src/l2/arp.ts', 'src/plan/l2.test.ts', 'src/l2/responder.ts', 'lab/arp.ts']
  assert.deepEqual(asked.filter(isPure), ['src/plan/l2.ts', 'src/l2/arp.ts'])
})
