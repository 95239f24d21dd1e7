// SPDX-License-Identifier: Apache-2.0
/**
 * Regular expressions over names of network interfaces, with the syntax of Go's regexp package, in which MetalLB's users
 * write them. JavaScript's own engine reads some of it differently and can take for ever over a few nested repetitions;
 * here (relation.ts) the time goes with the length of the pattern alone. Names have no line breaks: the flags m and s
 * change nothing, and laziness neither.
 */
import type { NamePattern } from '../../l2/scan.ts'
import {
  type Accepts,
  assertion,
  character,
  choice,
  IDENTITY,
  MOST_POSITIONS,
  type Part,
  repetition,
  sequence,
} from './relation.ts'

/** `flaw`: what is wrong with it, and where. */
export type ParsedPattern = Readonly<{ ok: true; pattern: NamePattern }> | Readonly<{ ok: false; flaw: string }>

/** Go's limit of a count, and of ours for a pattern as a whole. */
const MOST_REPEATS = 1000
const MOST_LENGTH = 1000
const MOST_DEPTH = 100

/** Reads a pattern; it is searched for anywhere in the name, unless it is anchored. */
export function parseNamePattern(source: string): ParsedPattern {
  try {
    const part = new Parser(source).parse()
    const search = (name: string) => part(name.slice(0, MOST_POSITIONS)).findIndex((ends) => ends !== 0)
    return { ok: true, pattern: { [Symbol.search]: search } }
  } catch (thrown) {
    if (thrown instanceof Flaw) return { ok: false, flaw: thrown.message }
    throw thrown
  }
}

class Flaw extends Error {}

const isDigit: Accepts = (code) => code >= 48 && code <= 57
const isWord: Accepts = (code) => /^\w$/.test(String.fromCharCode(code))
const isSpace: Accepts = (code) => [9, 10, 12, 13, 32].includes(code)
const not =
  (accepts: Accepts): Accepts =>
  (code) =>
    !accepts(code)
const between = (first: number, last: number): Accepts => {
  return (code) => code >= first && code <= last
}
const either = (all: readonly Accepts[]): Accepts => {
  return (code) => all.some((accepts) => accepts(code))
}

const CLASSES: Readonly<Record<string, Accepts>> = {
  d: isDigit,
  D: not(isDigit),
  w: isWord,
  W: not(isWord),
  s: isSpace,
  S: not(isSpace),
}
const NAMED: Readonly<Record<string, string>> = {
  alnum: '[0-9A-Za-z]',
  alpha: '[A-Za-z]',
  ascii: '[\\x00-\\x7f]',
  blank: '[\\t ]',
  cntrl: '[\\x00-\\x1f\\x7f]',
  digit: '[0-9]',
  graph: '[!-~]',
  lower: '[a-z]',
  print: '[ -~]',
  punct: '[!-/:-@[-`{-~]',
  space: '[\\t\\n\\v\\f\\r ]',
  upper: '[A-Z]',
  word: '\\w',
  xdigit: '[0-9A-Fa-f]',
}
const CONTROLS: Readonly<Record<string, number>> = { a: 7, f: 12, t: 9, n: 10, r: 13, v: 11 }

const isWordAt = (text: string, at: number) => at >= 0 && at < text.length && isWord(text.charCodeAt(at))
const isBoundary = (text: string, at: number) => isWordAt(text, at - 1) !== isWordAt(text, at)
const ASSERTIONS: Readonly<Record<string, Part>> = {
  A: assertion((_, at) => at === 0),
  z: assertion((text, at) => at === text.length),
  b: assertion(isBoundary),
  B: assertion((text, at) => !isBoundary(text, at)),
}

class Parser {
  readonly #source: string
  #at = 0
  #depth = 0
  #ignoreCase = false

  constructor(source: string) {
    this.#source = source
    if (source.length > MOST_LENGTH) throw new Flaw(`it has more than ${MOST_LENGTH} characters`)
  }

