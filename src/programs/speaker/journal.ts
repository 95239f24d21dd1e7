// SPDX-License-Identifier: Apache-2.0
/**
 * A file of the latest state of many things, without a copy of it in memory.
 *
 *   metallb last state 1 <node>     the head
 *   +<key> TAB <JSON>               the thing is now this
 *   -<key>                          the thing is gone
 *
 * News are appended. When more than half of the file is old, it is read line by line and the last lines of all keys
 * make a new file, which takes the old one's place at once. A last line without its end was cut by a crash and does not
 * count; any other line that cannot be read makes the whole file one that nobody may trust.
 */
import { constants } from 'node:fs'
import { type FileHandle, mkdir, open, rename, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Fault, reasonOf } from '../../lib/fault.ts'
import { CAUTIOUS, distrustOf } from '../listeners/run-directory.ts'

/** `json` null: the thing is gone. */
export type Entry = Readonly<{ key: string; json: string | null }>
type Current = Readonly<{ key: string; json: string }>

/** `unusable` holds half a sentence that says why: "it …". */
export type Loaded =
  | Readonly<{ state: 'absent' }>
  | Readonly<{ state: 'unusable'; why: string }>
  | Readonly<{ state: 'read'; writtenMs: number; values: readonly unknown[] }>

export type JournalFault = Readonly<{ code: 'journal' }>

/** Some 20 times what 10,000 Services take. The directory may be memory. */
const MOST_BYTES = 128 * 1024 * 1024
/** A file is compacted when this much more than it started with, and as much again, was appended. */
const SLACK_BYTES = 1024 * 1024
const CHUNK_BYTES = 64 * 1024
/** No object of an API server is longer. */
const MOST_LINE_BYTES = 4 * 1024 * 1024
const NEWLINE = 10

export class Journal {
  readonly #path: string
  readonly #head: string
  #file: FileHandle | null = null
  #size = 0
  #compacted = 0
  /** What is under way; each piece of work waits for the one before it. */
  #turn: Promise<unknown> = Promise.resolve()

  /** `node`: whose state it is; that of another node is not read. */
  constructor(path: string, node: string) {
    this.#path = path
    this.#head = `metallb last state 1 ${node}`
  }

  /** What an earlier process left. Never throws: whatever is wrong with the file, we go on without it. */
  async load(): Promise<Loaded> {
    let file: FileHandle | undefined
    try {
      file = await open(this.#path, constants.O_RDONLY | CAUTIOUS)
      const stats = await file.stat()
      const distrust = distrustOf(stats)
      if (distrust !== null) return unusable(distrust)
      const { size, mtimeMs } = stats
      if (size > MOST_BYTES) return unusable(`is larger than ${MOST_BYTES} bytes`)
      const last = await lastLines(file, this.#head)
      if (typeof last === 'string') return unusable(last)
      const values: unknown[] = []
      for await (const { json } of currentEntries(file, last)) values.push(JSON.parse(json))
      return { state: 'read', writtenMs: mtimeMs, values }
    } catch (thrown) {
      return Reflect.get(Object(thrown), 'code') === 'ENOENT'
        ? { state: 'absent' }
        : unusable(`cannot be read: ${reasonOf(thrown)}`)
    } finally {
      await file?.close()
    }
  }

  /** Replaces everything, all at once. Throws Fault; what was there then stays. */
  async rewrite(entries: Iterable<Entry> | AsyncIterable<Entry>): Promise<void> {
    await this.#inTurn(() => this.#rewrite(entries))
  }

  /** Adds news; before the first `rewrite` there is nothing to add them to, and they are dropped. Throws Fault. */
  async append(entries: Iterable<Entry>): Promise<void> {
    await this.#inTurn(() => this.#append(entries))
  }

  async close(): Promise<void> {
    await this.#inTurn(async () => {
      await this.#file?.close()
      this.#file = null
    })
  }

