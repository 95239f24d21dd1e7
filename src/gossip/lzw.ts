// SPDX-License-Identifier: Apache-2.0
/**
 * LZW as members of a ring compress with it: codes of 9 to 12 bits, least significant bit first, literals of 8 bits,
 * byte for byte what Go's compress/lzw writes. Codes: 0–255 literals, 256 forget the table, 257 the end, and from 258
 * the table, an entry for each code behind the first. A code is one bit wider as soon as the next entry needs it. The
 * writer forgets the table before its last entry; a reader whose table is full keeps it until it is told to forget.
 */
import type { Malformed } from './messages.ts'

const CLEAR = 256
const END = 257
const MIN_WIDTH = 9
const MAX_WIDTH = 12
const TABLE_SIZE = 1 << MAX_WIDTH
const FIRST_BYTES = 1024

/** The writer's table as a tree: an entry's first longer one, the next of equal length, and its last byte. */
const firstLonger = new Uint16Array(TABLE_SIZE)
const nextSibling = new Uint16Array(TABLE_SIZE)
const lastByte = new Uint8Array(TABLE_SIZE)
/** The reader's table: where in the output an entry stands. */
const startOf = new Uint32Array(TABLE_SIZE)
const lengthOf = new Uint32Array(TABLE_SIZE)

/** Codes into bytes; never more than two bytes a code. */
class CodeWriter {
  readonly #bytes: Uint8Array
  #at = 0
  #bits = 0
  #bitCount = 0
  width = MIN_WIDTH

  constructor(maxCodes: number) {
    this.#bytes = new Uint8Array(maxCodes * 2 + 2)
  }

  put(code: number): void {
    this.#bits |= code << this.#bitCount
    this.#bitCount += this.width
    for (; this.#bitCount >= 8; this.#bitCount -= 8) {
      this.#bytes[this.#at++] = this.#bits
      this.#bits >>>= 8
    }
  }

  finish(): Uint8Array {
    if (this.#bitCount > 0) this.#bytes[this.#at++] = this.#bits
    return this.#bytes.slice(0, this.#at)
  }
}

/** The entry that is `code` and then `byte`; 0 when there is none. */
function longer(code: number, byte: number): number {
  let entry = firstLonger[code] ?? 0
  while (entry !== 0 && lastByte[entry] !== byte) entry = nextSibling[entry] ?? 0
  return entry
}

/** All of `bytes`, compressed; the result may be longer. */
export function compress(bytes: Uint8Array): Uint8Array {
  const codes = new CodeWriter(bytes.length + Math.ceil(bytes.length / 1024) + 4)
  let newest = END
  const forget = (): void => {
    codes.width = MIN_WIDTH
    newest = END
    firstLonger.fill(0)
  }
  /** True when there is room for one more entry, which is then the newest. */
  const makeEntry = (): boolean => {
    newest++
    if (newest === 1 << codes.width) codes.width++
    if (newest < TABLE_SIZE - 1) return true
    codes.put(CLEAR)
    forget()
    return false
  }
  forget()
  codes.put(CLEAR)
  let code = bytes[0]
  for (let at = 1; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0
    const entry = longer(code ?? 0, byte)
    if (entry === 0) {
      codes.put(code ?? 0)
      if (makeEntry()) {
        nextSibling[newest] = firstLonger[code ?? 0] ?? 0
        firstLonger[code ?? 0] = newest
        lastByte[newest] = byte
      }
    }
    code = entry || byte
  }
  if (code !== undefined) {
    codes.put(code)
    makeEntry()
  }
  codes.put(END)
  return codes.finish()
}

/** Bytes that grow as they are written, up to a limit. */
class Output {
  readonly #maxBytes: number
  bytes: Uint8Array
  length = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
    this.bytes = new Uint8Array(Math.min(FIRST_BYTES, maxBytes))
  }

  /** Makes room for so many more; false when that is above the limit. */
  ensure(count: number): boolean {
    const needed = this.length + count
    if (needed > this.#maxBytes) return false
    if (needed > this.bytes.length) {
      const grown = new Uint8Array(Math.min(this.#maxBytes, Math.max(needed, this.bytes.length * 2)))
      grown.set(this.bytes.subarray(0, this.length))
      this.bytes = grown
    }
    return true
  }
}

/** What was compressed; malformed when codes make no sense, the end is missing, or it is more than `maxBytes`. */
export function decompress(bytes: Uint8Array, maxBytes: number): Uint8Array | Malformed {
  const out = new Output(maxBytes)
  let at = 0
  let bits = 0
  let bitCount = 0
  let width = MIN_WIDTH
  let next = END
  /** Where the last code's bytes begin; -1 when the next code makes no entry. */
  let lastStart = -1
  for (;;) {
    for (; bitCount < width; bitCount += 8) {
      const byte = bytes[at++]
      if (byte === undefined) return { malformed: 'badCompression' }
      bits |= byte << bitCount
    }
    const code = bits & ((1 << width) - 1)
    bits >>>= width
    bitCount -= width
    if (code === END) return out.bytes.subarray(0, out.length)
    if (code === CLEAR) {
      width = MIN_WIDTH
      next = END
      lastStart = -1
      continue
    }
    // An entry is the code before and the first byte of this one: they stand one behind the other in the output.
    if (lastStart >= 0) {
      startOf[next] = lastStart
      lengthOf[next] = out.length - lastStart + 1
    }
    if (code > next) return { malformed: 'badCompression' }
    const start = out.length
    const drop = expand(code, out)
    if (drop !== null) return drop
    lastStart = start
    next++
    if (next === 1 << width) {
      if (width < MAX_WIDTH) width++
      else {
        next--
        lastStart = -1
      }
    }
  }
}

/** Appends what a code stands for; its own first byte may be the one that it ends with. */
function expand(code: number, out: Output): Malformed | null {
  const length = code < CLEAR ? 1 : (lengthOf[code] ?? 0)
  if (!out.ensure(length)) return { malformed: 'tooLarge' }
  if (code < CLEAR) {
    out.bytes[out.length++] = code
    return null
  }
  const from = startOf[code] ?? 0
  const last = from + length - 1
  if (last < out.length) out.bytes.copyWithin(out.length, from, last + 1)
  else {
    out.bytes.copyWithin(out.length, from, last)
    out.bytes[out.length + length - 1] = out.bytes[from] ?? 0
  }
  out.length += length
  return null
}
