// SPDX-License-Identifier: Apache-2.0
/** How messages to users name things. */
import { nearest } from '../lib/nearest.ts'

const LONGEST_QUOTE = 60
/** Of the names in a cluster none is longer; what is, was never one. */
const LONGEST_NAME = 253
const LONGEST_LIST = 3
/** Among how many the one that was meant is looked for: a list of ten thousand wrong names is still read at once. */
const MOST_CANDIDATES = 100

/** Text of a user's, in quotes, on one line and not too long for a sentence. */
export function quote(text: string): string {
  return JSON.stringify(text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE)}…` : text)
}

/** A name or another short text of a user's, as it stands there; where it can be none, quoted and cut. */
export function shorten(text: string): string {
  return text.length > LONGEST_NAME ? quote(text) : text
}

/** Names in a sentence: `a`, `a and b`, `a, b and c`, `a, b, c and 4 more`. */
export function list(names: readonly string[]): string {
  const first = names.slice(0, LONGEST_LIST).map(shorten)
  if (names.length > LONGEST_LIST) return `${first.join(', ')} and ${names.length - LONGEST_LIST} more`
  return first.length < 2 ? first.join('') : `${first.slice(0, -1).join(', ')} and ${first.at(-1)}`
}

/** Clauses, which may have commas of their own, joined by `; ` or ` or `: `a; b`, `a; b; c; 4 more`. */
export function join(clauses: readonly string[], joiner: string): string {
  const rest = clauses.length - LONGEST_LIST
  return [...clauses.slice(0, LONGEST_LIST), ...(rest > 0 ? [`${rest} more`] : [])].join(joiner)
}

/** What there is instead of `name`: the one that was probably meant, else the list. `names` are sorted, `what` a plural. */
export function alternatives(name: string, names: readonly string[], what: string): string {
  const close = nearest(name, names.slice(0, MOST_CANDIDATES))
  if (close !== undefined) return `did you mean ${close}?`
  return names.length === 0 ? `there are no ${what}, create one` : `the ${what} there are: ${list(names)}`
}
