// SPDX-License-Identifier: Apache-2.0
const MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3, // U+00B5, micro sign
  μs: 1e-3, // U+03BC, Greek letter mu
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}

/** What an int64 of nanoseconds can hold, about 292 years. */
const LONGEST_MS = 2 ** 63 / 1e6
/** Escaped: a single character beyond Latin-1 would have V8 hold the whole bundle in two bytes a character. */
const TERM = /(\d+\.?\d*|\.\d+)(ns|us|\u00b5s|\u03bcs|ms|s|m|h)/y

/**
 * Milliseconds of a duration as Go's time.ParseDuration reads it (`90s`, `1m30s`, `1.5h`, `-1s`, `0`), the form of all
 * durations in metallb.io; undefined when the text is anything else.
 */
export function parseDuration(text: string): number | undefined {
  const sign = text.startsWith('-') ? -1 : 1
  const terms = /^[+-]/.test(text) ? text.slice(1) : text
  if (terms === '0') return 0
  let total = 0
  TERM.lastIndex = 0
  for (let at = 0; at < terms.length || at === 0; at = TERM.lastIndex) {
    const term = TERM.exec(terms)
    if (!term) return undefined
    total += Number(term[1]) * (MS[term[2] ?? ''] ?? 0)
  }
  // Floating point leaves crumbs below a nanosecond.
  return total > LONGEST_MS ? undefined : (sign * Math.round(total * 1e6)) / 1e6 || 0
}
