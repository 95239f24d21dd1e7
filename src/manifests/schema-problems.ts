// SPDX-License-Identifier: Apache-2.0
import type { ErrorObject } from 'ajv'
import type { ObjectRef, Problem } from '../lib/problem.ts'
import { nearest } from './nearest.ts'
import { advice, expected, found } from './schema-words.ts'
import { isFields, type Path, type Structural, schemaAt, type UnknownField } from './structural.ts'

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

/** What was validated: a whole object and the schema of its kind. */
export type Subject = Readonly<{ schema: Structural; value: unknown; ref: ObjectRef }>

/** One problem per field from the validator's errors, which may name a field several times. */
export function schemaProblems(errors: readonly ErrorObject[], { schema, value, ref }: Subject): Problem[] {
  const byField = new Map(errors.map((error) => [`${error.instancePath}/${missingField(error) ?? ''}`, error]))
  const problem = (field: string, message: string): Problem => {
    return { severity: 'error', object: ref, field, code: 'schema', message, transient: false }
  }
  const all = [...byField.values()]
  const listed = all.slice(0, LISTED).map((error) => {
    const at = locate(error, value)
    return problem(fieldText(at.path), sentence(at, schemaAt(schema, at.path) ?? schema))
  })
  return all.length <= LISTED ? listed : [...listed, problem('', more(ref, all.length - LISTED))]
}

type Located = Readonly<{ path: Path; value: unknown }>

function sentence({ path, value }: Located, schema: Structural): string {
  const secret = path.at(-1) === 'password'
  return `this is ${found(value, secret)}, expected ${expected(schema)}; ${advice(value, schema)}`
}

function missingField({ keyword, params }: ErrorObject): string | undefined {
  return keyword === 'required' ? String(params.missingProperty) : undefined
}

/** ajv's JSON pointer (RFC 6901); what stands at each step tells whether "1" is an index or a key. */
function locate(error: ErrorObject, root: unknown): Located {
  const path: (string | number)[] = []
  let value = root
  for (const token of error.instancePath.split('/').slice(1)) {
    const key = token.replaceAll('~1', '/').replaceAll('~0', '~')
    path.push(Array.isArray(value) ? Number(key) : key)
    value = Array.isArray(value) ? value[Number(key)] : isFields(value) ? value[key] : undefined
  }
  const missing = missingField(error)
  return missing === undefined ? { path, value } : { path: [...path, missing], value: undefined }
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
