// SPDX-License-Identifier: Apache-2.0
/**
 * Cuts answers of the API server into objects while they arrive, so that neither a whole list nor a whole watch is ever
 * in memory, and JSON.parse never holds the loop for longer than one object takes.
 *
 *   {"kind":"ServiceList", "metadata":{…},  "items":[ {…}, {…}, … ] }      in any order of keys, cut anywhere
 *   └─────────── envelope ───────────────────────────┘ item  item   └┘ envelope
 *
 * Nothing is judged here but brackets and strings: items and envelope both go through JSON.parse, and a text is valid
 * exactly when all its parts are.
 */
import { Fault } from '../lib/fault.ts'
import { fieldAt, textAt } from '../lib/unchecked.ts'

/** Longest object; etcd refuses to store more than 1.5 MiB. */
export const MAX_OBJECT_BYTES = 8 * 2 ** 20
/** Longest envelope: a few short fields. */
const MAX_ENVELOPE_BYTES = 2 ** 20
/** Deepest nesting; the API server's own objects stay below 30. */
const MAX_DEPTH = 200

export type JsonFaultKind = Readonly<{ code: 'malformed' | 'tooLarge' | 'cut' }>

/** What stands beside the items: '' where the server says nothing. */
export type ListEnvelope = Readonly<{ resourceVersion: string; continueToken: string }>

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
/** More than `"items":` takes with every letter written as an escape. Whoever writes it longer is refused at the end. */
const MAX_KEY_LENGTH = 64
/** `"items" :` at the end of the envelope; escapes are legal in it, if nobody's habit. */
const KEY_BEFORE = /("(?:[^"\\]|\\.)*")\s*:\s*$/

/** Parses the bytes of one object. Throws a Fault when they are not JSON. */
export function parseItem(bytes: Buffer): unknown {
  return parse(bytes.toString())
}

/** Finds the elements of the outermost `items` in the text of one list. */
export class ListScanner {
  #depth = 0
  #inString = false
  #escaped = false
  #inItems = false
  #hadItems = false
  #count = 0
  /** Bytes of the envelope so far, one to a character. */
  #envelope = ''
  /** Where in it the last string began that stands straight in the outermost object. */
  #stringAt = 0
  readonly #item = new Parts()

