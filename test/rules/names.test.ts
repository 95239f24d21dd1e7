// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { leftoverProblems, pathProblems, wordProblems } from './names.ts'
import { files, isTypeScript, violations } from './tree.ts'

const isCode = (path: string) => /^(?:src|lab|tools|test)\/.*\.(?:ts|c|h)$/.test(path)
/** The rule and its test spell what they forbid. */
const isAsked = (path: string) => !path.startsWith('test/rules/names.')
const isSource = (path: string) => isTypeScript(path) && isAsked(path)
const isText = (path: string) => !/(?:package-lock\.json|LICENSE|\.png)$/.test(path) && isAsked(path)

test('files and folders are named for what is in them', () => {
  const paths = files().filter(isCode)
  assert.deepEqual(
    paths.flatMap((path) => pathProblems(path).map((problem) => `${path}: ${problem}`)),
    [],
  )
})

test('sources have no default export, enum, any, I prefix or underscore', () => {
  assert.deepEqual(violations(wordProblems, isSource), [])
})

test('nothing is left to do', () => {
  assert.deepEqual(violations(leftoverProblems, isText), [])
})

const PATHS: [string, boolean][] = [
  ['src/ipam/ledger.ts', true],
  ['src/ipam/converge-all.test.ts', true],
  ['src/model/resources.generated.ts', true],
  ['src/os/native/arp-reflex.c', true],
  ['test/contract/object-source.kill.test.ts', true],
  ['src/ipam/Ledger.ts', false],
  ['src/ipam/converge_all.ts', false],
  ['src/model/pool-index.ts', true],
  ['tools/emit-types.ts', true],
  ['src/ipam/index.ts', false],
  ['src/model/types.ts', false],
  ['src/lib/string-utils.ts', false],
  ['src/helpers/range.ts', false],
  ['src/l2/announcer-manager.ts', false],
  ['src/Plan/l2.ts', false],
]
for (const [path, right] of PATHS) {
  test(`${path}: ${right ? 'right' : 'wrong'}`, () => assert.equal(pathProblems(path).length === 0, right))
}

const WORDS: [string, string, RegExp | null][] = [
  ['a named export', 'export function lease() {}', null],
  ['a default export', 'export default function lease() {}', /default export/],
  ['an enum', 'export enum State {}', /an enum/],
  ['a const enum', 'const enum State {}', /an enum/],
  ['any as a parameter', 'function f(x: any) {}', /any: unknown/],
  ['any as a type argument', 'const x = new Map<string, any>()', /any: unknown/],
  ['any as an alias', 'type X = any', /any: unknown/],
  ['any as the name of a parameter', 'test((any, b) => any === b)', null],
  ['any by assertion', 'const x = y as any', /any: unknown/],
  ['any in words', '// as any reader sees, no such thing: any will do', null],
  ['any as a key', "const x = { any: 1, b: 'any' }", null],
  ['an interface', 'interface Iterable {}', null],
  ['an I before an interface', 'interface ISource {}', /an I before/],
  ['a private member', 'class A { #x = 1 }', null],
  ['a member private by custom', 'class A { f() { return this._x } }', /#name/],
  ['a member private by keyword', 'class A {\n  private x = 1\n}', /#name/],
  ['a silenced type error', '// @ts-expect-error\nf(1)', /silenced/],
  ['something left to do', '// TODO: tomorrow', /says TODO/],
  ['something left to mend', '# FIXME', /says FIXME/],
]
for (const [name, source, expected] of WORDS) {
  test(`${name}: ${expected === null ? 'right' : 'wrong'}`, () => {
    const problems = wordProblems('src/l2/a.ts', source)
    if (expected === null) assert.deepEqual(problems, [])
    else assert.match(problems.join('\n'), expected)
  })
}
