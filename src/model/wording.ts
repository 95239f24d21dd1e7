// SPDX-License-Identifier: Apache-2.0
/** How messages to users name things. */
const LONGEST_QUOTE = 60
const LONGEST_LIST = 3
const LONGEST_NAME = 40
const MOST_CANDIDATES = 100

/** Text of a user's, in quotes, on one line and not too long for a sentence. */
export function quote(text: string): string {
  return JSON.stringify(text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE)}…` : text)
}

/** `a`, `a and b`, `a, b and c`, `a, b, c and 4 more`. */
export function list(names: readonly string[]): string {
  if (names.length > LONGEST_LIST) {
    return `${names.slice(0, LONGEST_LIST).join(', ')} and ${names.length - LONGEST_LIST} more`
  }
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
}

/** What there is instead of `name`: the one that was probably meant, else the list. `what` is a plural. */
export function alternatives(name: string, known: Iterable<string>, what: string): string {
  const names = [...known].toSorted()
  const close = names.slice(0, MOST_CANDIDATES).find((candidate) => isTypo(name, candidate))
  if (close !== undefined) return `did you mean ${close}?`
  return names.length === 0 ? `there are no ${what}` : `the ${what} there are: ${list(names)}`
}

/** At most two letters apart (Levenshtein), and not more than a third of the name. */
function isTypo(a: string, b: string): boolean {
  const most = Math.min(2, Math.floor(Math.max(a.length, b.length) / 3))
  if (a.length > LONGEST_NAME || Math.abs(a.length - b.length) > most) return false
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return (row[b.length] ?? 0) <= most
}
