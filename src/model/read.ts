// SPDX-License-Identifier: Apache-2.0
import type { ObjectRef, Problem } from '../lib/problem.ts'
import type { Labels } from './selector.ts'
import { quote } from './wording.ts'

/** A section of an object that nobody checked. Each field of a wrong type is noted as a problem and read as absent. */
export class Section {
  readonly #fields: Readonly<Record<string, unknown>>
  readonly #path: string
  readonly #flaws: Flaws

  constructor(value: unknown, path: string, flaws: Flaws) {
    this.#fields = isRecord(value) ? value : {}
    this.#path = path
    this.#flaws = flaws
    if (!isRecord(value) && value !== undefined && value !== null) flaws.add(path, 'an object', value)
  }

  string(key: string): string | undefined {
    const value = this.#get(key)
    return value === undefined || typeof value === 'string' ? value : this.#wrong(key, 'text', value)
  }

  boolean(key: string): boolean | undefined {
    const value = this.#get(key)
    return value === undefined || typeof value === 'boolean' ? value : this.#wrong(key, 'true or false', value)
  }

  /** One of the words of an enumeration; Kubernetes reads an empty one as absent. */
  oneOf<T extends string>(key: string, allowed: readonly T[]): T | undefined {
    const value = this.#get(key)
    if (value === undefined || value === '') return undefined
    return allowed.find((word) => word === value) ?? this.#wrong(key, allowed.join(' or '), value)
  }

  /** A TCP or UDP port, 1 to 65535. */
  port(key: string): number | undefined {
    const value = this.#get(key)
    if (value === undefined) return undefined
    const valid = typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 65535
    return valid ? value : this.#wrong(key, 'a port from 1 to 65535', value)
  }

  /** The same where Kubernetes writes 0 for none. */
  optionalPort(key: string): number | null {
    return this.#get(key) === 0 ? null : (this.port(key) ?? null)
  }

  /** The same where it must be given; 0 where it cannot be read. */
  requiredPort(key: string): number {
    if (this.#get(key) === undefined) this.#wrong(key, 'a port from 1 to 65535', undefined)
    return this.port(key) ?? 0
  }

  labels(key: string): Labels {
    const value = this.#get(key)
    if (value === undefined) return {}
    if (isLabels(value)) return value
    this.#wrong(key, 'a map of text to text', value)
    return {}
  }

  strings(key: string): readonly string[] {
    return this.#items(key).flatMap((value, index) => {
      if (typeof value === 'string') return [value]
      this.#flaws.add(`${this.#path}.${key}[${index}]`, 'text', value)
      return []
    })
  }

  section(key: string): Section {
    return new Section(this.#get(key), `${this.#path}.${key}`, this.#flaws)
  }

  sections(key: string): readonly Section[] {
    return this.#items(key).flatMap((value, index) => {
      const path = `${this.#path}.${key}[${index}]`
      if (isRecord(value)) return [new Section(value, path, this.#flaws)]
      this.#flaws.add(path, 'an object', value)
      return []
    })
  }

  /** Notes that a field of the right type has a value that cannot be used. */
  refuse(key: string, expected: string, value: string): void {
    this.#wrong(key, expected, value)
  }

  #items(key: string): readonly unknown[] {
    const value = this.#get(key)
    if (value === undefined) return []
    return Array.isArray(value) ? value : (this.#wrong(key, 'a list', value) ?? [])
  }

  /** `null` counts as absent, as for the API server; what is only inherited does not count at all. */
  #get(key: string): unknown {
    return Object.hasOwn(this.#fields, key) ? (this.#fields[key] ?? undefined) : undefined
  }

  #wrong(key: string, expected: string, value: unknown): undefined {
    this.#flaws.add(`${this.#path}.${key}`, expected, value)
  }
}

/** The fields of one object that could not be read. */
export class Flaws {
  readonly problems: Problem[] = []
  readonly #object: ObjectRef

  constructor(object: ObjectRef) {
    this.#object = object
  }

  add(field: string, expected: string, value: unknown): void {
    const message = `this is ${describe(value)}, expected ${expected}; correct it`
    this.problems.push({ severity: 'error', object: this.#object, field, code: 'schema', message, transient: false })
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isLabels(value: unknown): value is Labels {
  if (!isRecord(value)) return false
  for (const key in value) if (typeof value[key] !== 'string') return false
  return true
}

function describe(value: unknown): string {
  if (value === undefined || value === null) return 'empty'
  if (typeof value === 'object') return Array.isArray(value) ? 'a list' : 'an object'
  return typeof value === 'string' ? `the text ${quote(value)}` : JSON.stringify(value)
}
