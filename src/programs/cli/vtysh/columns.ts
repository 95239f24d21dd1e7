// SPDX-License-Identifier: Apache-2.0
import { printable } from '../check/report.ts'

/** Heads and rows in columns, two spaces apart. */
export function columns(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [heads, ...rows.map((row) => row.map(printable))]
  const widths = heads.map((_, at) => all.reduce((most, row) => Math.max(most, (row[at] ?? '').length), 0))
  return all
    .map(
      (row) =>
        `${row
          .map((text, at) => text.padEnd(widths[at] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('')
}
