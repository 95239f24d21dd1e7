// SPDX-License-Identifier: Apache-2.0
/** Reads deploy/crds, the schema from which types and validation data are generated. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { parse } from 'yaml'
import type { Structural } from '../src/manifests/structural.ts'

export type CrdVersion = Readonly<{ kind: string; version: string; storage: boolean; schema: Structural }>

type Manifest = Readonly<{
  spec: Readonly<{
    names: Readonly<{ kind: string }>
    versions: readonly Readonly<{
      name: string
      storage: boolean
      schema: Readonly<{ openAPIV3Schema: Structural }>
    }>[]
  }>
}>

/** Every kind and version of `<root>/deploy/crds`, in the order of file names and of versions in a file. */
export function readCrds(root: string): CrdVersion[] {
  const folder = join(root, 'deploy/crds')
  const files = readdirSync(folder).filter((file) => file.endsWith('.metallb.io.yaml'))
  return files.toSorted().flatMap((file) => {
    const { spec }: Manifest = parse(readFileSync(join(folder, file), 'utf8'))
    return spec.versions.map(({ name, storage, schema }) => {
      requireKnownWords(schema.openAPIV3Schema, `${file}, ${name}`)
      return { kind: spec.names.kind, version: name, storage, schema: schema.openAPIV3Schema }
    })
  })
}

/** What `Structural` holds. A word that is not here would be in the CRD and silently not be checked offline. */
const WORDS = new Set(
  'type description properties additionalProperties required items default nullable enum format minimum maximum minItems minLength maxLength pattern'.split(
    ' ',
  ),
)

function requireKnownWords(schema: Structural, where: string): void {
  for (const word of Object.keys(schema)) {
    if (WORDS.has(word) || word.startsWith('x-kubernetes-')) continue
    throw new Error(`${where}: offline validation does not know "${word}": teach src/manifests/mismatches.ts first`)
  }
  if (typeof schema.default === 'object') throw new Error(`${where}: only scalar defaults are filled in offline`)
  for (const [name, field] of Object.entries(schema.properties ?? {})) requireKnownWords(field, `${where}, ${name}`)
  for (const part of [schema.items, schema.additionalProperties]) if (part) requireKnownWords(part, where)
}

/** Without what validates nothing here: descriptions and the extensions that only the API server reads. */
export function bare(schema: unknown): unknown {
  return JSON.parse(JSON.stringify(schema, dropWords))
}

function dropWords(key: string, value: unknown): unknown {
  const word = key === 'description' && typeof value === 'string'
  return word || key.startsWith('x-kubernetes-') ? undefined : value
}

const STRING: Structural = { type: 'string' }
const LABEL_SELECTOR: Structural = {
  type: 'object',
  properties: {
    matchExpressions: {
      type: 'array',
      items: {
        type: 'object',
        properties: { key: STRING, operator: STRING, values: { type: 'array', items: STRING } },
        required: ['key', 'operator'],
      },
    },
    matchLabels: { type: 'object', additionalProperties: STRING },
  },
}

/** Whether this is the standard LabelSelector, which gets one name instead of a copy at every place. */
export function isLabelSelector(schema: unknown): boolean {
  return typeof schema === 'object' && isDeepStrictEqual(bare(schema), LABEL_SELECTOR)
}
