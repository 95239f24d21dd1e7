// SPDX-License-Identifier: Apache-2.0
/** Against ajv, an independent reading of the same schemas: same fields, same order, whatever the schema and the value. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Ajv, type ErrorObject } from 'ajv'
import * as fc from 'fast-check'
import { CRD_SCHEMAS } from './crd-schemas.generated.ts'
import { mismatches } from './mismatches.ts'
import { OBJECT_META } from './object-meta.ts'
import { fieldText } from './schema-problems.ts'
import type { Structural } from './structural.ts'

const oracle = new Ajv({
  allErrors: true,
  addUsedSchema: false,
  // A range without a type or a required field without a schema is our CRDs' business, not the validator's.
  strict: false,
  strictNumbers: true,
  ownProperties: true,
  formats: {
    int32: { type: 'number', validate: (value: number) => Math.abs(value + 0.5) < 2 ** 31 },
    int64: { type: 'number', validate: (value: number) => value >= -(2 ** 63) && value <= 2 ** 63 },
    'date-time': isDateTime,
  },
})

function isDateTime(text: string): boolean {
  const parts = /^(\d{4})-(\d\d)-(\d\d)t(\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:z|[+-]\d\d:\d\d)$/i.exec(text) ?? []
  const [year = 0, month = 0, day = 0, hour = 24, minute = 60, second = 60] = parts.slice(1).map(Number)
  const lastDay = new Date(Date.UTC(year, month, 0)).getUTCDate()
  return month >= 1 && month <= 12 && day >= 1 && day <= lastDay && hour < 24 && minute < 60 && second < 60
}

/** As the API server does: an integer is one of 64 bits, whatever its schema says. */
function withWidth(schema: Structural): Structural {
  const text = JSON.stringify(schema, (_, part: unknown) => {
    const isBare = typeof part === 'object' && part !== null && 'type' in part && part.type === 'integer'
    return isBare && !('format' in part) ? { ...part, format: 'int64' } : part
  })
  return JSON.parse(text)
}

/** JSON pointers of what is wrong, each once. */
function pointersOf(errors: readonly ErrorObject[]): string[] {
  const pointers = errors.map(({ instancePath, keyword, params }) => {
    return keyword === 'required' ? `${instancePath}/${token(params['missingProperty'])}` : instancePath
  })
  return [...new Set(pointers)]
}

const token = (part: unknown) => String(part).replaceAll('~', '~0').replaceAll('/', '~1')

function assertAgreement(schema: Structural, values: readonly unknown[]): void {
  const validate = oracle.compile(withWidth(schema))
  for (const value of values) {
    const ours = [...mismatches(value, schema)].map(({ path }) => path.map((part) => `/${token(part)}`).join(''))
    validate(value)
    assert.deepEqual(ours, pointersOf(validate.errors ?? []), JSON.stringify({ schema, value }))
  }
}

const FIELDS = ['name', 'b/~', 'constructor']
const KEYS = fc.constantFrom(...FIELDS, 'toString', '__proto__')
const WORDS = [
  '',
  'a',
  'ab',
  'abc',
  '👍👍',
  '2026-01-31T12:00:00Z',
  '2026-01-31t12:00:00.5z',
  '2026-01-31T12:00:00+01:00',
  '2026-02-30T12:00:00Z',
  '2026-13-01T12:00:00Z',
  '2026-01-31T24:00:00Z',
  'today',
]
const EDGES = [0, 1, 2, 3, -1, 1.5, Number.NaN, Infinity, ...[31, 32, 63, 64].flatMap((bits) => around(2 ** bits))]

function around(power: number): number[] {
  return [power - 1, power, power + 1, 1 - power, -power, -power - 1, power * 1.5]
}

/** Values of every type, near what schemas ask for and far from it. */
const anything: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom<unknown>(...WORDS, ...EDGES, null, true, false),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(KEYS, tie('value'), { maxKeys: 4 }),
  ),
})).value

const small = fc.integer({ min: 0, max: 3 })