  /** The items that end in this part of the text. Throws a Fault when no valid list goes on like this. */
  feed(chunk: Buffer): Buffer[] {
    const items: Buffer[] = []
    let from = 0
    for (let at = 0; at < chunk.length; at++) {
      if (this.#inString) {
        at = this.#passString(chunk, at)
        continue
      }
      const byte = chunk[at]
      if (byte === QUOTE) {
        this.#inString = true
        if (this.#depth === 1) this.#stringAt = this.#envelope.length + at - from
      } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
        if (byte === OPEN_BRACKET && this.#depth === 1) from = this.#maybeEnter(chunk, from, at)
        this.#deepen()
      } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
        this.#depth--
        if (this.#depth === 1 && this.#inItems) from = this.#leave(chunk, { from, at }, items)
      } else if (byte === COMMA && this.#inItems && this.#depth === 2) {
        items.push(this.#item.take(chunk.subarray(from, at)))
        this.#count++
        from = at + 1
      }
    }
    if (this.#inItems) this.#item.add(chunk.subarray(from))
    else this.#grow(chunk, from, chunk.length)
    return items
  }

  /** The text is over. Throws a Fault when it was not a whole list. */
  end(): ListEnvelope {
    if (this.#depth > 0 || this.#inString)
      throw new Fault<JsonFaultKind>({ code: 'cut' }, 'the list ends in its middle')
    const envelope = parse(Buffer.from(this.#envelope, 'latin1').toString())
    const items = fieldAt(envelope, 'items')
    // null is how Go writes an empty slice. An array with something in it was not taken for the items when it came by.
    const isList = items === null || (Array.isArray(items) && items.length === 0)
    if (!isList) throw malformed('it is no list of objects')
    const metadata = fieldAt(envelope, 'metadata')
    return { resourceVersion: textAt(metadata, 'resourceVersion'), continueToken: textAt(metadata, 'continue') }
  }

  /** Index of the quote that ends the string, or of the last byte that is there. */
  #passString(chunk: Buffer, from: number): number {
    let at = from
    if (this.#escaped) {
      this.#escaped = false
      at++
    }
    for (; at < chunk.length; at++) {
      const byte = chunk[at]
      if (byte === QUOTE) {
        this.#inString = false
        return at
      }
      if (byte === BACKSLASH) at++
    }
    this.#escaped = at > chunk.length
    return chunk.length
  }

  /** At a `[` straight in the outermost object: where the items begin if these are they, else `from`. */
  #maybeEnter(chunk: Buffer, from: number, at: number): number {
    this.#grow(chunk, from, at)
    if (this.#envelope.length - this.#stringAt > MAX_KEY_LENGTH) return at
    const key = KEY_BEFORE.exec(this.#envelope.slice(this.#stringAt))?.[1]
    if (key === undefined || parse(key) !== 'items') return at
    if (this.#hadItems) throw malformed('it has "items" twice')
    this.#hadItems = true
    this.#inItems = true
    this.#envelope += '['
    return at + 1
  }

  /** At the bracket that closes the items. Blank between brackets is no item; blank after a comma is a bad one. */
  #leave(chunk: Buffer, { from, at }: { from: number; at: number }, items: Buffer[]): number {
    const last = this.#item.take(chunk.subarray(from, at))
    if (this.#count > 0 || !isBlank(last)) items.push(last)
    this.#inItems = false
    return at
  }

  #deepen(): void {
    this.#depth++
    if (this.#depth > MAX_DEPTH) throw malformed(`it is nested more than ${MAX_DEPTH} deep`)
  }

  #grow(chunk: Buffer, from: number, to: number): void {
    this.#envelope += chunk.toString('latin1', from, to)
    if (this.#envelope.length > MAX_ENVELOPE_BYTES) throw tooLarge('what stands beside the items', MAX_ENVELOPE_BYTES)
  }
}

/** Finds the events of a watch: one JSON text to a line. */
export class LineScanner {
  readonly #line = new Parts()

  /** The lines that end in this part of the stream, without empty ones. Throws a Fault when one is too long. */
  feed(chunk: Buffer): Buffer[] {
    const lines: Buffer[] = []
    let from = 0
    for (let at = chunk.indexOf(0x0a); at >= 0; at = chunk.indexOf(0x0a, from)) {
      const line = this.#line.take(chunk.subarray(from, at))
      if (!isBlank(line)) lines.push(line)
      from = at + 1
    }
    this.#line.add(chunk.subarray(from))
    return lines
  }
}

/** One object whose beginning came with earlier chunks. */
class Parts {
  #parts: Buffer[] = []
  #bytes = 0

  add(part: Buffer): void {
    if (part.length === 0) return
    this.#bytes += part.length
    if (this.#bytes > MAX_OBJECT_BYTES) throw tooLarge('one object', MAX_OBJECT_BYTES)
    this.#parts.push(part)
  }

  /** All of it, and a fresh start. */
  take(last: Buffer): Buffer {
    if (this.#parts.length === 0 && last.length <= MAX_OBJECT_BYTES) return last
    this.add(last)
    const whole = Buffer.concat(this.#parts, this.#bytes)
    this.#parts = []
    this.#bytes = 0
    return whole
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (thrown) {
    if (!(thrown instanceof SyntaxError)) throw thrown
    throw new Fault<JsonFaultKind>({ code: 'malformed' }, 'it is not valid JSON', thrown)
  }
}

function malformed(why: string): Fault<JsonFaultKind> {
  return new Fault({ code: 'malformed' }, why)
}

function tooLarge(what: string, limitBytes: number): Fault<JsonFaultKind> {
  return new Fault({ code: 'tooLarge' }, `${what} is larger than ${limitBytes / 2 ** 20} MiB`)
}

function isBlank(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09)
}
