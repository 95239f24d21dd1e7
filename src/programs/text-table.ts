// SPDX-License-Identifier: Apache-2.0
import { printable } from './cli/check/report.ts'

export type Row = readonly string[]

/** A title, heads and rows in columns, and an empty line; `none` where there are no rows. For people. */
export function section(title: string, heads: Row, rows: readonly Row[]): string {
  if (rows.length === 0) return `${title}\n  none\n\n`
  const widths = heads.map((head, at) =>
    rows.reduce((most, row) => Math.max(most, (row[at] ?? '').length), head.length),
  )
  const line = (row: Row): string =>
    `  ${row.map((text, at) => printable(text).padEnd(widths[at] ?? 0)).join('  ')}`.trimEnd()
  return `${title}\n${[heads, ...rows].map(line).join('\n')}\n\n`
}
