// SPDX-License-Identifier: Apache-2.0
/** For programs: the problems as `simulate` has them, with the column. */
import { countsOf, type Findings } from './report.ts'

/** One JSON object; keys are always present, `file` '' and `line` and `column` 0 where the place is not known. */
export function formatJson({ problems }: Findings): string {
  const rows = problems.map(({ severity, object, field, code, message, file = '', line = 0, column = 0 }) => {
    return { severity, ...object, field, code, message, file, line, column }
  })
  return `${JSON.stringify({ problems: rows, ...countsOf(problems) }, null, 2)}\n`
}
