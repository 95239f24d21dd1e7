// SPDX-License-Identifier: Apache-2.0
/** The guide to dry runs shows what the commands print: its files are written out, and its commands run over them. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'

const ROOT = join(import.meta.dirname, '../..')
const GUIDE = readFileSync(join(ROOT, 'docs/guides/dry-run.md'), 'utf8')

const directory = mkdtempSync(join(tmpdir(), 'metallb-guide-'))
after(() => rmSync(directory, { recursive: true }))
cpSync(join(ROOT, 'examples'), join(directory, 'examples'), { recursive: true })

const blocks = [...GUIDE.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language, text = '']) => ({ language, text }))
const files = blocks.flatMap(({ text }) => {
  const name = /^# (\S+\.yaml)\n/.exec(text)?.[1]
  return name === undefined ? [] : [{ name, text }]
})
for (const { name, text } of files) {
  mkdirSync(dirname(join(directory, name)), { recursive: true })
  writeFileSync(join(directory, name), text)
}

const commands = blocks.flatMap(({ language, text }) => {
  const found = language === 'console' ? /^\$ bin\/metallb (.*)\n(.*)$/s.exec(text) : null
  return found ? [{ line: found[1] ?? '', output: found[2] ?? '' }] : []
})

test('the guide shows files, and commands of both programs', () => {
  assert.deepEqual([files.length, commands.length], [3, 3])
})

for (const { line, output } of commands) {
  test(`metallb ${line}`, () => {
    const { stdout } = spawnSync(join(ROOT, 'bin/metallb'), line.split(' '), { cwd: directory, encoding: 'utf8' })
    assert.equal(stdout, output)
  })
}
