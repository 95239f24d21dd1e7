// SPDX-License-Identifier: Apache-2.0
/**
 * Reading JSON that nobody has checked, such as an answer of the API server: what is not there, or is of another type,
 * counts as absent. Only own fields are looked at, so `__proto__` and its like are names as any other.
 */
export type Fields = Readonly<Record<string, unknown>>

/** Whether it is a JSON object: no list, and not null. */
export function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The fields of an object; none where it is something else. */
export function fieldsOf(value: unknown): Fields {
  return isRecord(value) ? value : {}
}

/** What stands at the end of the path; undefined where it ends early. */
export function fieldAt(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((at, key) => (isRecord(at) && Object.hasOwn(at, key) ? at[key] : undefined), value)
}

/** The text there; '' where there is none. */
export function textAt(value: unknown, ...path: readonly string[]): string {
  const found = fieldAt(value, ...path)
  return typeof found === 'string' ? found : ''
}

/** The list there; empty where there is none. */
export function listAt(value: unknown, ...path: readonly string[]): readonly unknown[] {
  const found: unknown = fieldAt(value, ...path)
  return Array.isArray(found) ? found : []
}
