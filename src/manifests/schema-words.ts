// SPDX-License-Identifier: Apache-2.0
/** What a schema expects, what a user wrote and how to get from one to the other, in a user's words. */
import { nearest } from '../lib/nearest.ts'
import { isFields, type Structural } from './structural.ts'

const CLIP = 60
const INT32 = { minimum: -(2 ** 31), maximum: 2 ** 31 - 1 }

/** What stands there. `secret` values are named by their type only: problems end up in logs. */
export function found(value: unknown, secret: boolean): string {
  if (value === undefined) return 'missing'
  if (value === null) return 'empty (null)'
  if (Array.isArray(value)) return 'a list'
  if (isFields(value)) return 'a map'
  if (!secret && (typeof value === 'number' || typeof value === 'boolean')) return `the ${typeof value} ${value}`
  if (secret || typeof value !== 'string') return `a ${typeof value}`
  return `the string ${JSON.stringify(value.length > CLIP ? `${value.slice(0, CLIP)}…` : value)}`
}

export function expected(schema: Structural): string {
  if (schema.description) return schema.description
  switch (schema.type) {
    case 'boolean':
      return 'true or false'
    case 'integer':
      return `a whole number${rangeOf(schema.format === 'int32' ? { ...INT32, ...schema } : schema)}`
    case 'string':
      return expectedString(schema)
    case 'array':
      return `a list of ${schema.items?.type === 'string' ? 'strings' : 'maps'}${schema.minItems ? ', not empty' : ''}`
    case 'object':
      if (schema.properties) return `a map with the fields ${Object.keys(schema.properties).join(', ')}`
      return schema.additionalProperties ? 'a map of strings' : 'an empty map'
  }
}

function rangeOf({ minimum, maximum }: Readonly<{ minimum?: number; maximum?: number }>): string {
  if (minimum === undefined) return maximum === undefined ? '' : ` of at most ${maximum}`
  return maximum === undefined ? ` of at least ${minimum}` : ` from ${minimum} to ${maximum}`
}

function expectedString({ enum: words, format, pattern, minLength, maxLength }: Structural): string {
  if (words) return `one of ${words.map((word) => `"${word}"`).join(', ')}`
  if (format === 'date-time') return 'a time such as 2026-01-31T12:00:00Z'
  if (pattern !== undefined) return `a string that matches ${pattern}`
  if (minLength) return 'a string that is not empty'
  return maxLength === undefined ? 'a string' : `a string of at most ${maxLength} characters`
}

/** What to do about it: the shortest way from what is written to what is expected. */
export function advice(value: unknown, schema: Structural): string {
  if (value === undefined) return 'add it'
  if (value === null) return 'fill it in or remove it'
  switch (schema.type) {
    case 'boolean':
      return boolAdvice(value)
    case 'integer':
      return integerAdvice(value)
    case 'string':
      return stringAdvice(value, schema)
    case 'array':
      if (Array.isArray(value)) return 'add an entry'
      return 'put each entry on a line of its own that starts with "- "'
    case 'object':
      if (Array.isArray(value)) return 'remove the "- " in front of its fields'
      return 'write its fields below it, each on an indented line of its own'
  }
}

function integerAdvice(value: unknown): string {
  if (typeof value === 'number')
    return Number.isInteger(value) ? 'choose a number in this range' : 'leave the fraction out'
  return typeof value === 'string' && /^\d{1,20}$/.test(value) ? 'remove the quotes' : 'write a number in digits'
}

function boolAdvice(value: unknown): string {
  const word = typeof value === 'string' ? value.toLowerCase() : ''
  if (['true', 'yes', 'on'].includes(word)) return 'write true, without quotes'
  if (['false', 'no', 'off'].includes(word)) return 'write false, without quotes'
  return 'write true or false, without quotes'
}

function stringAdvice(value: unknown, { enum: words }: Structural): string {
  if (typeof value === 'number' || typeof value === 'boolean') return 'put it in quotes'
  if (typeof value !== 'string') return 'write a single value'
  const meant = words && nearest(value, words)
  return meant ? `did you mean "${meant}"?` : 'choose such a value'
}
