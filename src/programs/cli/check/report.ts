// SPDX-License-Identifier: Apache-2.0
/** What every output format is made from. */
import type { Problem } from '../../../lib/problem.ts'

export type Findings = Readonly<{
  /** By file and place. */
  problems: readonly Problem[]
  /** How many objects were looked at. */
  objects: number
  /** The text of a line (from 1) of a file, as problems name it. */
  lineOf(file: string, line: number): string | undefined
}>

/** Findings as text, which ends in a line break. */
export type Format = (findings: Findings) => string

/** The object, its field and what is wrong, on one line and without characters that move a terminal's cursor. */
export function sentenceOf({ object: { kind, name }, field, message }: Problem): string {
  const words = [kind, name, field].filter((word) => word !== '').join(' ')
  return printable(words === '' ? message : `${words}: ${message}`)
}

/** One character for each that a terminal would act on: control characters, and marks of the direction of writing. */
export function printable(text: string): string {
  return text.replaceAll('\t', ' ').replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '\u{fffd}')
}

/** How many of each severity there are. */
export function countsOf(problems: readonly Problem[]): Readonly<{ errors: number; warnings: number }> {
  const errors = problems.filter(({ severity }) => severity === 'error').length
  return { errors, warnings: problems.length - errors }
}