/** Schemas with every word that `Structural` has and the library reads; Kubernetes allows fields or entries, not both. */
const schemas = fc.letrec<{ schema: Structural }>((tie) => ({
  schema: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    typed('boolean', {}),
    typed('integer', { minimum: small, maximum: small, format: fc.constantFrom('int32', 'int64') }),
    typed('string', {
      enum: fc.uniqueArray(fc.constantFrom(...WORDS), { minLength: 1, maxLength: 3 }),
      format: fc.constant('date-time'),
    }),
    typed('string', { minLength: small, maxLength: small, pattern: fc.constantFrom('^a', '^.{2}$', 'b+') }),
    typed('array', { items: tie('schema'), minItems: small }),
    typed('object', { additionalProperties: tie('schema') }),
    typed('object', {
      properties: fc.dictionary(fc.constantFrom(...FIELDS), tie('schema')),
      required: fc.uniqueArray(fc.constantFrom(...FIELDS)),
    }).map(({ required = [], properties = {}, ...rest }) => ({
      ...rest,
      properties,
      required: required.filter((name) => Object.hasOwn(properties, name)),
    })),
  ),
})).schema

function typed(type: Structural['type'], words: Words): fc.Arbitrary<Structural> {
  return fc.record<Structural>(
    { type: fc.constant(type), nullable: fc.boolean(), ...words },
    { requiredKeys: ['type'] },
  )
}

type Words = { [Word in keyof Structural]?: fc.Arbitrary<NonNullable<Structural[Word]>> }

/** Values that have the schema's shape, with something else at some places. */
function nearly(schema: Structural): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 8, arbitrary: shaped(schema) }, fc.constant(null), anything)
}

function shaped({ type, properties, additionalProperties, items, ...schema }: Structural): fc.Arbitrary<unknown> {
  const { minimum = 0, maximum = minimum + 9, enum: words } = schema
  switch (type) {
    case 'object':
      return fc.tuple(entries(additionalProperties), fieldsOf(properties)).map(([extra, own]) => ({ ...extra, ...own }))
    case 'array':
      return fc.array(items ? nearly(items) : anything, { maxLength: 4 })
    case 'string':
      return fc.constantFrom(...(words ?? []), ...WORDS)
    case 'integer':
      return fc.constantFrom(minimum - 1, minimum, maximum, maximum + 1, ...EDGES)
    case 'boolean':
      return fc.boolean()
  }
}

function entries(schema: Structural | undefined): fc.Arbitrary<object> {
  return fc.dictionary(KEYS, schema ? nearly(schema) : anything, { maxKeys: 3 })
}

function fieldsOf(properties: Structural['properties'] = {}): fc.Arbitrary<object> {
  const fields = Object.entries(properties).map(([name, field]) => [name, nearly(field)])
  return fc.record(Object.fromEntries(fields), { requiredKeys: [] })
}

const CHECKED: [name: string, schema: Structural][] = [
  ['metadata', OBJECT_META],
  ...Object.entries(CRD_SCHEMAS).flatMap(([kind, versions]) => {
    return Object.entries(versions).map(([version, schema]): [string, Structural] => [`${kind} ${version}`, schema])
  }),
]
for (const [name, schema] of CHECKED) {
  test(`${name}: whatever is near it, the same fields are wrong as ajv finds`, () => {
    fc.assert(
      fc.property(fc.array(nearly(schema), { minLength: 20 }), (values) => assertAgreement(schema, values)),
      {
        numRuns: 20,
      },
    )
  })
}

test('of any schema and any value, the same fields are wrong as ajv finds', () => {
  const pairs = schemas.chain((schema) => fc.tuple(fc.constant(schema), fc.array(nearly(schema), { minLength: 5 })))
  fc.assert(
    fc.property(pairs, ([schema, values]) => assertAgreement(schema, values)),
    { numRuns: 500 },
  )
})

test('a mismatch brings its path, its value and its schema', () => {
  const entry: Structural = { type: 'integer', maximum: 3 }
  const schema: Structural = {
    type: 'object',
    required: ['sizes', 'name'],
    properties: { name: { type: 'string' }, sizes: { type: 'array', minItems: 3, items: entry } },
  }
  const found = [...mismatches({ sizes: [4, 1] }, schema)]
  assert.deepEqual(
    found.map(({ path, value, schema: { type } }) => [fieldText(path), value, type]),
    [
      ['name', undefined, 'string'],
      ['sizes', [4, 1], 'array'],
      ['sizes[0]', 4, 'integer'],
    ],
  )
})
