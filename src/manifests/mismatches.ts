// SPDX-License-Identifier: Apache-2.0
/**
 * Whether a value is as its schema wants it, by the words of `Structural` as OpenAPI 3.0 and the API server read them.
 *
 * A JSON Schema compiler costs a daemon 4 MB and 30 ms, so ajv is only the oracle of the test. Depth is bounded by the
 * schema, so hostile nesting is never followed.
 */
import { fieldSchema, isFields, type Path, type Structural } from './structural.ts'

/** A value that its schema refuses; undefined: it is missing. */
export type Mismatch = Readonly<{ path: Path; value: unknown; schema: Structural }>

/**
 * All that is wrong about a JSON value, each field once: what is missing, then the rest in the schema's order. Fields
 * that the schema does not have are ignored.
 */
export function* mismatches(value: unknown, schema: Structural, path: Path = []): Generator<Mismatch> {
  // OpenAPI 3.0.3: an enum has to list null itself.
  if (value === null && schema.nullable && !schema.enum) return
  if (!fits(value, schema)) yield { path, value, schema }
  if (schema.items && Array.isArray(value)) {
    for (const [index, item] of value.entries()) yield* mismatches(item, schema.items, [...path, index])
  } else if (isFields(value)) yield* inFields(value, schema, path)
}

type Fields = Readonly<Record<string, unknown>>

function* inFields(value: Fields, schema: Structural, path: Path): Generator<Mismatch> {
  for (const name of schema.required ?? []) {
    const field = fieldSchema(schema, name)
    if (field && !Object.hasOwn(value, name)) yield { path: [...path, name], value: undefined, schema: field }
  }
  for (const name of Object.keys(schema.additionalProperties ? value : (schema.properties ?? {}))) {
    const field = fieldSchema(schema, name)
    if (field && Object.hasOwn(value, name)) yield* mismatches(value[name], field, [...path, name])
  }
}

/** Whether the value itself is right; what it contains is another question. */
function fits(value: unknown, schema: Structural): boolean {
  switch (schema.type) {
    case 'object':
      return isFields(value)
    case 'array':
      return Array.isArray(value) && value.length >= (schema.minItems ?? 0)
    case 'string':
      return typeof value === 'string' && isAllowedText(value, schema)
    case 'integer':
      return typeof value === 'number' && Number.isInteger(value) && isInRange(value, schema)
    case 'boolean':
      return typeof value === 'boolean'
  }
}

function isInRange(value: number, { minimum = -Infinity, maximum = Infinity, format }: Structural): boolean {
  return value >= minimum && value <= maximum && isInFormat(value, format)
}

/**
 * The API server stores larger numbers than int32 holds, and MetalLB then fails to read them. What int64 does not hold
 * is no integer to either. 2^63−1 itself, read as a JavaScript number, is 2^63.
 */
function isInFormat(value: number, format: Structural['format']): boolean {
  if (format === 'int32') return value >= -(2 ** 31) && value < 2 ** 31
  return Math.abs(value) <= 2 ** 63
}

const DATE_TIME = /^(\d{4}-\d\d-\d\d)T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i

/** RFC 3339 with a day that there is: JavaScript moves the 30th of February into March. */
function isDateTime(text: string): boolean {
  const date = DATE_TIME.exec(text)?.[1]
  const day = new Date(`${date}T00:00:00Z`)
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(`${date}T`)
}

function isAllowedText(text: string, { enum: words, format, pattern, minLength = 0, maxLength }: Structural): boolean {
  if (words && !words.includes(text)) return false
  if (format === 'date-time' && !isDateTime(text)) return false
  // Lengths first: a pattern may backtrack on a text that is longer than it need be.
  if (minLength > 0 && lengthOf(text) < minLength) return false
  if (maxLength !== undefined && text.length > maxLength && lengthOf(text) > maxLength) return false
  return pattern === undefined || new RegExp(pattern, 'u').test(text)
}

/** In characters, as the API server counts; JavaScript counts those beyond U+FFFF twice. */
function lengthOf(text: string): number {
  return Array.from(text).length
}
