// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, test } from 'node:test'
import { type Entry, Journal } from './journal.ts'

const cleanUps: (() => unknown)[] = []
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0)) cleanUp()
})

function place(): string {
  const directory = mkdtempSync(join(tmpdir(), 'metallb-journal-'))
  cleanUps.push(() => rmSync(directory, { recursive: true, force: true }))
  return join(directory, 'run', 'state')
}

const now = (key: string, value: unknown): Entry => ({ key, json: JSON.stringify(value) })
const gone = (key: string): Entry => ({ key, json: null })

async function written(path: string, ...steps: readonly (readonly Entry[])[]): Promise<void> {
  const [first = [], ...more] = steps
  const journal = new Journal(path, 'node-1')
  await journal.rewrite(first)
  for (const step of more) await journal.append(step)
  await journal.close()
}

const valuesOf = async (path: string, node = 'node-1') => {
  const loaded = await new Journal(path, node).load()
  return loaded.state === 'read' ? loaded.values : loaded.state === 'unusable' ? loaded.why : loaded.state
}

const HISTORIES: [string, readonly (readonly Entry[])[], readonly unknown[]][] = [
  ['nothing', [[]], []],
  ['the state it began with', [[now('a', 1), now('b', 2)]], [1, 2]],
  ['something new', [[now('a', 1)], [now('b', 2)]], [1, 2]],
  ['something newer', [[now('a', 1), now('b', 2)], [now('a', 3)]], [2, 3]],
  ['something gone', [[now('a', 1), now('b', 2)], [gone('a')]], [2]],
  ['something gone and come again', [[now('a', 1)], [gone('a')], [now('a', 4)]], [4]],
  ['something gone that never was', [[now('a', 1)], [gone('x')]], [1]],
  ['text of every script', [[now('a', 'häß\u2028\n\t"\\')]], ['häß\u2028\n\t"\\']],
]
for (const [name, steps, expected] of HISTORIES) {
  test(`read again: ${name}`, async () => {
    const path = place()
    await written(path, ...steps)
    assert.deepEqual(await valuesOf(path), expected)
  })
}

test('a long history is compacted, and says the same', async () => {
  const path = place()
  const journal = new Journal(path, 'node-1')
  await journal.rewrite([now('kept', 'as it was'), now('gone', 0)])
  await journal.append([gone('gone')])
  const filler = 'x'.repeat(200_000)
  let largest = 0
  for (let round = 0; round < 40; round++) {
    await journal.append([now('often', { round, filler })])
    largest = Math.max(largest, statSync(path).size)
  }
  await journal.append([now('last', 1)])
  await journal.close()
  assert.deepEqual(await valuesOf(path), ['as it was', { round: 39, filler }, 1])
  assert.ok(largest < 2_000_000, `${largest} bytes`)
})

test('news that come while the file is compacted, and its end, wait for that', async () => {
  const path = place()
  const journal = new Journal(path, 'node-1')
  await journal.rewrite([now('a', 0)])
  const long = 'x'.repeat(700_000)
  await Promise.all([
    journal.append([now('a', `${long}1`), now('a', `${long}2`)]),
    journal.append([now('a', `${long}3`), now('b', `${long}4`)]),
    journal.append([now('c', 5)]),
    journal.close(),
  ])
  assert.deepEqual(await valuesOf(path), [`${long}3`, `${long}4`, 5])
})

test('a crash at any byte of what is appended loses nothing but that', async () => {
  const path = place()
  await written(path, [now('a', 'first')])
  const before = readFileSync(path)
  appendFileSync(path, '+b\t"second"\n-a\n')
  const whole = readFileSync(path)
  const seen = new Set<string>()
  for (let length = before.length; length <= whole.length; length++) {
    writeFileSync(path, whole.subarray(0, length))
    seen.add(JSON.stringify(await valuesOf(path)))
  }
  assert.deepEqual([...seen], ['["first"]', '["first","second"]', '["second"]'])
})

test('nobody but the owner may read it', async () => {
  const path = place()
  await written(path, [now('a', 1)])
  assert.equal(statSync(path).mode & 0o777, 0o600)
})

const BAD: [string, (path: string) => void, RegExp][] = [
  ['is absent', (path) => rmSync(path), /^absent$/],
  ['is empty', (path) => writeFileSync(path, ''), /^is empty$/],
  ['is somebody else’s', (path) => writeFileSync(path, 'hello\n'), /^is of another node or version/],
  ['has a line of no sort', (path) => appendFileSync(path, 'junk\n'), /^is damaged in line 3$/],
  ['has a line without a value', (path) => appendFileSync(path, '+key\n'), /^is damaged in line 3$/],
  ['has a value that is no JSON', (path) => appendFileSync(path, '+b\t{"a":\n'), /^cannot be read/],
  ['has zeros in it', (path) => appendFileSync(path, Buffer.alloc(4096).fill('\0\n')), /^is damaged in line 3$/],
  ['has a line without end', (path) => appendFileSync(path, 'x'.repeat(5_000_000)), /^cannot be read: a line has more/],
  ['may be written by others', (path) => chmodSync(path, 0o622), /^can be written by other users$/],
  ['is a directory', (path) => (rmSync(path), mkdirSync(path)), /^is no file$/],
  ['is a link to another file', (path) => (rmSync(path), symlinkSync('/etc/passwd', path)), /^cannot be read/],
]
for (const [name, harm, expected] of BAD) {
  test(`the file ${name}: that is said and nothing of it used`, async () => {
    const path = place()
    await written(path, [now('a', 1)])
    harm(path)
    assert.match(String(await valuesOf(path)), expected)
  })
}

test('the state of another node is not ours', async () => {
  const path = place()
  await written(path, [now('a', 1)])
  assert.match(String(await valuesOf(path, 'node-10')), /^is of another node or version/)
})

test('a place where nothing can be written is a fault that names it', async () => {
  const file = place().replace(/\/run\/state$/, '/file')
  writeFileSync(file, '')
  const journal = new Journal(join(file, 'run', 'state'), 'node-1')
  await assert.rejects(journal.rewrite([now('a', 1)]), /^Fault: cannot write .*\/file\/run\/state: /)
})
