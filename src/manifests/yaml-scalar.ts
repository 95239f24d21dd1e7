// SPDX-License-Identifier: Apache-2.0
/**
 * What an unquoted YAML scalar means to kubectl, whose reader keeps to YAML 1.1 in these points and no other:
 * `yes`, `no`, `on`, `off`, `y` and `n` are booleans, `0755` is octal, digits may be grouped by `_`.
 * Left out as there: base 60 (`64500:50` is a string) and dates (strings).
 */
const WORDS: ReadonlyMap<string, boolean | null> = new Map<string, boolean | null>([
  ...['', '~', 'null', 'Null', 'NULL'].map((word): [string, null] => [word, null]),
  ...['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'].map((w): [string, true] => [w, true]),
  ...['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'].map((w): [string, false] => [
    w,
    false,
  ]),
])

const INTEGERS: readonly [RegExp, radix: number, prefix: number][] = [
  [/^(?:0|[1-9]\d*)$/, 10, 0],
  [/^0[0-7]+$/, 8, 1],
  [/^0[xX][\da-fA-F]+$/, 16, 2],
  [/^0[oO][0-7]+$/, 8, 2],
  [/^0[bB][01]+$/, 2, 2],
]
const FLOAT = /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/

export function plainValue(source: string): string | number | boolean | null {
  const word = WORDS.get(source)
  if (word !== undefined) return word
  // Numbers start with a digit, a sign or a point; everything else, nearly all scalars, is decided by this look.
  const first = source.charCodeAt(0)
  return (first >= 48 && first <= 57) || first === 43 || first === 45 || first === 46 ? numberOr(source) : source
}

/** `.inf` and `.nan` stay text: JSON, and so Kubernetes, has no such numbers. */
function numberOr(source: string): string | number {
  const plain = source.replaceAll('_', '')
  const signed = plain[0] === '-' || plain[0] === '+'
  const digits = signed ? plain.slice(1) : plain
  for (const [shape, radix, prefix] of INTEGERS) {
    if (!shape.test(digits)) continue
    const magnitude = Number.parseInt(digits.slice(prefix), radix)
    return plain[0] === '-' && magnitude !== 0 ? -magnitude : magnitude
  }
  const float = FLOAT.test(plain) ? Number(plain) : Number.NaN
  return Number.isFinite(float) ? float : source
}
