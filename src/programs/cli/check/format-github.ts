// SPDX-License-Identifier: Apache-2.0
/** For GitHub Actions: workflow commands, which become annotations at the lines of a change. */
import type { Problem } from '../../../lib/problem.ts'
import { type Findings, sentenceOf } from './report.ts'

/** One command a line; nothing at all where nothing is wrong. */
export function formatGithub({ problems }: Findings): string {
  return problems.map((problem) => `${commandOf(problem)}\n`).join('')
}

function commandOf(problem: Problem): string {
  const { severity, file, line, column, code } = problem
  const properties = Object.entries({ file, line, col: column, title: code })
  const given = properties.flatMap(([key, value]) => (value === undefined ? [] : `${key}=${property(String(value))}`))
  return `::${severity} ${given.join(',')}::${data(sentenceOf(problem))}`
}

/** What the runner decodes in a message. */
function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

/** In a property also what divides properties. */
function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}
