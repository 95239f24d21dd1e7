// SPDX-License-Identifier: Apache-2.0
/** Figures as people read them, on the terminal and in docs/performance.md. */
import type { Figure } from './figure.ts'

/** Where and when figures were measured. `machine` is a kind, never a name. */
export type Run = Readonly<{ date: string; commit: string; machine: string; figures: readonly Figure[] }>

const BEST = /(?:, )?best of \d+ runs$/

const HEAD = `# Performance

Measured by \`make bench\`, newest first; \`make bench BENCH=--record\` adds a run. Smaller is better, and a bound is what
\`make bench\` holds us to (\`make test\` to twice that, as machines differ). Ratios compare two things within one run.
`

/** True where the figure is above its bound times `tolerance`. */
export function isBeyond({ value, bound }: Figure, tolerance: number): boolean {
  // Not `value > …`: a figure that could not be measured (NaN) is no good one.
  return bound !== null && !(value <= bound * tolerance)
}

/** The smaller value of each figure, out of `runs` runs so far. */
export function bestOf(before: readonly Figure[], after: readonly Figure[], runs: number): readonly Figure[] {
  return before.map((figure) => {
    const again = after.find(({ name }) => name === figure.name) ?? figure
    const { note = '', ...better } = figure.value <= again.value ? figure : again
    const words = note.replace(BEST, '')
    return { ...better, note: `${words}${words === '' ? '' : ', '}best of ${runs} runs` }
  })
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
