// SPDX-License-Identifier: Apache-2.0
/** A line of the demo's result; `ms` is how long the step took. */
export type Row = Readonly<{ name: string; observed: string; ms: number; outcome: 'ok' | 'FAILED' | 'not tried' }>

/** The result as text in columns. */
export function table(rows: readonly Row[]): string {
  const cells = rows.map(({ name, observed, ms, outcome }) => [name, observed, ms.toFixed(0), outcome])
  const lines = [['step', 'what was seen', 'ms', ''], ...cells]
  const widths = [0, 1, 2, 3].map((column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
  const rule = widths.map((width) => '-'.repeat(width))
  const aligned = [lines[0] ?? [], rule, ...cells].map((line) =>
    line.map((cell, column) => (column === 2 ? cell.padStart(widths[2] ?? 0) : cell.padEnd(widths[column] ?? 0))),
  )
  return aligned.map((line) => line.join('  ').trimEnd()).join('\n')
}
