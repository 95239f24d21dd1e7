// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { importProblems, importsOf } from './imports.ts'
import { isTest, isTypeScript, violations } from './tree.ts'

const asked = (path: string) => isTypeScript(path) && !isTest(path) && !path.startsWith('test/')

test('imports point the way that ARCHITECTURE.md draws', () => {
  assert.deepEqual(violations(importProblems, asked), [])
})

const CASES: [string, string, string, RegExp | null][] = [
  ['lib imports lib', 'src/lib/a.ts', "import { b } from './b.ts'", null],
  ['lib imports model', 'src/lib/a.ts', "import { b } from '../model/b.ts'", /src\/lib imports from nothing only/],
  ['model imports lib', 'src/model/a.ts', "import { b } from '../lib/b.ts'", null],
  ['model imports a type of bgp', 'src/model/a.ts', "import type { B } from '../bgp/b.ts'", null],
  ['model imports a value of bgp', 'src/model/a.ts', "import { b } from '../bgp/b.ts'", /imports src\/bgp\/b\.ts/],
  ['model imports plan', 'src/model/a.ts', "import { b } from '../plan/b.ts'", /src\/model imports from lib only/],
  ['plan imports a type of l2', 'src/plan/a.ts', "import type { B } from '../l2/b.ts'", null],
  ['plan re-exports a value of l2', 'src/plan/a.ts', "export { b } from '../l2/b.ts'", /imports src\/l2\/b\.ts/],
  ['plan imports a type of ipam', 'src/plan/a.ts', "import type { B } from '../ipam/b.ts'", /imports src\/ipam/],
  ['ipam imports model', 'src/ipam/a.ts', "import { b } from '../model/b.ts'", null],
  ['ipam imports a type of l2', 'src/ipam/a.ts', "import type { B } from '../l2/b.ts'", /imports src\/l2/],
  ['l2 imports os', 'src/l2/a.ts', "import { b } from '../os/b.ts'", /src\/l2 imports from lib only/],
  ['l2 imports a type of model', 'src/l2/a.ts', "import type { B } from '../model/b.ts'", /imports src\/model/],
  ['manifests imports model', 'src/manifests/a.ts', "import { b } from '../model/b.ts'", /imports src\/model/],
  ['programs import all', 'src/programs/x/a.ts', "import { b } from '../../os/b.ts'", null],
  ['os imports programs', 'src/os/a.ts', "import { b } from '../programs/b.ts'", /imports src\/programs/],
  ['main imports a program', 'src/main.ts', "import { b } from './programs/cli/b.ts'", null],
  ['main imports os', 'src/main.ts', "import { b } from './os/b.ts'", /imports src\/os/],
  ['a dynamic import counts', 'src/l2/a.ts', "const b = await import('../os/b.ts')", /imports src\/os/],
  ['a computed import', 'src/l2/a.ts', 'const b = await import(name)', /in quotes/],
  ['an import for its effect counts', 'src/l2/a.ts', "import '../os/b.ts'", /imports src\/os/],
  ['an import over several lines', 'src/l2/a.ts', "import {\n  type A,\n  b,\n} from '../os/b.ts'", /imports src\/os/],
  ['a folder nobody drew', 'src/misc/a.ts', "import { b } from '../lib/b.ts'", /no folder of ARCHITECTURE/],
  ['a source imports a tool', 'src/lib/a.ts', "import { b } from '../../tools/b.ts'", /outside src/],
  ['lib reads the version', 'src/lib/version.ts', "import p from '../../package.json' with { type: 'json' }", null],
  ['a tool imports a source', 'tools/a.ts', "import { b } from '../src/model/b.ts'", null],
  ['the lab imports a program', 'lab/a.ts', "import { b } from '../src/programs/b.ts'", /nothing imports programs/],
  ['a package is not a folder', 'src/model/a.ts', "import { b } from 'node:crypto'", null],
  ['a source imports a dependency', 'src/manifests/a.ts', "import { b } from 'yaml'", null],
  [
    'a source imports what only tests have',
    'src/manifests/a.ts',
    "import { b } from 'ajv/dist/2020.js'",
    /imports ajv, which/,
  ],
  [
    'a source imports a module of Node without its prefix',
    'src/os/a.ts',
    "import { b } from 'fs'",
    /imports fs, which/,
  ],
  ['a tool imports what only development has', 'tools/a.ts', "import { b } from 'esbuild'", null],
  ['native code in os', 'src/os/a.ts', 'process.dlopen(module, path)', null],
  ['native code elsewhere', 'src/l2/a.ts', 'process.dlopen(module, path)', /only src\/os/],
  ['a required addon', 'src/l2/a.ts', "const x = createRequire(import.meta.url)('./x.node')", /only src\/os/],
]
for (const [name, path, source, expected] of CASES) {
  test(`${name}: ${expected === null ? 'right' : 'wrong'}`, () => {
    const problems = importProblems(path, source)
    if (expected === null) assert.deepEqual(problems, [])
    else {
      assert.equal(problems.length, 1)
      assert.match(problems[0] ?? '', expected)
    }
  })
}

test('what only looks like an import is none', () => {
  const source = "export const a = 'from'\n * import x from './y.ts'\nexport type B = 'c'\n"
  assert.deepEqual(importsOf(source), [])
})