  /** So that no later process reads what is no longer kept. Never throws. */
  async remove(): Promise<void> {
    await this.close().catch(() => {})
    await unlink(this.#path).catch(() => {})
  }

  /** Throws Fault. */
  async #inTurn(work: () => Promise<void>): Promise<void> {
    const before = this.#turn
    const turn = Promise.withResolvers<void>()
    this.#turn = turn.promise
    try {
      await before
      await work()
    } catch (thrown) {
      throw thrown instanceof Fault ? thrown : fault(this.#path, thrown)
    } finally {
      turn.resolve()
    }
  }

  async #rewrite(entries: Iterable<Entry> | AsyncIterable<Entry>): Promise<void> {
    const fresh = `${this.#path}.new`
    await mkdir(dirname(this.#path), { recursive: true })
    await unlink(fresh).catch(() => {})
    const file = await open(fresh, 'wx+', 0o600)
    try {
      const size = await writeLines(file, 0, withHead(this.#head, entries))
      await file.datasync()
      await rename(fresh, this.#path)
      await this.#file?.close()
      this.#file = file
      this.#size = size
      this.#compacted = size
    } catch (thrown) {
      await file.close()
      throw thrown
    }
  }

  async #append(entries: Iterable<Entry>): Promise<void> {
    const file = this.#file
    if (!file) return
    // At a place of our own: what a failed attempt left behind is written over.
    this.#size = await writeLines(file, this.#size, entries)
    await file.truncate(this.#size)
    if (this.#size > 2 * this.#compacted + SLACK_BYTES) await this.#compact(file)
  }

  async #compact(file: FileHandle): Promise<void> {
    const last = await lastLines(file, this.#head)
    if (typeof last === 'string') throw new Error(`it ${last}`)
    await this.#rewrite(currentEntries(file, last))
  }
}

function fault(path: string, thrown: unknown): Fault<JournalFault> {
  return new Fault({ code: 'journal' }, `cannot write ${path}: ${reasonOf(thrown)}`, thrown)
}

function unusable(why: string): Loaded {
  return { state: 'unusable', why }
}

async function* withHead(head: string, entries: Iterable<Entry> | AsyncIterable<Entry>): AsyncGenerator<string> {
  yield `${head}\n`
  for await (const entry of entries) yield textOf(entry)
}

function textOf({ key, json }: Entry): string {
  return json === null ? `-${key}\n` : `+${key}\t${json}\n`
}

/** Writes in pieces, so that the loop turns in between; answers the new end of the file. */
async function writeLines(
  file: FileHandle,
  start: number,
  lines: Iterable<Entry> | AsyncIterable<string>,
): Promise<number> {
  let at = start
  let piece = ''
  const flush = async () => {
    const bytes = Buffer.from(piece)
    if (at + bytes.length > MOST_BYTES) throw new Error(`it would be larger than ${MOST_BYTES} bytes`)
    for (let done = 0; done < bytes.length; ) {
      done += (await file.write(bytes, done, bytes.length - done, at + done)).bytesWritten
    }
    at += bytes.length
    piece = ''
  }
  for await (const line of lines) {
    piece += typeof line === 'string' ? line : textOf(line)
    if (piece.length > CHUNK_BYTES) await flush()
  }
  await flush()
  return at
}

/** Key → number of its last line; or why the file cannot be trusted. */
async function lastLines(file: FileHandle, head: string): Promise<ReadonlyMap<string, number> | string> {
  const last = new Map<string, number>()
  let number = 0
  for await (const line of linesOf(file)) {
    if (number === 0 && line !== head) return 'is of another node or version, or is none of ours'
    if (number > 0) {
      const entry = entryOf(line)
      if (!entry) return `is damaged in line ${number + 1}`
      if (entry.json === null) last.delete(entry.key)
      else last.set(entry.key, number)
    }
    number++
  }
  return number === 0 ? 'is empty' : last
}

async function* currentEntries(file: FileHandle, last: ReadonlyMap<string, number>): AsyncGenerator<Current> {
  let number = 0
  for await (const line of linesOf(file)) {
    const entry = number === 0 ? null : entryOf(line)
    if (entry && entry.json !== null && last.get(entry.key) === number) yield { key: entry.key, json: entry.json }
    number++
  }
}

function entryOf(line: string): Entry | null {
  const tab = line.indexOf('\t')
  if (line.startsWith('+') && tab > 1) return { key: line.slice(1, tab), json: line.slice(tab + 1) }
  return line.startsWith('-') && line.length > 1 && tab < 0 ? { key: line.slice(1), json: null } : null
}

/** Whole lines only: what follows the last line break is left out. */
async function* linesOf(file: FileHandle): AsyncGenerator<string> {
  const chunk = Buffer.alloc(CHUNK_BYTES)
  let rest: Buffer = Buffer.alloc(0)
  for (let at = 0; ; ) {
    const { bytesRead } = await file.read(chunk, 0, CHUNK_BYTES, at)
    if (bytesRead === 0) return
    at += bytesRead
    const bytes = Buffer.concat([rest, chunk.subarray(0, bytesRead)])
    let start = 0
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
      yield bytes.toString('utf8', start, end)
      start = end + 1
    }
    rest = bytes.subarray(start)
    if (rest.length > MOST_LINE_BYTES) throw new Error(`a line has more than ${MOST_LINE_BYTES} bytes`)
  }
}