  parse(): Part {
    const part = this.#alternatives()
    if (this.#at < this.#source.length) throw this.#flaw('a ) without its (')
    return part
  }

  /** Flags that are set inside hold to the end of the group. */
  #alternatives(): Part {
    if (++this.#depth > MOST_DEPTH) throw this.#flaw(`more than ${MOST_DEPTH} groups in each other`)
    const before = this.#ignoreCase
    const choices = [this.#branch()]
    while (this.#eat('|')) choices.push(this.#branch())
    this.#ignoreCase = before
    this.#depth--
    return choice(choices)
  }

  #branch(): Part {
    const parts: Part[] = []
    while (this.#at < this.#source.length && !'|)'.includes(this.#peek())) {
      const atom = this.#atom()
      if (atom) parts.push(this.#quantified(atom))
    }
    return sequence(parts)
  }

  #quantified(atom: Part): Part {
    const count = this.#count()
    if (!count) return atom
    this.#eat('?')
    const [least, most] = count
    if (this.#count()) throw this.#flaw('a repetition of a repetition')
    return repetition(atom, least, most)
  }

  /** What stands behind an atom, if it is a repetition; `{` that is none is a character. */
  #count(): readonly [number, number] | null {
    const [text, , least = '', range, most = ''] =
      /^(?:([*+?])|\{(\d{1,9})(,(\d{0,9}))?\})/.exec(this.#source.slice(this.#at)) ?? []
    if (text === undefined) return null
    this.#at += text.length
    if (text === '*') return [0, Infinity]
    if (text === '+') return [1, Infinity]
    if (text === '?') return [0, 1]
    const upTo = range === undefined ? Number(least) : most === '' ? Infinity : Number(most)
    const largest = Math.max(Number(least), upTo === Infinity ? 0 : upTo)
    if (largest > MOST_REPEATS || upTo < Number(least)) throw this.#flaw(`${text} is no count that Go allows`)
    return [Number(least), upTo]
  }

  /** Null for a group that only sets flags. */
  #atom(): Part | null {
    const char = this.#next()
    switch (char) {
      case '(':
        return this.#group()
      case '[':
        return character(this.#folding(this.#set()))
      case '.':
        return character(() => true)
      case '^':
        return ASSERTIONS['A'] ?? IDENTITY
      case '$':
        return ASSERTIONS['z'] ?? IDENTITY
      case '\\':
        return this.#escapedAtom()
      case '*':
      case '+':
      case '?':
        throw this.#flaw(`nothing in front of ${char} to repeat`)
      default:
        return this.#literal(char.charCodeAt(0))
    }
  }

  #escapedAtom(): Part {
    const part = ASSERTIONS[this.#peek()]
    if (part) this.#at++
    const accepts = part ? null : this.#escape()
    return part ?? (typeof accepts === 'number' ? this.#literal(accepts) : character(accepts ?? (() => false)))
  }

  #literal(code: number): Part {
    return character(this.#folding(between(code, code)))
  }

  #folding(accepts: Accepts): Accepts {
    if (!this.#ignoreCase) return accepts
    return (code) => {
      const char = String.fromCharCode(code)
      return accepts(char.toLowerCase().charCodeAt(0)) || accepts(char.toUpperCase().charCodeAt(0))
    }
  }

  #group(): Part | null {
    const [opening, flags, colon] = /^\?(?:P?<\w+>|([imsU]*(?:-[imsU]+)?)([:)]))/.exec(this.#rest()) ?? []
    if (opening === undefined && this.#peek() === '?') throw this.#flaw('a group of a sort that Go does not have')
    this.#at += opening?.length ?? 0
    const before = this.#ignoreCase
    const [on = '', off = ''] = flags?.split('-') ?? []
    this.#ignoreCase = (before || on.includes('i')) && !off.includes('i')
    if (colon === ')') return null
    const part = this.#alternatives()
    this.#ignoreCase = before
    if (!this.#eat(')')) throw this.#flaw('a ( without its )')
    return part
  }

  #set(): Accepts {
    const negated = this.#eat('^')
    const items: Accepts[] = []
    for (let first = true; first || this.#peek() !== ']'; first = false) {
      if (this.#at >= this.#source.length) throw this.#flaw('a [ without its ]')
      items.push(this.#setItem())
    }
    this.#at++
    return negated ? not(either(items)) : either(items)
  }

  #setItem(): Accepts {
    const [named, caret, name = ''] = /^\[:(\^?)(\w+):\]/.exec(this.#rest()) ?? []
    if (named !== undefined) {
      const pattern = NAMED[name]
      if (pattern === undefined) throw this.#flaw(`no class ${named}`)
      this.#at += named.length
      const accepts: Accepts = (code) => new RegExp(`^${pattern}$`).test(String.fromCharCode(code))
      return caret === '' ? accepts : not(accepts)
    }
    const first = this.#setCharacter()
    if (typeof first !== 'number') return first
    if (this.#peek() !== '-' || this.#rest().startsWith('-]')) return between(first, first)
    this.#at++
    const last = this.#setCharacter()
    if (typeof last !== 'number' || last < first) throw this.#flaw('a range that ends before it begins')
    return between(first, last)
  }

  #setCharacter(): number | Accepts {
    const char = this.#next()
    return char === '\\' ? this.#escape() : char.charCodeAt(0)
  }

  /** What follows a backslash: a class, or the one character that it stands for. */
  #escape(): number | Accepts {
    const [hex, short, long] = /^x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]{1,6})\})/.exec(this.#rest()) ?? []
    if (hex !== undefined) {
      this.#at += hex.length
      return Number.parseInt(short ?? long ?? '', 16)
    }
    const char = this.#next()
    const known = CLASSES[char] ?? CONTROLS[char]
    if (known !== undefined) return known
    if (/^[0-9A-Za-z]$/.test(char)) throw this.#flaw(`\\${char} means nothing here`)
    return char.charCodeAt(0)
  }

  #peek(): string {
    return this.#source[this.#at] ?? ''
  }

  #rest(): string {
    return this.#source.slice(this.#at)
  }

  #next(): string {
    const char = this.#peek()
    if (char === '') throw this.#flaw('it ends too early')
    this.#at++
    return char
  }

  #eat(char: string): boolean {
    if (this.#peek() !== char) return false
    this.#at++
    return true
  }

  #flaw(what: string): Flaw {
    return new Flaw(`${what}, at character ${this.#at + 1}`)
  }
}
