// SPDX-License-Identifier: Apache-2.0
/**
 * JSON text → value. JSON.parse reads; the scan before it bounds the nesting and notes where the items of a list
 * stand, so that a problem can be located later without keeping positions of everything.
 */
import type { Flaw } from './codes.ts'
import { MAX_DEPTH, TOO_DEEP } from './depth.ts'
import { duplicateKeys, LISTED, type Repeated } from './duplicate-keys.ts'

/** First character and the one after the last. */
export type Span = Readonly<{ start: number; end: number }>

/**
 * `items`: where the elements of the outermost object's `items` stand; empty when it has none.
 * `flaws`: keys that stand twice in one object, as far as they are listed.
 */
export type JsonReading =
  | Readonly<{ ok: true; value: unknown; items: readonly Span[]; flaws: readonly Flaw[] }>
  | Readonly<{ ok: false; flaw: Flaw }>

export function readJson(text: string): JsonReading {
  const scan = scanJson(text)
  if (scan.tooDeepAt !== null) {
    return { ok: false, flaw: { severity: 'error', code: 'tooDeep', message: TOO_DEEP, offset: scan.tooDeepAt } }
  }
  try {
    return { ok: true, value: JSON.parse(text), items: scan.items, flaws: duplicateKeys(repeatedKeys(text), false) }
  } catch (thrown) {
    return { ok: false, flaw: syntaxFlaw(text, thrown instanceof Error ? thrown.message : '') }
  }
}

function syntaxFlaw(text: string, reason: string): Flaw {
  // V8 quotes the text behind a comma, or says where; both are said better by file and line.
  const what = reason.replace(/, ["'.].*| in JSON at position.*| \(line \d+ column \d+\)| at position \d+/gs, '')
  const message = `not valid JSON: ${what.charAt(0).toLowerCase()}${what.slice(1)}`
  return { severity: 'error', code: 'notJson', message, offset: offsetOfError(text) }
}

/** V8 mostly does not say where the error is. Every shorter beginning of the text only lacks its end, so bisect. */
function offsetOfError(text: string): number {
  let [fine, wrong] = [0, text.length]
  while (wrong - fine > 1) {
    const middle = (fine + wrong) >> 1
    if (mayGoOn(text.slice(0, middle))) fine = middle
    else wrong = middle
  }
  return mayGoOn(text) ? text.length : fine
}

function mayGoOn(beginning: string): boolean {
  try {
    JSON.parse(beginning)
    return true
  } catch (thrown) {
    if (!(thrown instanceof SyntaxError)) throw thrown
    const position = / at position (\d+)/.exec(thrown.message)?.[1]
    return thrown.message.startsWith('Unexpected end') || Number(position) >= beginning.length
  }
}

const QUOTE = 34
const COMMA = 44
const BRACE = 123
const OPEN = new Set([91, 123])
const CLOSE = new Set([93, 125])

/** One pass over the text, without judging it: JSON.parse does that. */
function scanJson(text: string): { tooDeepAt: number | null; items: Span[] } {
  const items: Span[] = []
  let depth = 0
  let key = ''
  let inItems = false
  let itemStart = 0
  const closeItem = (end: number): void => {
    if (text.slice(itemStart, end).trim() !== '') items.push(trimmed(text, itemStart, end))
    itemStart = end + 1
  }
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) {
      const end = endOfString(text, at)
      if (depth === 1) key = text.slice(at + 1, end)
      at = end
    } else if (OPEN.has(code)) {
      depth++
      if (depth > MAX_DEPTH) return { tooDeepAt: at, items: [] }
      if (depth === 2 && code === 91 && key === 'items') {
        inItems = true
        items.length = 0
        itemStart = at + 1
      }
    } else if (CLOSE.has(code)) {
      if (inItems && depth === 2) closeItem(at)
      if (depth === 2) inItems = false
      depth--
    } else if (code === COMMA && inItems && depth === 2) closeItem(at)
  }
  return { tooDeepAt: null, items }
}

/** JSON.parse keeps the last of equal keys and says nothing. For text that is JSON. */
function repeatedKeys(text: string): readonly Repeated[] {
  const repeated: Repeated[] = []
  /** The keys of each open object so far; null for a list. */
  const open: (Set<string> | null)[] = []
  let isKeyNext = false
  for (let at = 0; at < text.length && repeated.length < LISTED; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) {
      const end = endOfString(text, at)
      const keys = isKeyNext ? open.at(-1) : null
      if (keys) {
        const name = keyIn(text.slice(at, end + 1))
        if (keys.has(name)) repeated.push({ name, offset: at })
        keys.add(name)
      }
      isKeyNext = false
      at = end
    } else if (OPEN.has(code)) {
      isKeyNext = code === BRACE
      open.push(isKeyNext ? new Set() : null)
    } else if (CLOSE.has(code)) open.pop()
    else if (code === COMMA) isKeyNext = true
  }
  return repeated
}

function keyIn(literal: string): string {
  return literal.includes('\\') ? String(JSON.parse(literal)) : literal.slice(1, -1)
}

/** The closing quote of the string that opens at `at`, or the last character of a text that ends within it. */
function endOfString(text: string, at: number): number {
  for (let end = text.indexOf('"', at + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let slashes = 0
    while (text.charCodeAt(end - 1 - slashes) === 92) slashes++
    if (slashes % 2 === 0) return end
  }
  return text.length
}

function trimmed(text: string, start: number, end: number): Span {
  const leading = /\S/g
  leading.lastIndex = start
  return { start: leading.exec(text)?.index ?? start, end }
}
