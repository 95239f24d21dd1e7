// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { systemClock } from '../../lib/clock.ts'
import { createLog } from '../../lib/log.ts'
import { jsonPieces } from './documents.ts'
import { History } from './history.ts'
import { openRunDirectory } from './run-directory.ts'

const scratch = mkdtempSync(join(tmpdir(), 'metallb-history-'))
after(() => rmSync(scratch, { recursive: true }))

const open = (path: string) =>
  new History({ program: 'controller', directory: openRunDirectory(path), clock: systemClock })

type Document = Readonly<{ keptIn: string; why?: string; entries: readonly { msg: string; level: string }[] }>
function read(history: History): Document {
  const document: Document = JSON.parse([...jsonPieces(history.document())].join(''))
  return document
}
const messages = (history: History) => read(history).entries.map(({ msg }) => msg)

test('decisions are kept whatever the log level is, details are not, and the log gets all of them', async () => {
  const lines: string[] = []
  const history = open(join(scratch, 'levels'))
  const log = history.recording(createLog('warn', (line) => lines.push(line)))
  log.debug('a detail')
  log.info('given', { service: 'default/web' })
  log.warn('odd')
  assert.deepEqual(messages(history), ['given', 'odd'])
  assert.equal(lines.length, 1)
  await history.close()
})

test('they outlive the process where the run directory can be written', async () => {
  const path = join(scratch, 'run')
  const first = open(path)
  first.recording(createLog('none')).info('before')
  await first.close()
  appendFileSync(join(path, 'controller-history.jsonl'), '{"msg":"cut sho')
  const second = open(path)
  assert.equal(read(second).keptIn, join(path, 'controller-history.jsonl'))
  assert.deepEqual(messages(second), ['before'])
  assert.equal(statSync(join(path, 'controller-history.jsonl')).mode & 0o777, 0o600)
  assert.equal(statSync(path).mode & 0o777, 0o700)
})

test('after a line that a crash cut short, the next one is whole', async () => {
  const path = join(scratch, 'torn')
  const first = open(path)
  first.recording(createLog('none')).info('before')
  await first.close()
  appendFileSync(join(path, 'controller-history.jsonl'), '{"msg":"cut sho')
  const second = open(path)
  second.recording(createLog('none')).info('after')
  await second.close()
  assert.deepEqual(messages(open(path)), ['before', 'after'])
})

test('memory and disk are bounded', async () => {
  const path = join(scratch, 'bounds')
  const history = open(path)
  const log = history.recording(createLog('none'))
  const filler = 'x'.repeat(1500)
  for (let round = 0; round < 4; round++) {
    for (let i = 0; i < 500; i++) log.info(`${round}/${i}`, { filler })
    await history.close()
  }
  log.info('long', { filler: 'x'.repeat(5000) })
  const kept = messages(history)
  assert.ok(kept.length >= 1000 && kept.length < 2000)
  assert.equal(kept.at(-1), '3/499')
  const bytes = readdirSync(path).map((name) => statSync(join(path, name)).size)
  assert.equal(bytes.length, 2)
  assert.ok(Math.max(...bytes) < 2_000_000)
})

test('without a directory to write to they stay in memory, and the document says why', async () => {
  const history = open('/proc/metallb')
  history.recording(createLog('none')).info('given')
  await history.close()
  const { keptIn, why, entries } = read(history)
  assert.equal(keptIn, 'memory')
  assert.match(why ?? '', /^\/proc\/metallb cannot be written \(ENOENT/)
  assert.equal(entries.length, 1)
})

test('a file that stops taking lines is said, and the memory goes on', async () => {
  const path = join(scratch, 'gone')
  const history = open(path)
  const log = history.recording(createLog('none'))
  rmSync(path, { recursive: true })
  log.info('one')
  await history.close()
  log.info('two')
  await history.close()
  assert.deepEqual(messages(history), ['one', 'two'])
  assert.match(read(history).why ?? '', /cannot be written \(ENOENT/)
})

/** What somebody who may write to the run directory puts where the file is to be; `target` is a file of root's. */
const TRAPS: readonly (readonly [name: string, set: (path: string, target: string) => void, why: RegExp])[] = [
  ['a link to another file', (path, target) => symlinkSync(target, path), /ELOOP/],
  ['another name of another file', (path, target) => linkSync(target, path), /has another name elsewhere/],
  ['a pipe', (path) => execFileSync('mkfifo', [path]), /is no file/],
  ['a directory', (path) => mkdirSync(path), /is no file/],
  [
    'a file that everybody may write',
    (path) => {
      writeFileSync(path, '')
      chmodSync(path, 0o666)
    },
    /can be written by other users/,
  ],
]
for (const [at, [name, set, why]] of TRAPS.entries()) {
  test(`a trap in a directory that others may write to is not stepped into: ${name}`, async () => {
    const [directory, target] = [join(scratch, `trap-${at}`), join(scratch, `target-${at}`)]
    mkdirSync(directory)
    writeFileSync(target, 'precious')
    set(join(directory, 'controller-history.jsonl'), target)
    const history = open(directory)
    history.recording(createLog('none')).info('said')
    await history.close()
    assert.equal(readFileSync(target, 'utf8'), 'precious')
    const document = read(history)
    assert.deepEqual([document.keptIn, document.entries.length], ['memory', 1])
    assert.match(document.why ?? '', why)
  })
}

test('a run directory of another user is not used', () => {
  // As root any user's will do; else /proc/1, which is root's, where we cannot write either.
  const path = join(scratch, 'theirs')
  mkdirSync(path)
  const isRoot = process.geteuid?.() === 0
  if (isRoot) chownSync(path, 12_345, 0)
  const directory = openRunDirectory(isRoot ? path : '/proc/1')
  assert.equal(directory.usable, false)
})
