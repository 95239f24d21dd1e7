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
import { bucketsOf, Counter, type Distribution, escapeCharacter, formatValue, Gauge, type Line } from './metric.ts'

/** The media type of what `render` answers. */
export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** What a metric is, beside its numbers. */
export type Description = Readonly<{
  name: string
  type: 'counter' | 'gauge' | 'histogram'
  help: string
  labelNames: readonly string[]
}>
type Registered = Description & Readonly<{ lines(): Iterable<Line> }>

/** The metrics of one process. */
export class Metrics {
  readonly #registered = new Map<string, Registered>()
  readonly #collectors: (() => void)[] = []

  /** Makes a counter. A name that is taken, or that the format does not allow, is a bug. */
  counter<L extends string = never>(name: string, help: string, labelNames: readonly L[] = []): Counter<L> {
    const counter = new Counter<L>(labelNames)
    this.#register({ name, type: 'counter', help, labelNames, lines: () => counter.lines() })
    return counter
  }

  /** Makes a gauge; as `counter`. */
  gauge<L extends string = never>(name: string, help: string, labelNames: readonly L[] = []): Gauge<L> {
    const gauge = new Gauge<L>(labelNames)
    this.#register({ name, type: 'gauge', help, labelNames, lines: () => gauge.lines() })
    return gauge
  }

  /** Shows a distribution that `read` knows at every scrape; as `counter`. */
  histogram(name: string, help: string, read: () => Distribution): void {
    this.#register({ name, type: 'histogram', help, labelNames: [], lines: () => bucketsOf(read()) })
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
function* linesOf({ name, type, help, lines }: Registered): Generator<string> {
  yield `# HELP ${name} ${help.replace(/[\\\n]/g, escapeCharacter)}\n# TYPE ${name} ${type}\n`
  for (const [labels, value] of lines()) yield `${name}${labels} ${formatValue(value)}\n`
}
