// SPDX-License-Identifier: Apache-2.0
/** Figures as people read them, on the terminal and in docs/performance.md. */
import type { Figure } from './figure.ts'

/** Where and when figures were measured. `machine` is a kind, never a name. */
export type Run = Readonly<{ date: string; commit: string; machine: string; figures: readonly Figure[] }>

const OF_RUNS = /(?:, )?(?:best|worst) of \d+ runs$/

const HEAD = `# Performance

Measured by \`make bench\`, newest first; \`make bench BENCH=--record\` adds a run. Smaller is better, and a bound is what
\`make bench\` holds us to (\`make test\` to twice that, as machines differ). Ratios compare two things within one run.
`

/** True where the figure is above its bound times `tolerance`. */
export function isBeyond({ value, bound }: Figure, tolerance: number): boolean {
  // Not `value > …`: a figure that could not be measured (NaN) is no good one.
  return bound !== null && !(value <= bound * tolerance)
}

/** True where nothing at all is allowed: a count of what may never happen, and no time that a busy machine makes longer. */
function isPromise({ bound }: Figure): boolean {
  return bound === 0
}

/** True where a figure is beyond its bound and may have been so because of what else the machine did. */
export function isWorthAnotherRun(figure: Figure, tolerance: number): boolean {
  return isBeyond(figure, tolerance) && !isPromise(figure)
}

/** Of each figure the smaller value, out of `runs` runs so far; but of a promise the larger one, as one miss breaks it. */
export function bestOf(before: readonly Figure[], after: readonly Figure[], runs: number): readonly Figure[] {
  return before.map((figure) => {
    const again = after.find(({ name }) => name === figure.name) ?? figure
    const { note = '', ...kept } = isPromise(figure)
      ? worse(figure, again)
      : figure.value <= again.value
        ? figure
        : again
    const words = note.replace(OF_RUNS, '')
    return {
      ...kept,
      note: `${words}${words === '' ? '' : ', '}${isPromise(figure) ? 'worst' : 'best'} of ${runs} runs`,
    }
  })
}

function worse(one: Figure, other: Figure): Figure {
  // What could not be measured (NaN) is worst.
  return one.value >= other.value || Number.isNaN(one.value) ? one : other
}

/** A table for the terminal, and the line that tools/test.ts counts by. */
export function report(figures: readonly Figure[], tolerance: number): string {
  const width = Math.max(0, ...figures.map(({ name }) => name.length))
  const lines = figures.map((figure) => {
    const mark = isBeyond(figure, tolerance) ? '✖' : ' '
    const cells = [
      figure.name.padEnd(width),
      amount(figure.value, figure.unit).padStart(12),
      limit(figure).padStart(14),
    ]
    return `${mark} ${cells.join(' ')}${figure.note === undefined ? '' : `  ${figure.note}`}`
  })
  const bounded = figures.filter(({ bound }) => bound !== null)
  const beyond = bounded.filter((figure) => isBeyond(figure, tolerance)).length
  const rule = tolerance === 1 ? [] : [`(failing above ${tolerance} times the bound)`]
  return [...lines, ...rule, `${bounded.length - beyond} within bounds, ${beyond} beyond`, ''].join('\n')
}

/** docs/performance.md with this run on top of the others; `page` is '' where there is none yet. */
export function withRun(page: string, run: Run): string {
  const text = page === '' ? HEAD : page
  const newest = text.indexOf('\n## ')
  const at = newest < 0 ? text.length : newest + 1
  const older = text.slice(at)
  return `${text.slice(0, at).trimEnd()}\n\n${section(run)}${older === '' ? '' : `\n${older}`}`
}

function section({ date, commit, machine, figures }: Run): string {
  const rows = figures.map((figure) => `| ${figure.name} | ${amount(figure.value, figure.unit)} | ${limit(figure)} |`)
  return [`## ${date}, ${commit}`, '', machine, '', '| figure | measured | bound |', '|---|---|---|', ...rows, ''].join(
    '\n',
  )
}

function limit({ bound, unit }: Figure): string {
  return bound === null ? '–' : `≤ ${amount(bound, unit)}`
}

function amount(value: number, unit: string): string {
  const text = value.toLocaleString('en-US', precision(value))
  return unit === '' ? text : `${text} ${unit}`
}

/** About three digits that mean something. */
function precision(value: number): Intl.NumberFormatOptions {
  if (value < 0.1) return { maximumSignificantDigits: 2 }
  const digits = Number.isInteger(value) || value >= 100 ? 0 : value >= 10 ? 1 : 2
  return { minimumFractionDigits: digits, maximumFractionDigits: digits }
}
