// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join, posix } from 'node:path'
import { test } from 'node:test'
import { commandProblems, commandsOf, type Known, linksOf } from './commands.ts'
import { files, ROOT, read } from './tree.ts'

const pages = files().filter((path) => path.endsWith('.md'))
const exists = (path: string) => existsSync(join(ROOT, path))

function metallb(...args: readonly string[]): { status: number | null; stdout: string } {
  return spawnSync(join(ROOT, 'bin/metallb'), args, { encoding: 'utf8' })
}

const texts = new Map<string, string>()
function help(program: string): string {
  const known = texts.get(program)
  if (known !== undefined) return known
  const { status, stdout } = metallb(...(program === '' ? [] : [program]), '--help')
  const text = status === 0 ? stdout : ''
  texts.set(program, text)
  return text
}

test('every command on a page exists, with its flags and files', () => {
  const targets = new Set([...read('Makefile').matchAll(/^([a-z-]+):.*##/gm)].map((match) => match[1] ?? ''))
  const problems = pages.flatMap((page) =>
    commandsOf(read(page)).flatMap((line) =>
      commandProblems(line, { targets, exists, help }).map((problem) => `${page}: ${problem}`),
    ),
  )
  assert.deepEqual(problems, [])
})

test('the README shows how to try it and how to test it', () => {
  const commands = commandsOf(read('README.md'))
  for (const command of ['make demo', 'make cluster-demo', 'make test'])
    assert.ok(commands.includes(command), `README.md lacks ${command}`)
})

test('every program answers --help, and all of them together --version', () => {
  for (const program of ['', 'controller', 'speaker', 'check']) assert.match(help(program), /^Usage: metallb/)
  const { version }: { version: string } = JSON.parse(read('package.json'))
  assert.deepEqual(metallb('--version').stdout, `${version}\n`)
})

test('every link of a page leads to a file', () => {
  const broken = pages.flatMap((page) =>
    linksOf(read(page))
      .filter((link) => !exists(posix.join(posix.dirname(page), link)))
      .map((link) => `${page}: ${link}`),
  )
  assert.deepEqual(broken, [])
})

const KNOWN: Known = {
  targets: new Set(['demo', 'test']),
  exists: (path) => path === 'examples/basics' || path === 'lab/demo.ts',
  help: (program) => (program === 'fly' ? '' : 'Usage: metallb\n  --help\n  --manifests <dir>'),
}
const CASES: [string, string, RegExp | null][] = [
  ['a target', 'make demo', null],
  ['a target with a variable', 'make demo DEMO=--keep', null],
  ['no target', 'make coffee', /no target coffee/],
  ['a program', 'bin/metallb controller --manifests DIR', null],
  ['a program that there is not', 'bin/metallb fly', /no program fly/],
  ['a flag that there is not', 'bin/metallb controller --manifest DIR --fast', /no flag --fast/],
  ['a flag of metallb itself', 'metallb --version', /no flag --version/],
  ['an environment before it', 'CI=true make test', null],
  ['a file', 'cat examples/basics', null],
  ['a file that there is not', 'cat examples/bassics', /no examples\/bassics/],
  ['a program of the system', 'sudo ip link', null],
  ['an unknown program', 'frobnicate now', /frobnicate is no command/],
  ['the second of two', 'cd x && make coffee', /no target coffee/],
  ['the end of a pipe', 'make test | frobnicate', /frobnicate is no command/],
  ['a remark', 'make test # or make coffee', null],
]
for (const [name, line, expected] of CASES) {
  test(`${name}: ${expected === null ? 'right' : 'wrong'}`, () => {
    const problems = commandProblems(line, KNOWN)
    if (expected === null) assert.deepEqual(problems, [])
    else assert.match(problems.join('\n'), expected)
  })
}

test('commands are the lines of sh blocks and what follows the prompt in console blocks', () => {
  const page = '```sh\n# a remark\nmake \\\n  demo\n```\n```console\n$ make test\noutput\n```\n```yaml\nmake: no\n```\n'
  assert.deepEqual(commandsOf(page), ['make demo', 'make test'])
})

test('links are those to files, outside of blocks', () => {
  const page = '[a](docs/a.md#x) [b](https://b.example) [c](#c)\n```md\n[d](d.md)\n```\n'
  assert.deepEqual(linksOf(page), ['docs/a.md'])
})
