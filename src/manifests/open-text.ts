// SPDX-License-Identifier: Apache-2.0
import { Locator, parseField } from './locate.ts'
import type { Place } from './read.ts'
import { Lines, type Position } from './text.ts'

/** The text of one file, for as long as problems in it are located; each document is read again once at most. */
export class OpenText {
  readonly #text: string
  readonly #lines: Lines
  readonly #locators = new Map<number, Locator>()

  constructor(text: string) {
    this.#text = text
    this.#lines = new Lines(text)
  }

  /** Where a field of the object at `place` stands, or the nearest parent of it that is written there. */
  at(place: Place, field: string): Position {
    const locator = this.#locators.get(place.start) ?? new Locator(this.#text.slice(place.start, place.end))
    this.#locators.set(place.start, locator)
    return this.#lines.at(place.start + locator.find(place.document, [...place.path, ...parseField(field)]))
  }

  /** A line of the text, counted from 1, without its end; undefined behind the last. */
  line(number: number): string | undefined {
    return this.#lines.text(number)
  }
}
