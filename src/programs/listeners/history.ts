// SPDX-License-Identifier: Apache-2.0
/**
 * The flight recorder: the last decisions of the daemon, in the words of its log and whatever the log level is, so
 * that somebody who comes later can see what happened. Bounded in memory and on disk; in a run directory that can be
 * written it outlives the process, and the next one shows it, too.
 */

import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock, Timer } from '../../lib/clock.ts'
import { reasonOf } from '../../lib/fault.ts'
import type { Level, Log } from '../../lib/log.ts'
import { supervise } from '../../lib/supervise.ts'
import { errorNameOf } from './listen.ts'
import { CAUTIOUS, distrustOf, type RunDirectory } from './run-directory.ts'

/** Decisions that are kept in memory: some 300 kB. More would reach further back. */
const MOST_ENTRIES = 1000
/** Longer lines, which a hostile message could make, are not kept. */
const LONGEST_LINE = 4096
/** A file of this size becomes the old one, and a new one begins: twice this much is on disk. */
const FILE_BYTES = 524_288
/** What was said in one FLUSH_MS may come on top. */
const MOST_FILE_BYTES = 16 * FILE_BYTES
/** How much a crash may take away; shorter would mean more writes. */
const FLUSH_MS = 200
const APPENDING = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | CAUTIOUS

export class History {
  readonly #clock: Clock
  readonly #path: string | null
  #lines: string[] = []
  #unwritten: string[] = []
  #fileBytes = 0
  #timer: Timer | null = null
  #writing: Promise<void> = Promise.resolve()
  #why: string | null

  constructor({ program, directory, clock }: { program: string; directory: RunDirectory; clock: Clock }) {
    this.#clock = clock
    this.#path = directory.usable ? join(directory.path, `${program}-history.jsonl`) : null
    this.#why = directory.usable ? null : directory.why
    if (this.#path !== null) this.#recall(this.#path)
  }

  /** A log that writes to `log`, and keeps what is not mere detail (above debug). */
  recording(log: Log): Log {
    const keeping =
      (level: Level): Log[Level] =>
      (msg, fields = {}) => {
        log[level](msg, fields)
        this.#keep(JSON.stringify({ ts: new Date(this.#clock.wallMs()).toISOString(), level, msg, ...fields }))
      }
    return { debug: log.debug, info: keeping('info'), warn: keeping('warn'), error: keeping('error') }
  }

  /** The document: where it is kept, and the decisions, the oldest first. */
  document(): Readonly<Record<string, unknown>> {
    const kept = this.#why === null ? { keptIn: this.#path } : { keptIn: 'memory', why: this.#why }
    return { ...kept, entries: this.#entries() }
  }

  /** Writes what is not on disk yet; resolves when it is there, or cannot be. */
  async close(): Promise<void> {
    this.#timer?.cancel()
    this.#timer = null
    this.#flush()
    await this.#writing
  }

  *#entries(): Generator {
    for (const line of this.#lines) yield parsed(line)
  }

  #keep(line: string): void {
    if (line.length > LONGEST_LINE) return
    this.#lines.push(line)
    if (this.#lines.length >= 2 * MOST_ENTRIES) this.#lines = this.#lines.slice(-MOST_ENTRIES)
    if (this.#why !== null) return
    this.#unwritten.push(line)
    this.#timer ??= this.#clock.after(FLUSH_MS, () => {
      this.#timer = null
      this.#flush()
    })
  }

  #flush(): void {
    if (this.#path === null || this.#unwritten.length === 0) return
    const text = `${this.#unwritten.join('\n')}\n`
    const path = this.#path
    this.#unwritten = []
    this.#writing = this.#writing.then(() => this.#append(path, text))
    supervise('the flight recorder', this.#writing)
  }

  async #append(path: string, text: string): Promise<void> {
    try {
      if (this.#fileBytes > FILE_BYTES) {
        await rename(path, `${path}.old`)
        this.#fileBytes = 0
      }
      await append(path, text)
      this.#fileBytes += Buffer.byteLength(text)
    } catch (error) {
      this.#why = `${path} cannot be written (${reasonOf(error)})`
    }
  }

  /** What the process before this one left. */
  #recall(path: string): void {
    try {
      const [old, latest] = [read(`${path}.old`), read(path)]
      this.#lines = `${old}\n${latest}`.split('\n').filter(isEntry).slice(-MOST_ENTRIES)
      this.#fileBytes = Buffer.byteLength(latest)
      if (latest !== '' && !latest.endsWith('\n')) this.#unwritten.push('')
    } catch (error) {
      this.#why = `${path} cannot be read (${reasonOf(error)})`
    }
  }
}

/** What a file of ours holds, '' where there is none. Throws for one that is none of ours. */
function read(path: string): string {
  const file = openIfThere(path)
  if (file === null) return ''
  try {
    const stats = fstatSync(file)
    const distrust = distrustOf(stats) ?? (stats.size > MOST_FILE_BYTES ? 'is none of ours' : null)
    if (distrust !== null) throw new Error(`it ${distrust}`)
    return readFileSync(file, 'utf8')
  } finally {
    closeSync(file)
  }
}

function openIfThere(path: string): number | null {
  try {
    return openSync(path, constants.O_RDONLY | CAUTIOUS)
  } catch (error) {
    if (errorNameOf(error) === 'ENOENT') return null
    throw error
  }
}

async function append(path: string, text: string): Promise<void> {
  const file = await open(path, APPENDING, 0o600)
  try {
    const distrust = distrustOf(await file.stat())
    if (distrust !== null) throw new Error(`it ${distrust}`)
    await file.appendFile(text)
  } finally {
    await file.close()
  }
}

/** A line that a crash cut short is none. */
function isEntry(line: string): boolean {
  return parsed(line) !== null
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return null
  }
}
