// SPDX-License-Identifier: Apache-2.0
/** For people: the place, the sentence, the line itself with a mark under the place, and the sum. */
import type { Problem } from '../../../lib/problem.ts'
import { countsOf, type Findings, printable, sentenceOf } from './report.ts'

/** Of a longer line only what is around the place is shown. */
const WIDTH = 100
const BEFORE = 40

/** Problems as compilers print them, so that editors find the places. */
export function formatText({ problems, objects, lineOf }: Findings): string {
  const blocks = problems.map((problem) => `${headline(problem)}\n${excerpt(problem, lineOf)}`)
  return `${blocks.join('\n')}${blocks.length > 0 ? '\n' : ''}${sum(problems, objects)}\n`
}

function headline(problem: Problem): string {
  const { file, line, column, severity, code } = problem
  const place = [file ?? '', line, column].filter((part) => part !== undefined && part !== '').join(':')
  return `${place === '' ? '' : `${printable(place)}: `}${severity}: ${sentenceOf(problem)} [${code}]`
}

function excerpt({ object, file, line, column = 1 }: Problem, lineOf: Findings['lineOf']): string {
  const whole = file === undefined || line === undefined || object.kind === 'Secret' ? undefined : lineOf(file, line)
  if (whole === undefined) return ''
  const text = masked(whole)
  const start = text.length <= WIDTH ? 0 : Math.max(0, column - 1 - BEFORE)
  const cut = start > 0 ? '…' : ''
  const shown = `${cut}${printable(text.slice(start, start + WIDTH))}${start + WIDTH < text.length ? '…' : ''}`
  const margin = String(line)
  const mark = ' '.repeat(cut.length + column - 1 - start)
  return `  ${margin} | ${shown}\n  ${' '.repeat(margin.length)} | ${mark}^\n`
}

/** What this prints stays in the logs of CI jobs. */
function masked(line: string): string {
  return line.replace(/(\bpassword["']?\s*:\s*)(.+)/i, (_, key: string, rest: string) => key + '*'.repeat(rest.length))
}

function sum(problems: readonly Problem[], objects: number): string {
  const { errors, warnings } = countsOf(problems)
  const parts = [plural(errors, 'error'), plural(warnings, 'warning')].filter((part) => !part.startsWith('0 '))
  return `${parts.length === 0 ? 'no problems' : parts.join(' and ')} in ${plural(objects, 'object')}`
}

function plural(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}
