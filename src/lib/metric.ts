// SPDX-License-Identifier: Apache-2.0
/** Counters, gauges and distributions: numbers by label values, and the lines of the text format that they make. */
import { AssertionError } from 'node:assert'

/** One value for each label name of the metric; a label without value is left out, and that is the same to Prometheus. */
export type Labels<L extends string = string> = Readonly<Record<L, string | null>>
export type Sample<L extends string = string> = readonly [labels: Labels<L>, value: number]

/** What follows the name in each line of a metric: labels and number. */
export type Line = readonly [string, number]
/** A distribution that is counted elsewhere, since the start of the process. */
export type Distribution = Readonly<{
  /** Upper bounds, rising. */
  bounds: readonly number[]
  /** How many values each bucket has; one more than bounds, for those above the last. */
  counts: readonly number[]
  sum: number
}>

/** What counters and gauges share: one number for each combination of label values that was ever given. */
class Series<L extends string> {
  readonly #names: readonly L[]
  /** By the labels as they are written out, since that is what a scrape needs. */
  readonly #values = new Map<string, number>()
  #read: () => Iterable<Sample<L>> = () => []

  constructor(names: readonly L[]) {
    this.#names = names
  }

  /** Ends the series: it is not shown until it gets a value again. One that is not there is no error. */
  remove(labels: Labels<L>): void {
    this.#values.delete(this.#keyOf(labels))
  }

  /** Has `read` called at every scrape for the series that are kept elsewhere; those given here come first. */
  readFrom(read: () => Iterable<Sample<L>>): void {
    this.#read = read
  }

  change(labels: Labels<L>, next: (before: number) => number): void {
    const key = this.#keyOf(labels)
    this.#values.set(key, next(this.#values.get(key) ?? 0))
  }

  *lines(): Generator<Line> {
    yield* this.#values
    for (const [labels, value] of this.#read()) yield [this.#keyOf(labels), value]
  }

  #keyOf(labels: Labels<L>): string {
    let key = ''
    for (const name of this.#names) {
      const value = labels[name]
      if (value !== null) key += `${key === '' ? '{' : ','}${name}="${escapeValue(value)}"`
    }
    return key === '' ? '' : `${key}}`
  }
}

/** A number that only grows while its series is there. */
export class Counter<L extends string = never> {
  readonly #series: Series<L>

  constructor(labelNames: readonly L[]) {
    this.#series = new Series(labelNames)
  }

  /** Adds `by`; 0 makes the series appear, so that rate() sees its first step. A negative number is a bug. */
  add(labels: Labels<L>, by = 1): void {
    if (!(by >= 0)) throw new AssertionError({ message: `a counter cannot grow by ${by}` })
    this.#series.change(labels, (before) => before + by)
  }

  /** As of `Series`. */
  remove(labels: Labels<L>): void {
    this.#series.remove(labels)
  }

  /** As of `Series`. */
  readFrom(read: () => Iterable<Sample<L>>): void {
    this.#series.readFrom(read)
  }

  /** Labels as they are written out, and values. */
  lines(): Iterable<Line> {
    return this.#series.lines()
  }
}

/** A number that goes up and down. */
export class Gauge<L extends string = never> {
  readonly #series: Series<L>

  constructor(labelNames: readonly L[]) {
    this.#series = new Series(labelNames)
  }

  set(labels: Labels<L>, value: number): void {
    this.#series.change(labels, () => value)
  }

  /** As of `Series`. */
  remove(labels: Labels<L>): void {
    this.#series.remove(labels)
  }

  /** As of `Series`. */
  readFrom(read: () => Iterable<Sample<L>>): void {
    this.#series.readFrom(read)
  }

  /** Labels as they are written out, and values. */
  lines(): Iterable<Line> {
    return this.#series.lines()
  }
}

/** Each bucket counts the smaller ones, too. */
export function* bucketsOf({ bounds, counts, sum }: Distribution): Generator<Line> {
  let total = 0
  for (const [i, count] of counts.entries()) {
    total += count
    yield [`_bucket{le="${formatValue(bounds[i] ?? Number.POSITIVE_INFINITY)}"}`, total]
  }
  yield ['_sum', sum]
  yield ['_count', total]
}

/** A number as Prometheus reads it. */
export function formatValue(value: number): string {
  if (Number.isFinite(value) || Number.isNaN(value)) return String(value)
  return value > 0 ? '+Inf' : '-Inf'
}

function escapeValue(value: string): string {
  return /[\\\n"]/.test(value) ? value.replace(/[\\\n"]/g, escapeCharacter) : value
}

/** For text that may contain what the format gives a meaning to. */
export function escapeCharacter(character: string): string {
  return character === '\n' ? '\\n' : `\\${character}`
}
