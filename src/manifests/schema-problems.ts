// SPDX-License-Identifier: Apache-2.0

import { nearest } from '../lib/nearest.ts'
import type { ObjectRef, Problem } from '../lib/problem.ts'
import type { Mismatch } from './mismatches.ts'
import { advice, expected, found } from './schema-words.ts'
import type { Path, UnknownField } from './structural.ts'

/** More problems of one sort than this help nobody; the last one then says how many there are. */
const LISTED = 100

/** The path as a user would write it: spec.addresses[1], matchLabels["example.com/zone"]. */
export function fieldText(path: Path): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`
    if (!/^[\w-]{1,64}$/.test(part)) return `${text}[${JSON.stringify(part.slice(0, 64))}]`
    return text === '' ? part : `${text}.${part}`
  }, '')
}

/** One problem for each mismatch. */
export function schemaProblems(mismatches: readonly Mismatch[], object: ObjectRef): Problem[] {
  const problem = (field: string, message: string): Problem => {
    return { severity: 'error', object, field, code: 'schema', message, transient: false }
  }
  const listed = mismatches.slice(0, LISTED).map((mismatch) => problem(fieldText(mismatch.path), sentence(mismatch)))
  const unlisted = mismatches.length - LISTED
  return unlisted <= 0 ? listed : [...listed, problem('', more(object, unlisted))]
}

function sentence({ path, value, schema }: Mismatch): string {
  const secret = path.at(-1) === 'password'
  return `this is ${found(value, secret)}, expected ${expected(schema)}; ${advice(value, schema)}`
}

/** `other` names another version of this kind that has the field, if there is one. */
export function unknownProblems(
  fields: readonly UnknownField[],
  object: ObjectRef,
  other: (path: Path) => string | undefined,
): Problem[] {
  const problem = (field: string, message: string): Problem => {
    return { severity: 'warning', object, field, code: 'unknownField', message, transient: false }
  }
  const listed = fields.slice(0, LISTED).map(({ path, known }) => {
    const name = String(path.at(-1)).slice(0, 64)
    return problem(fieldText(path), `there is no field ${name} here, it is ignored; ${hint(path, known, other(path))}`)
  })
  return fields.length <= LISTED ? listed : [...listed, problem('', more(object, fields.length - LISTED))]
}

function hint(path: Path, known: readonly string[], version: string | undefined): string {
  if (version !== undefined) return `it belongs to ${version}, change apiVersion or remove it`
  const meant = nearest(String(path.at(-1)), known)
  if (meant !== undefined) return `did you mean ${meant}?`
  return known.length === 0 ? 'remove it' : `remove it, or use one of ${known.join(', ')}`
}

function more({ kind, name }: ObjectRef, count: number): string {
  return `${kind} ${name} has ${count} more problems of this sort; cure those listed first`
}
