// SPDX-License-Identifier: Apache-2.0
/** For every field of every kind and version: what is wrong about it is reported at that field and nowhere else. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '../lib/object.ts'
import { CRD_SCHEMAS } from './crd-schemas.generated.ts'
import { validateStructure } from './schema.ts'
import { fieldText } from './schema-problems.ts'
import { isFields, type Path, type Structural } from './structural.ts'

const TEXT: Readonly<Record<string, string>> = { 'date-time': '2026-01-31T12:00:00Z' }

/** A value with every field of the schema in it, two entries in every list. */
function full(schema: Structural): unknown {
  switch (schema.type) {
    case 'object': {
      const fields = Object.entries(schema.properties ?? {}).map(([name, field]) => [name, full(field)])
      return schema.additionalProperties ? { 'example.com/zone': 'a' } : Object.fromEntries(fields)
    }
    case 'array':
      return schema.items ? [full(schema.items), full(schema.items)] : []
    case 'string':
      return schema.enum?.[0] ?? TEXT[schema.format ?? ''] ?? 'text'
    case 'integer':
      return schema.maximum ?? 7
    case 'boolean':
      return true
  }
}

type Field = Readonly<{ path: Path; schema: Structural; required: boolean }>

/** Every field below `schema`, of lists the second entry. */
function* fieldsOf(schema: Structural, path: Path): Generator<Field> {
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    if (path.length === 0 && ['apiVersion', 'kind', 'metadata'].includes(name)) continue
    yield { path: [...path, name], schema: field, required: schema.required?.includes(name) ?? false }
    yield* fieldsOf(field, [...path, name])
  }
  if (schema.additionalProperties) {
    yield { path: [...path, 'example.com/zone'], schema: schema.additionalProperties, required: false }
  }
  if (schema.items) {
    yield { path: [...path, 1], schema: schema.items, required: false }
    yield* fieldsOf(schema.items, [...path, 1])
  }
}

const REMOVED = Symbol('removed')

/** A copy of `root` with another value at `path`. */
function withValue(root: unknown, [step, ...rest]: Path, value: unknown): unknown {
  if (step === undefined) return value
  if (Array.isArray(root)) return root.map((item, index) => (index === step ? withValue(item, rest, value) : item))
  assert.ok(isFields(root))
  const { [step]: old, ...others } = root
  return value === REMOVED && rest.length === 0 ? others : { ...others, [step]: withValue(old, rest, value) }
}

/** Values that the schema must refuse, by what is wrong with them. */
function wrongValues({ schema, path }: Field): [what: string, value: unknown][] {
  const { minimum, maximum, enum: words, minItems } = schema
  const wrong: [string, unknown][] = WRONG_TYPES[schema.type].map((value) => [`it is ${JSON.stringify(value)}`, value])
  if (minimum !== undefined) wrong.push(['it is too small', minimum - 1])
  if (maximum !== undefined) wrong.push(['it is too large', maximum + 1])
  if (schema.format === 'int32') wrong.push(['it exceeds 32 bits', 2 ** 31], ['it is below 32 bits', -(2 ** 31) - 1])
  if (schema.format === 'int64') wrong.push(['it exceeds 64 bits', 2 ** 64])
  if (schema.format === 'date-time') wrong.push(['it is no time', 'yesterday'])
  if (words) wrong.push(['it is another word', 'neither'])
  if (minItems !== undefined) wrong.push(['it is empty', []])
  if (schema.minLength !== undefined) wrong.push(['it is empty', ''])
  if (schema.maxLength !== undefined) wrong.push(['it is too long', 'a'.repeat(schema.maxLength + 1)])
  if (schema.pattern !== undefined) wrong.push(['it has another form', '- -'])
  if (typeof path.at(-1) === 'number') wrong.push(['it is null', null])
  return wrong
}

const WRONG_TYPES: Readonly<Record<Structural['type'], readonly unknown[]>> = {
  object: ['text', 1, true, [], [{}]],
  array: ['text', 1, true, {}],
  string: [1, 1.5, true, [], ['text'], {}],
  integer: ['1', '', true, 1.5, [], {}],
  boolean: ['true', 'yes', 0, 1, [], {}],
}

function objectOf(kind: string, version: string, schema: Structural): KubeObject {
  const { spec, status } = schema.properties ?? {}
  return {
    apiVersion: `metallb.io/${version}`,
    kind,
    metadata: { name: 'subject', namespace: 'metallb-system', labels: { a: 'b' }, annotations: {} },
    ...(spec ? { spec: full(spec) } : {}),
    ...(status ? { status: full(status) } : {}),
  }
}

function assertProblemAt(object: unknown, path: Path): void {
  assert.ok(isKubeObject(object))
  const checked = validateStructure(object)
  const fields = checked.problems.map(({ severity, code, field }) => ({ severity, code, field }))
  assert.deepEqual(fields, [{ severity: 'error', code: 'schema', field: fieldText(path) }])
  assert.equal(checked.ok, false)
  const message = checked.problems[0]?.message ?? ''
  assert.match(message, /^this is .+, expected .+; .+/)
}

function isKubeObject(value: unknown): value is KubeObject {
  return isFields(value) && typeof value['kind'] === 'string'
}

for (const [kind, versions] of Object.entries(CRD_SCHEMAS)) {
  for (const [version, schema] of Object.entries(versions)) {
    const object = objectOf(kind, version, schema)

    test(`${kind} ${version}: an object with every field is valid and comes back unchanged`, () => {
      assert.deepEqual(validateStructure(object), { ok: true, object, problems: [] })
    })

    for (const field of fieldsOf(schema, [])) {
      test(`${kind} ${version}: ${fieldText(field.path)} is refused when wrong`, () => {
        for (const [, value] of wrongValues(field)) assertProblemAt(withValue(object, field.path, value), field.path)
        const absent = withValue(object, field.path, REMOVED)
        if (field.required) assertProblemAt(absent, field.path)
        else if (typeof field.path.at(-1) === 'string') {
          assert.ok(isKubeObject(absent))
          assert.equal(validateStructure(absent).ok, true)
        }
      })
    }
  }
}
