// SPDX-License-Identifier: Apache-2.0
/**
 * What the API server does to a custom resource before it validates it: unknown fields are pruned, nulls go, defaults
 * come in. Works on a copy. Depth is bounded by the schema, so hostile nesting is never followed.
 */

/** The part of an OpenAPI v3 schema that our CRDs use (structural schemas: one type per level, no combinators). */
export type Structural = Readonly<{
  type: 'object' | 'array' | 'string' | 'integer' | 'boolean'
  description?: string
  properties?: Readonly<Record<string, Structural>>
  /** Of a map: the schema of its values. */
  additionalProperties?: Structural
  required?: readonly string[]
  items?: Structural
  default?: string | number | boolean
  nullable?: boolean
  enum?: readonly string[]
  format?: 'int32' | 'int64' | 'date-time'
  minimum?: number
  maximum?: number
  minItems?: number
  minLength?: number
  maxLength?: number
  pattern?: string
}>

/** From the root of an object to a value in it. */
export type Path = readonly (string | number)[]

/** A field that the schema does not have, and the fields that stand in its place. */
export type UnknownField = Readonly<{ path: Path; known: readonly string[] }>

type Fields = Readonly<Record<string, unknown>>

/**
 * A copy of `value` as the API server would store it. Values of the wrong type are kept as they are, for the validator
 * to name. `onUnknown` hears of each field that is left out.
 */
export function conform(
  value: unknown,
  schema: Structural,
  { path, onUnknown }: { path: Path; onUnknown: (field: UnknownField) => void },
): unknown {
  if (schema.type === 'array' && schema.items && Array.isArray(value)) {
    const items = schema.items
    return value.map((item, index) =>
      isScalar(item) ? item : conform(item, items, { path: [...path, index], onUnknown }),
    )
  }
  if (schema.type !== 'object' || !isFields(value)) return value
  const copy: Record<string, unknown> = {}
  for (const key of Object.keys(value)) {
    const field = fieldSchema(schema, key)
    if (!field) onUnknown({ path: [...path, key], known: Object.keys(schema.properties ?? {}) })
    else if (isScalar(value[key])) setField(copy, key, value[key])
    else if (value[key] !== null || field.nullable) {
      setField(copy, key, conform(value[key], field, { path: [...path, key], onUnknown }))
    }
  }
  for (const [key, field] of Object.entries(schema.properties ?? {})) {
    if (field.default !== undefined && !Object.hasOwn(copy, key)) copy[key] = field.default
  }
  return copy
}

/** Most values are: they need no path of their own. */
const isScalar = (value: unknown) => typeof value !== 'object'

/** Whether a value is a mapping: neither null nor a list. */
export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The schema of one field or map entry. Only own properties count, so that `constructor` is as unknown as any other. */
export function fieldSchema({ properties, additionalProperties }: Structural, key: string): Structural | undefined {
  return properties && Object.hasOwn(properties, key) ? properties[key] : additionalProperties
}

/** The schema at the end of a path, if it leads anywhere. */
export function schemaAt(root: Structural, path: Path): Structural | undefined {
  let at: Structural | undefined = root
  for (const part of path) at = at && (typeof part === 'number' ? at.items : fieldSchema(at, part))
  return at
}

/** Assigning to `__proto__` would set the prototype; a map may hold it as an ordinary key. */
function setField(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(target, key, { value, enumerable: true, writable: true, configurable: true })
  } else target[key] = value
}
