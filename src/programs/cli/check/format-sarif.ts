// SPDX-License-Identifier: Apache-2.0
/** For code scanners: SARIF 2.1.0 (OASIS standard), one run. */
import { isAbsolute, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Problem } from '../../../lib/problem.ts'
import { VERSION } from '../../../lib/version.ts'
import { type Findings, sentenceOf } from './report.ts'

const SCHEMA = 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json'

/** One log with one run; `rules` are the codes that occur, in the order of the alphabet. */
export function formatSarif({ problems }: Findings): string {
  const codes = [...new Set(problems.map(({ code }) => code))].toSorted()
  const indexes = new Map(codes.map((code, index) => [code, index]))
  const run = {
    tool: { driver: { name: 'metallb', semanticVersion: VERSION, rules: codes.map(ruleOf) } },
    columnKind: 'utf16CodeUnits', // §3.14.17: what our columns count
    results: problems.map((problem) => resultOf(problem, indexes.get(problem.code) ?? -1)),
  }
  return `${JSON.stringify({ $schema: SCHEMA, version: '2.1.0', runs: [run] }, null, 2)}\n`
}

function ruleOf(code: string): object {
  const words = code.replaceAll(/[A-Z]+/g, (letters) => ` ${letters.toLowerCase()}`)
  return { id: code, shortDescription: { text: words }, help: { text: `Explained in docs/errors.md under ${code}.` } }
}

function resultOf(problem: Problem, ruleIndex: number): object {
  const { code, severity, file, line, column } = problem
  const region = line === undefined ? {} : { region: { startLine: line, startColumn: column ?? 1 } }
  const physicalLocation = { artifactLocation: { uri: uriOf(file ?? '') }, ...region }
  return {
    ruleId: code,
    ruleIndex,
    level: severity,
    message: { text: sentenceOf(problem) },
    locations: file === undefined ? [] : [{ physicalLocation }],
  }
}

/** §3.4.3: a relative reference, which the reader resolves against the checkout, or a file URI. */
function uriOf(file: string): string {
  if (file === '-') return 'stdin'
  if (isAbsolute(file)) return pathToFileURL(file).href
  return file.split(sep).map(encodeURIComponent).join('/')
}
