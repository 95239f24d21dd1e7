// SPDX-License-Identifier: Apache-2.0

/** Beyond this many different texts, what repeats is not worth a place; all are forgotten and it begins anew. */
const MAX_TEXTS = 4096
/** A longer text hardly repeats. */
const MAX_LENGTH = 128

/**
 * One copy of texts that stand in thousands of objects: JSON.parse makes a new one for each that is longer than ten
 * characters. Property names need none of this, V8 shares them itself.
 */
export class Strings {
  readonly #known = new Map<string, string>()

  /** The same text, as the copy that others have too. Anything that is no text is given back as it is. */
  share<T>(value: T): T
  share(value: unknown): unknown {
    if (typeof value !== 'string' || value.length > MAX_LENGTH) return value
    const known = this.#known.get(value)
    if (known !== undefined) return known
    if (this.#known.size >= MAX_TEXTS) this.#known.clear()
    this.#known.set(value, value)
    return value
  }
}
