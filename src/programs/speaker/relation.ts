// SPDX-License-Identifier: Apache-2.0
/**
 * What a pattern does to a short text, as a relation: for each position where it may begin, the positions where it may
 * end, one bit for each. A sequence is the product of relations, a choice their union, a repetition the closure, and
 * none of them costs more for a long text than for a short one.
 */

/** From position i to the positions of `relation[i]`. */
type Relation = readonly number[]
/** A pattern, or a part of one. */
export type Part = (text: string) => Relation
export type Accepts = (code: number) => boolean

/** The kernel's names have 15 bytes at most; a position has to be a bit of a number. */
export const MOST_POSITIONS = 30

/** Matches the empty text. */
export const IDENTITY: Part = (text) => positionsOf(text).map((at) => 1 << at)

function positionsOf(text: string): number[] {
  return Array.from({ length: text.length + 1 }, (_, at) => at)
}

/** Positions in `ends` of first, then whatever second makes of them. */
function product(first: Relation, second: Relation): Relation {
  return first.map((ends) => second.reduce((all, further, at) => ((ends >> at) & 1 ? all | further : all), 0))
}

function union(first: Relation, second: Relation): Relation {
  return first.map((ends, at) => ends | (second[at] ?? 0))
}

function same(first: Relation, second: Relation): boolean {
  return first.every((ends, at) => ends === second[at])
}

export function character(accepts: Accepts): Part {
  return (text) => positionsOf(text).map((at) => (at < text.length && accepts(text.charCodeAt(at)) ? 2 << at : 0))
}

export function assertion(holds: (text: string, at: number) => boolean): Part {
  return (text) => positionsOf(text).map((at) => (holds(text, at) ? 1 << at : 0))
}

export function choice(parts: readonly Part[]): Part {
  const [only] = parts
  return only && parts.length === 1 ? only : (text) => parts.map((part) => part(text)).reduce(union)
}

export function sequence(parts: readonly Part[]): Part {
  return (text) => parts.reduce((all, part) => product(all, part(text)), IDENTITY(text))
}

/** A relation only leads onwards, so its powers settle after as many steps as there are positions. */
export function repetition(part: Part, least: number, most: number): Part {
  return (text) => {
    const once = part(text)
    let all = IDENTITY(text)
    for (let count = 0; count < most; count++) {
      const more = product(all, once)
      const next = count < least ? more : union(all, more)
      if (same(next, all)) break
      all = next
    }
    return all
  }
}
