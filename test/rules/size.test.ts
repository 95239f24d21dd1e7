// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sizeProblems } from './size.ts'
import { isGenerated, isTest, violations } from './tree.ts'

const asked = (path: string) => /\.(?:ts|c|h)$/.test(path) && !isTest(path) && !isGenerated(path)

test('no file is too long', () => {
  assert.deepEqual(violations(sizeProblems, asked), [])
})

const CASES: [string, string, number, boolean][] = [
  ['at the limit', 'src/l2/a.ts', 400, true],
  ['above the limit', 'src/l2/a.ts', 401, false],
  ['lib at its limit', 'src/lib/a.ts', 150, true],
  ['lib above its limit', 'src/lib/a.ts', 151, false],
  ['C above the limit', 'src/os/native/a.c', 401, false],
]
for (const [name, path, lines, right] of CASES) {
  test(`${name}: ${right ? 'right' : 'wrong'}`, () => {
    assert.equal(sizeProblems(path, 'x\n'.repeat(lines)).length, right ? 0 : 1)
  })
}
