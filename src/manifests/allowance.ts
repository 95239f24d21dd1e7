// SPDX-License-Identifier: Apache-2.0
/**
 * How much YAML is read. Time and memory go with the number of the parser's tokens, not of characters: manifests have
 * at most 0.58 for a character (Services in flow style, a line each), hostile text such as `a,a,a,` 1.5.
 */
import { Lexer } from 'yaml'

/** For one document: a List of 10,000 Services takes 1.9 million, half a gigabyte and two seconds. */
export const MAX_TOKENS = 2_000_000

export const TOO_MANY_TOKENS =
  'this document is too large to be read as YAML; divide it by lines of `---`, or write it as JSON, which takes more'

export const TOO_DENSE =
  'up to here this file holds more small pieces of YAML than manifests of its size do; write it as JSON, or divide it'

/** What it costs to begin with a text, and with each document in it: about 5 µs of work and 2 KB. */
export const TOKENS_PER_START = 5

/** `spare` is what there may be on top: small texts may be as dense as they like. */
type Density = Readonly<{ tokensPerChar: number; spare: number }>

const READING: Density = { tokensPerChar: 0.65, spare: 100_000 }

/** Reading again, to find a line, is worth it for what people write. */
const LOCATING: Density = { tokensPerChar: 0.6, spare: 500 }

/** Whether a text that was read is worth reading again. Counting tokens takes a fifth of the time of reading them. */
export function isWorthLocating(text: string): boolean {
  let left = LOCATING.spare + text.length * LOCATING.tokensPerChar
  for (const _ of new Lexer().lex(text)) if (--left < 0) return false
  return true
}

/** Tokens that may be read from one file, or from several for which `grow` is called. */
export class Allowance {
  #left = READING.spare
  #spent = 0

  constructor(chars: number) {
    this.grow(chars)
  }

  get spent(): number {
    return this.#spent
  }

  /** Nothing more may be read: something was too much. */
  get isSpent(): boolean {
    return this.#left < 0
  }

  /** Another so many characters are to be read. */
  grow(chars: number): void {
    this.#left += Math.floor(chars * READING.tokensPerChar)
  }

  /** Takes tokens; false when there are not that many left. */
  spend(tokens = 1): boolean {
    this.#spent += tokens
    this.#left -= tokens
    return this.#left >= 0
  }
}
