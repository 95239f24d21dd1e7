// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { undocumented } from './docstrings.ts'
import { files, isGenerated, isTest, read } from './tree.ts'

test('every function and class that another folder uses says what it is', () => {
  const paths = files().filter((path) => /^src\/.*\.ts$/.test(path) && !isTest(path) && !isGenerated(path))
  assert.deepEqual(undocumented(new Map(paths.map((path) => [path, read(path)]))), [])
})

const ACROSS = "import { type Other, add } from '../lib/a.ts'"
const CASES: [string, string, string, string, boolean][] = [
  ['a documented function', '/** Adds. */\nexport function add() {}', 'src/l2/b.ts', ACROSS, true],
  ['a long docstring', '/**\n * Adds.\n */\nexport async function add() {}', 'src/l2/b.ts', ACROSS, true],
  ['a bare function', 'export function add() {}', 'src/l2/b.ts', ACROSS, false],
  ['a bare generator', 'export function* add() {}', 'src/l2/b.ts', ACROSS, false],
  ['a bare async function', 'export async function add() {}', 'src/l2/b.ts', ACROSS, false],
  ['a bare class', 'export class add {}', 'src/l2/b.ts', ACROSS, false],
  [
    'a class whose file says what it is',
    '// x\n/** Adds. */\nexport const b = 1\nexport class add {}',
    'src/l2/b.ts',
    ACROSS,
    true,
  ],
  ['a comment that is no docstring', '// Adds.\nexport function add() {}', 'src/l2/b.ts', ACROSS, false],
  [
    'the docstring of something else',
    '/** One. */\nconst one = 1\n\nexport function add() {}',
    'src/l2/b.ts',
    ACROSS,
    false,
  ],
  ['renamed on import', 'export function add() {}', 'src/l2/b.ts', "import { add as plus } from '../lib/a.ts'", false],
  ['used in its own folder', 'export function add() {}', 'src/lib/b.ts', "import { add } from './a.ts'", true],
  ['private', 'function add() {}', 'src/l2/b.ts', ACROSS, true],
]
for (const [name, source, user, imports, right] of CASES) {
  test(`${name}: ${right ? 'right' : 'wrong'}`, () => {
    const sources = new Map([
      ['src/lib/a.ts', source],
      [user, imports],
    ])
    assert.deepEqual(undocumented(sources), right ? [] : ['src/lib/a.ts add'])
  })
}
