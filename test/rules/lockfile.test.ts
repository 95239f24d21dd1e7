// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Lockfile, lockfileProblems, type Manifest } from './lockfile.ts'
import { read } from './tree.ts'

test('the lockfile pins every package by hash and by nothing else', () => {
  const manifest: Manifest = JSON.parse(read('package.json'))
  const lockfile: Lockfile = JSON.parse(read('package-lock.json'))
  assert.ok(Object.keys(lockfile.packages).length > 20)
  assert.deepEqual(lockfileProblems(manifest, lockfile), [])
})

test('npm is told to leave addresses out', () => {
  assert.match(read('.npmrc'), /^omit-lockfile-registry-resolved=true$/m)
  assert.doesNotMatch(read('.npmrc'), /registry=/)
})

const yaml = { version: '2.0.0', integrity: 'sha512-abc' }
const CASES: [string, Manifest, Lockfile['packages'], RegExp | null][] = [
  [
    'pinned',
    { dependencies: { yaml: '2.0.0' } },
    { '': { dependencies: { yaml: '2.0.0' } }, 'node_modules/yaml': yaml },
    null,
  ],
  ['no hash', {}, { '': {}, 'node_modules/yaml': { version: '2.0.0' } }, /no integrity/],
  ['a weak hash', {}, { '': {}, 'node_modules/yaml': { ...yaml, integrity: 'sha1-abc' } }, /no integrity/],
  [
    'an address',
    {},
    { '': {}, 'node_modules/yaml': { ...yaml, resolved: 'https://r.example/y.tgz' } },
    /where it came from/,
  ],
  [
    'a range',
    { dependencies: { yaml: '^2.0.0' } },
    { '': { dependencies: { yaml: '^2.0.0' } }, 'node_modules/yaml': yaml },
    /no exact version/,
  ],
  [
    'another version locked',
    { devDependencies: { yaml: '2.0.1' } },
    { '': { devDependencies: { yaml: '2.0.1' } }, 'node_modules/yaml': yaml },
    /2\.0\.0 in the lockfile/,
  ],
  [
    'not locked at all',
    { dependencies: { ajv: '8.0.0' } },
    { '': { dependencies: { ajv: '8.0.0' } } },
    /nothing in the lockfile/,
  ],
  [
    'a lockfile left behind',
    { dependencies: { yaml: '2.0.0' } },
    { '': {}, 'node_modules/yaml': yaml },
    /differ from package/,
  ],
]
for (const [name, manifest, packages, expected] of CASES) {
  test(`${name}: ${expected === null ? 'right' : 'wrong'}`, () => {
    const problems = lockfileProblems(manifest, { packages })
    if (expected === null) assert.deepEqual(problems, [])
    else assert.match(problems.join('\n'), expected)
  })
}
