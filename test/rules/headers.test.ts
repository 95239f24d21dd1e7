// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { headerProblems, placeProblems } from './headers.ts'
import { read, violations } from './tree.ts'

const isCode = (path: string) =>
  /\.(?:ts|c|h|cjs|mjs|js|sh)$/.test(path) || /^(?:bin|tools|\.ci)\/[a-z-]+$/.test(path) || path === 'Makefile'
const isText = (path: string) => !/\.png$|^test\/rules\/headers\.test\.ts$/.test(path)

test('every source names its licence', () => {
  assert.deepEqual(violations(headerProblems, isCode), [])
})

test('no file names a place of one machine', () => {
  assert.deepEqual(violations(placeProblems, isText), [])
})

test('the package is under the Apache licence, and says so', () => {
  assert.match(read('package.json'), /"license": "Apache-2\.0"/)
  assert.match(read('LICENSE'), /Apache License\s+Version 2\.0, January 2004/)
})

const HEADERS: [string, string, boolean][] = [
  ['in the first line', '// SPDX-License-Identifier: Apache-2.0\nconst x = 1', true],
  ['below the interpreter', '#!/bin/sh\n# SPDX-License-Identifier: Apache-2.0\n', true],
  ['further down', 'const x = 1\n// SPDX-License-Identifier: Apache-2.0', false],
  ['another licence', '// SPDX-License-Identifier: MIT', false],
  ['none', '', false],
]
for (const [name, source, right] of HEADERS) {
  test(`licence ${name}: ${right ? 'right' : 'wrong'}`, () => {
    assert.equal(headerProblems('src/a.ts', source).length, right ? 0 : 1)
  })
}

const PLACES: [string, string, boolean][] = [
  ["a user's folder", 'cp /home/anna/x .', false],
  ["root's folder", "read('/root/.npmrc')", false],
  ['a folder of one build machine', 'cd /work/main', false],
  ["a company's registry", '"resolved": "https://npm.corp.example/artifactory/x.tgz"', false],
  ['the public registry', '"resolved": "https://registry.npmjs.org/x/-/x.tgz"', false],
  ['a folder below another', 'src/work/queue.ts and ./home/x', true],
  ['a path of every Linux', 'cat /proc/self/status /etc/os-release /tmp/x', true],
  ['a page', 'https://kubernetes.io/docs', true],
]
for (const [name, source, right] of PLACES) {
  test(`${name}: ${right ? 'right' : 'wrong'}`, () => {
    assert.equal(placeProblems('a.md', source).length, right ? 0 : 1)
  })
}
