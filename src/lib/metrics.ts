// SPDX-License-Identifier: Apache-2.0
/**
 * Numbers for Prometheus, in its text format 0.0.4. A small registry of our own: the usual library costs the daemons
 * 20 MB.
 *
 * What happens is counted where it happens (`Counter.add`). What is known anyway (how many addresses, who announces
 * what) is read when somebody asks (`readFrom`, `onCollect`), so that a changed Service costs nothing here, however
 * many there are, and 10,000 series take no memory between two scrapes.
 */
import { AssertionError } from 'node:assert'

/** One value for each label name of the metric. */
export type Labels<L extends string = string> = Readonly<Record<L, string>>
export type Sample<L extends string = string> = readonly [labels: Labels<L>, value: number]

/** The media type of what `render` answers. */
export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** What counters and gauges share: one number for each combination of label values that was ever given. */
class Family<L extends string> {
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

  protected write(labels: Labels<L>, change: (before: number) => number): void {
    const key = this.#keyOf(labels)
    this.#values.set(key, change(this.#values.get(key) ?? 0))
  }

  /** Labels as they are written out, and values. */
  *entries(): Generator<Line> {
    yield* this.#values
    for (const [labels, value] of this.#read()) yield [this.#keyOf(labels), value]
  }

  #keyOf(labels: Labels<L>): string {
    if (this.#names.length === 0) return ''
    return `{${this.#names.map((name) => `${name}="${escapeValue(labels[name])}"`).join(',')}}`
  }
}

/** A number that only grows while its series is there. */
export class Counter<L extends string = never> extends Family<L> {
  /** Adds `by`; 0 makes the series appear, so that rate() sees its first step. Throws on a negative number. */
  add(labels: Labels<L>, by = 1): void {
    if (!(by >= 0)) throw new AssertionError({ message: `a counter cannot grow by ${by}` })
    this.write(labels, (before) => before + by)
  }
}

/** A number that goes up and down. */
export class Gauge<L extends string = never> extends Family<L> {
  set(labels: Labels<L>, value: number): void {
    this.write(labels, () => value)
  }
}

/** What a metric is, beside its numbers. */
export type Description = Readonly<{
  name: string
  type: 'counter' | 'gauge' | 'histogram'
  help: string
  labelNames: readonly string[]
}>
/** What follows the name in each line of a metric: labels and number. */
type Line = readonly [string, number]
type Registered = Description & Readonly<{ entries(): Iterable<Line> }>

/** A distribution that is counted elsewhere, since the start of the process. */
export type Distribution = Readonly<{
  /** Upper bounds, rising. */
  bounds: readonly number[]
  /** How many values each bucket has; one more than bounds, for those above the last. */
  counts: readonly number[]
  sum: number
}>

/** The metrics of one process. */
export class Metrics {
  readonly #registered = new Map<string, Registered>()
  readonly #collectors: (() => void)[] = []

  /** Makes a counter. A name that is taken, or that the format does not allow, is a bug. */
  counter<L extends string = never>(name: string, help: string, labelNames: readonly L[] = []): Counter<L> {
    const counter = new Counter<L>(labelNames)
    this.#register({ name, type: 'counter', help, labelNames, entries: () => counter.entries() })
    return counter
  }

  /** Makes a gauge; as `counter`. */
  gauge<L extends string = never>(name: string, help: string, labelNames: readonly L[] = []): Gauge<L> {
    const gauge = new Gauge<L>(labelNames)
    this.#register({ name, type: 'gauge', help, labelNames, entries: () => gauge.entries() })
    return gauge
  }

  /** Shows a distribution that `read` knows at every scrape; as `counter`. */
  histogram(name: string, help: string, read: () => Distribution): void {
    this.#register({ name, type: 'histogram', help, labelNames: [], entries: () => bucketsOf(read()) })
  }

  /** Has `collect` called before each `render`, to bring numbers up to date that are kept elsewhere. */
  onCollect(collect: () => void): void {
    this.#collectors.push(collect)
  }

  /** All series in the text format: metrics by name, the series of each in the order in which they appeared. */
  render(): string {
    return [...this.lines()].join('')
  }

  /** What `render` answers, line by line, for those who send a long one in slices. */
  *lines(): Generator<string> {
    for (const collect of this.#collectors) collect()
    for (const registered of [...this.#registered.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      yield* linesOf(registered)
    }
  }

  /** All metrics, for the page that lists them. */
  described(): readonly Description[] {
    return [...this.#registered.values()]
  }

  #register(registered: Registered): void {
    const { name, labelNames } = registered
    const words = /^[a-zA-Z_][a-zA-Z0-9_]*$/
    if (![name, ...labelNames].every((word) => words.test(word)) || this.#registered.has(name)) {
      throw new AssertionError({ message: `metric ${name} {${labelNames.join()}}: bad name, or registered twice` })
    }
    this.#registered.set(name, registered)
  }
}

/** A metric without a series still shows its HELP and TYPE: whoever looks for it sees that it exists. */
function* linesOf({ name, type, help, entries }: Registered): Generator<string> {
  yield `# HELP ${name} ${help.replace(/[\\\n]/g, escapeCharacter)}\n# TYPE ${name} ${type}\n`
  for (const [labels, value] of entries()) yield `${name}${labels} ${formatValue(value)}\n`
}

/** Each bucket counts the smaller ones, too. */
function* bucketsOf({ bounds, counts, sum }: Distribution): Generator<Line> {
  let total = 0
  for (const [i, count] of counts.entries()) {
    total += count
    yield [`_bucket{le="${formatValue(bounds[i] ?? Number.POSITIVE_INFINITY)}"}`, total]
  }
  yield ['_sum', sum]
  yield ['_count', total]
}

function formatValue(value: number): string {
  if (Number.isFinite(value) || Number.isNaN(value)) return String(value)
  return value > 0 ? '+Inf' : '-Inf'
}

function escapeValue(value: string): string {
  return /[\\\n"]/.test(value) ? value.replace(/[\\\n"]/g, escapeCharacter) : value
}

function escapeCharacter(character: string): string {
  return character === '\n' ? '\\n' : `\\${character}`
}
