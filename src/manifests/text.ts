// SPDX-License-Identifier: Apache-2.0
import type { Flaw } from './codes.ts'

/** Larger files are refused unread: 10,000 Services take 5 MB, and a manifest of this size is a mistake. */
export const MAX_FILE_BYTES = 32 * 1024 * 1024

/** `line` and `column` count from 1. */
export type Position = Readonly<{ line: number; column: number }>

/** Finds lines and columns in a text; the table of lines is made when it is first needed. */
export class Lines {
  readonly #text: string
  #starts: number[] | null = null

  constructor(text: string) {
    this.#text = text
  }

  /** The line and column of a character. */
  at(offset: number): Position {
    this.#starts ??= lineStarts(this.#text)
    let [low, high] = [0, this.#starts.length]
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if ((this.#starts[middle] ?? 0) <= offset) low = middle
      else high = middle
    }
    return { line: low + 1, column: offset - (this.#starts[low] ?? 0) + 1 }
  }

  /** A line, counted from 1, without its end; undefined behind the last. */
  text(line: number): string | undefined {
    this.#starts ??= lineStarts(this.#text)
    const start = this.#starts[line - 1]
    return start === undefined ? undefined : this.#text.slice(start, this.#starts[line]).replace(/\r?\n$/, '')
  }
}

function lineStarts(text: string): number[] {
  const starts = [0]
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return starts
}

// YAML 1.2 §5.1 and RFC 8259 §7 both refuse these; NUL is what UTF-16 without a mark looks like.
// oxlint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/

/** Bytes of a file as text; a UTF-8 byte order mark is dropped. */
export function decodeText(bytes: Uint8Array): { ok: true; text: string } | { ok: false; text: string; flaw: Flaw } {
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff))
    return { ok: false, text: '', flaw: notText('the file is UTF-16; save it as UTF-8', 0) }
  const text = new TextDecoder('utf-8').decode(bytes)
  const replaced = text.indexOf('\ufffd')
  if (replaced >= 0 && !isUtf8(bytes))
    return { ok: false, text, flaw: notText('these bytes are not UTF-8; save the file as UTF-8', replaced) }
  const control = CONTROL.exec(text)
  if (!control) return { ok: true, text }
  const code = control[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')
  return {
    ok: false,
    text,
    flaw: notText(`the control character U+${code} may not stand in a manifest`, control.index),
  }
}

/** U+FFFD may also have been written on purpose. */
function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return true
  } catch {
    return false
  }
}

function notText(message: string, offset: number): Flaw {
  return { severity: 'error', code: 'notText', message, offset }
}

/** A word out of a user's text, fit to be part of a sentence: short, on one line, quoted where it needs it. */
export function quoted(word: string): string {
  return /^[\w./-]{1,80}$/.test(word) ? word : JSON.stringify(word.length > 80 ? `${word.slice(0, 80)}…` : word)
}
